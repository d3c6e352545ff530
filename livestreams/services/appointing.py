"""Whom the host trusts with the chat and the pins of one show."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.selectors import clean_identifier, find_user
from accounts.services.contacts import contact_of
from common import limits
from common.errors import Invalid, MoveRefused, NotFound
from livestreams import selectors
from livestreams.models import ChatMessage, LiveSession, ModerationAction, SessionModerator
from livestreams.services.scheduling import locked_session
from livestreams.services.silencing import lift_all, lock_standing
from livestreams.statuses import ModerationKind, SessionStatus
from notifications.models import Notification
from notifications.services.telling import in_language_of, tell

INVITATIONS = 10
INVITATION_SECONDS = 3600
OVER = (SessionStatus.ENDED, SessionStatus.CANCELLED)


@transaction.atomic
def appoint_author(*, actor, session_id: int, message_id: int, now: datetime) -> SessionModerator:
    """Make whoever wrote a line a moderator of this show. Again: no effect. NotFound, MoveRefused."""
    session = _open_session(actor, session_id)
    line = ChatMessage.objects.filter(pk=message_id, session=session).select_related("author").first()
    if line is None:
        raise NotFound()
    if line.author is None or _presents(line.author, session):
        raise MoveRefused()
    return _appoint(session, line.author, actor, now)


@transaction.atomic
def invite(*, actor, session_id: int, identifier: str, now: datetime) -> None:
    """Ask the person with this phone or e-mail address to help; they become a moderator when they say yes.

    Nothing in the answer tells whether there is such a person. NotFound, MoveRefused, Invalid, TooMany.
    """
    session = _open_session(actor, session_id)
    if not identifier.strip():
        raise Invalid(fields={"identifier": _("Type a phone number or an e-mail address.")})
    limits.spend(
        name="moderator-invitation", key=str(actor.pk), limit=INVITATIONS, seconds=INVITATION_SECONDS, now=now
    )
    person = find_user(clean_identifier(identifier))
    if person is None or not person.is_active or _presents(person, session):
        return
    contact = contact_of(person)
    key = _invitation_key(session, person)
    Notification.objects.filter(dedupe_key=key, created_at__lte=_last_dismissal(session, person)).update(
        dedupe_key=f"{key}:{int(now.timestamp())}"
    )
    with in_language_of(contact):
        tell(
            contact_id=contact.pk,
            kind="moderator_invitation",
            title=_("Help in a live show?"),
            body=_("%(host)s asks you to look after the chat of “%(title)s”.")
            % {"host": session.host.name, "title": session.title},
            url=f"/desk/live/{session.pk}/moderate/",
            dedupe_key=key,
            now=now,
        )


def is_invited(*, person: User, session: LiveSession) -> bool:
    """Say whether the person was asked to help in this show, and not sent away since."""
    return Notification.objects.filter(
        dedupe_key=_invitation_key(session, person), created_at__gt=_last_dismissal(session, person)
    ).exists()


@transaction.atomic
def accept_invitation(*, person: User, session_id: int, now: datetime) -> SessionModerator:
    """Become a moderator of the show to which one was asked. Again: no effect. NotFound, MoveRefused."""
    session = LiveSession.objects.select_for_update(of=("self",), no_key=True).filter(pk=session_id).first()
    if session is None or not is_invited(person=person, session=session):
        raise NotFound()
    if session.status in OVER:
        raise MoveRefused()
    return _appoint(session, person, session.host.user, now)


@transaction.atomic
def carry_over(*, actor, session_id: int, now: datetime) -> list[SessionModerator]:
    """Take the moderators of the host's last show into this one; return who was added."""
    session = _open_session(actor, session_id)
    return [
        _appoint(session, earlier.user, actor, now)
        for earlier in selectors.earlier_moderators(session)
        if earlier.user.is_active and not _presents(earlier.user, session)
    ]


@transaction.atomic
def dismiss(*, actor, session_id: int, person_id: int, now: datetime) -> None:
    """Take the chat out of a moderator's hands, at once. NotFound."""
    session = locked_session(actor=actor, session_id=session_id)
    remove_moderator(session=session, person_id=person_id, actor=actor, now=now)


def remove_moderator(*, session: LiveSession, person_id: int, actor, now: datetime, reason: str = "") -> None:
    """End what a moderator may do, after who may decide it was checked. NotFound."""
    gone, _rows = SessionModerator.objects.filter(session=session, user=person_id).delete()
    if not gone:
        raise NotFound()
    _record(session, ModerationKind.DISMISS, person_id, actor, now, reason)


def _open_session(actor, session_id: int) -> LiveSession:
    session = locked_session(actor=actor, session_id=session_id)
    if session.status in OVER:
        raise MoveRefused()
    return session


def _appoint(session: LiveSession, person: User, actor, now: datetime) -> SessionModerator:
    # A moderator cannot be silenced: what was said about the person before ends here.
    lock_standing(session.pk, person.pk)
    moderator, is_new = SessionModerator.objects.get_or_create(
        session=session, user=person, defaults={"appointed_by": actor, "created_at": now}
    )
    if is_new:
        lift_all(actor=actor, session_id=session.pk, person_id=person.pk, now=now)
        _record(session, ModerationKind.APPOINT, person.pk, actor, now, "")
    return moderator


def _record(session: LiveSession, kind: str, person_id: int, actor, now: datetime, reason: str) -> None:
    ModerationAction.objects.create(
        session=session, kind=kind, moderator=actor, person_id=person_id, reason=reason[:200], created_at=now
    )


def _presents(person: User, session: LiveSession) -> bool:
    return LiveSession.objects.for_presenter(person).filter(pk=session.pk).exists()


def _invitation_key(session: LiveSession, person: User) -> str:
    return f"moderate:{session.pk}:{person.pk}"


def _last_dismissal(session: LiveSession, person: User) -> datetime:
    """Return when the person was last sent away; for never, when the show was made."""
    last = (
        ModerationAction.objects.filter(session=session, person=person, kind=ModerationKind.DISMISS)
        .order_by("-pk")
        .values_list("created_at", flat=True)
        .first()
    )
    return last or session.created_at
