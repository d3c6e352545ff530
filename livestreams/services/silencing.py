"""Mute and ban people in one room, let them speak and come in again. Each word about a person is a row."""

from datetime import datetime, timedelta

from django.db import transaction

from common.errors import Invalid, MoveRefused, NotFound
from livestreams.errors import OfTheCrew
from livestreams.models import ChatMessage, LiveSession, ModerationAction
from livestreams.selectors.silences import standing_of
from livestreams.services.locking import lock
from livestreams.statuses import ModerationKind

SILENCING = (ModerationKind.MUTE, ModerationKind.BAN)


@transaction.atomic
def silence(
    *,
    actor,
    session_id: int,
    kind: str,
    now: datetime,
    message_id: int | None = None,
    person_id: int | None = None,
    minutes: int | None = None,
    reason: str = "",
) -> ModerationAction:
    """Mute (for minutes, or the whole show), unmute, ban or unban a person of this room.

    The person wrote the line `message_id`, or somebody said something about them before (`person_id`).
    Hosts, members and moderators cannot be silenced: OfTheCrew. NotFound, MoveRefused, Invalid.
    """
    if not LiveSession.objects.for_crew(actor).filter(pk=session_id).exists():
        raise NotFound()
    message = None
    if message_id is not None:
        message = ChatMessage.objects.filter(pk=message_id, session=session_id).first()
        if message is None:
            raise NotFound()
        person_id = message.author_id
        if person_id is None:
            raise MoveRefused()
    elif not ModerationAction.objects.filter(session=session_id, person=person_id).exists():
        raise NotFound()
    return set_standing(
        actor=actor, session_id=session_id, person_id=person_id, kind=kind, minutes=minutes,
        message=message, reason=reason, now=now,
    )  # fmt: skip


def set_standing(
    *,
    actor,
    session_id: int,
    person_id: int,
    kind: str,
    now: datetime,
    minutes: int | None = None,
    message: ChatMessage | None = None,
    reason: str = "",
) -> ModerationAction:
    """Write the word about a person, after who may do so was checked. Said already: the row that holds."""
    if minutes is not None and kind != ModerationKind.MUTE:
        raise Invalid(fields={"minutes": Invalid.message})
    lock_standing(session_id, person_id)
    standing = standing_of(session_id=session_id, person_id=person_id, now=now)
    if kind in SILENCING and _is_crew(session_id, person_id):
        raise OfTheCrew()
    if kind == ModerationKind.BAN and standing.ban:
        return standing.ban
    holds = {ModerationKind.UNMUTE: standing.mute, ModerationKind.UNBAN: standing.ban}
    if kind in holds and holds[kind] is None:
        raise MoveRefused()
    return ModerationAction.objects.create(
        session_id=session_id, kind=kind, moderator=actor, person_id=person_id, message=message,
        reason=reason.strip()[:200], until=now + timedelta(minutes=minutes) if minutes else None,
        created_at=now,
    )  # fmt: skip


@transaction.atomic
def lift_silences(*, actor, session_id: int, person_id: int, now: datetime, reason: str = "") -> None:
    """End the person's mute and ban in this room; NotFound when there is neither."""
    if not LiveSession.objects.for_crew(actor).filter(pk=session_id).exists():
        raise NotFound()
    if not lift_all(actor=actor, session_id=session_id, person_id=person_id, now=now, reason=reason):
        raise NotFound()


def lift_all(*, actor, session_id: int, person_id: int, now: datetime, reason: str = "") -> int:
    """End what holds for a person, after who may do so was checked; return how many words that took."""
    lock_standing(session_id, person_id)
    standing = standing_of(session_id=session_id, person_id=person_id, now=now)
    ends = {ModerationKind.UNMUTE: standing.mute, ModerationKind.UNBAN: standing.ban}
    kinds = [kind for kind, holds in ends.items() if holds]
    for kind in kinds:
        ModerationAction.objects.create(
            session_id=session_id, kind=kind, moderator=actor, person_id=person_id,
            reason=reason.strip()[:200], created_at=now,
        )  # fmt: skip
    return len(kinds)


def lock_standing(session_id: int, person_id: int) -> None:
    """Let one moderator at a time speak about a person, and nobody while the person becomes one."""
    lock(f"standing:{session_id}:{person_id}")


def _is_crew(session_id: int, person_id: int) -> bool:
    return LiveSession.objects.for_crew(person_id).filter(pk=session_id).exists()
