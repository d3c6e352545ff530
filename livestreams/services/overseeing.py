"""What an operator may do in any room, with a reason that is kept."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from common.audit import actor_of, record
from common.errors import Invalid, MoveRefused, NotAllowed, NotFound
from livestreams.models import ChatMessage, LiveSession, ModerationAction, SessionModerator
from livestreams.services.appointing import remove_moderator
from livestreams.services.moderating import hide_line, locked_line, show_line
from livestreams.services.presenting import close_session
from livestreams.services.silencing import set_standing
from livestreams.statuses import MessageStatus, ModerationKind


@transaction.atomic
def hide_by_operator(*, actor: User, message_id: int, reason: str, now: datetime) -> ChatMessage:
    """Hide a line from everybody; the row stays as evidence. NotAllowed, NotFound, Invalid."""
    return _move_line(actor, message_id, MessageStatus.HIDDEN, reason, now)


@transaction.atomic
def show_by_operator(*, actor: User, message_id: int, reason: str, now: datetime) -> ChatMessage:
    """Show a held or hidden line to everybody. NotAllowed, NotFound, Invalid."""
    return _move_line(actor, message_id, MessageStatus.VISIBLE, reason, now)


def _move_line(actor: User, message_id: int, status: str, reason: str, now: datetime) -> ChatMessage:
    reason = _checked_reason(actor, reason)
    message = locked_line(message_id)
    if message is None:
        raise NotFound()
    before = message.status
    if before == status:
        return message
    is_hidden = status == MessageStatus.HIDDEN
    move = hide_line if is_hidden else show_line
    move(line=message, actor=actor, now=now, reason=reason)
    record(
        actor=actor_of(actor),
        action="livestreams.hide_message" if is_hidden else "livestreams.show_message",
        target=f"chatmessage:{message.pk}",
        before={"status": before},
        after={"status": message.status},
        reason=reason,
        now=now,
    )
    return message


@transaction.atomic
def ban_by_operator(*, actor: User, message_id: int, reason: str, now: datetime) -> ModerationAction:
    """Ask the author of a line to leave the room; a moderator is dismissed first.

    NotAllowed, NotFound, Invalid; OfTheCrew for host and members: their show can be ended.
    """
    reason = _checked_reason(actor, reason)
    message = locked_line(message_id)
    if message is None:
        raise NotFound()
    if message.author_id is None:
        raise MoveRefused()
    if SessionModerator.objects.filter(session=message.session_id, user=message.author_id).exists():
        remove_moderator(
            session=message.session, person_id=message.author_id, actor=actor, now=now, reason=reason
        )
    action = set_standing(
        actor=actor, session_id=message.session_id, person_id=message.author_id, kind=ModerationKind.BAN,
        message=message, reason=reason, now=now,
    )  # fmt: skip
    return _audit_standing(action, actor, reason, now)


@transaction.atomic
def lift_by_operator(*, actor: User, action_id: int, reason: str, now: datetime) -> ModerationAction:
    """End the mute or the ban that this entry of the log began. NotAllowed, NotFound, MoveRefused."""
    reason = _checked_reason(actor, reason)
    began = ModerationAction.objects.filter(pk=action_id).first()
    if began is None:
        raise NotFound()
    ends = {ModerationKind.MUTE: ModerationKind.UNMUTE, ModerationKind.BAN: ModerationKind.UNBAN}
    if began.kind not in ends or began.person_id is None:
        raise MoveRefused()
    action = set_standing(
        actor=actor, session_id=began.session_id, person_id=began.person_id, kind=ends[began.kind],
        reason=reason, now=now,
    )  # fmt: skip
    return _audit_standing(action, actor, reason, now)


def _audit_standing(action: ModerationAction, actor: User, reason: str, now: datetime) -> ModerationAction:
    record(
        actor=actor_of(actor),
        action=f"livestreams.{action.kind}",
        target=f"livesession:{action.session_id}",
        after={"person": action.person_id, "action": action.pk},
        reason=reason,
        now=now,
    )
    return action


@transaction.atomic
def end_by_operator(*, actor: User, session_id: int, reason: str, now: datetime) -> LiveSession:
    """End a show that must not go on; the replay stays. NotAllowed, NotFound, Invalid, MoveRefused."""
    reason = _checked_reason(actor, reason)
    session = LiveSession.objects.select_for_update(no_key=True).filter(pk=session_id).first()
    if session is None:
        raise NotFound()
    return close_session(session=session, now=now, reason=reason[:120], actor=actor)


def _checked_reason(actor: User, reason: str) -> str:
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()
    if not reason.strip():
        raise Invalid(fields={"reason": Invalid.message})
    return reason.strip()
