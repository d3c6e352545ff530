"""Keep the room friendly: hide lines, mute and ban people. Everything stays as evidence."""

from datetime import datetime, timedelta

from django.db import transaction

from common.errors import MoveRefused, NotFound
from livestreams.models import ChatMessage, LiveSession, ModerationAction
from livestreams.services.telling_room import tell
from livestreams.statuses import MessageStatus, ModerationKind


@transaction.atomic
def hide_message(*, actor, message_id: int, now: datetime, reason: str = "") -> ChatMessage:
    """Hide a line from everybody; the row stays. Again: no effect."""
    message = _presented_message(actor, message_id)
    if message.status == MessageStatus.HIDDEN:
        return message
    message.status = MessageStatus.HIDDEN
    message.save(update_fields=["status"])
    ModerationAction.objects.create(
        session=message.session, kind=ModerationKind.HIDE, moderator=actor, person_id=message.author_id,
        message=message, reason=reason[:200], created_at=now,
    )  # fmt: skip
    tell(message.session_id, "chat", {"id": message.pk, "is_hidden": True})
    return message


@transaction.atomic
def silence_author(
    *,
    actor,
    session_id: int,
    message_id: int,
    kind: str,
    now: datetime,
    minutes: int | None = None,
    reason: str = "",
) -> ModerationAction:
    """Mute, unmute or ban the author of a line in this room; hosts and members cannot be silenced."""
    message = _presented_message(actor, message_id)
    if message.session_id != session_id:
        raise NotFound()
    author = message.author
    if author is None or LiveSession.objects.for_presenter(author).filter(pk=session_id).exists():
        raise MoveRefused()
    return ModerationAction.objects.create(
        session_id=session_id, kind=kind, moderator=actor, person=author, message=message,
        reason=reason[:200], until=now + timedelta(minutes=minutes) if minutes else None, created_at=now,
    )  # fmt: skip


def _presented_message(actor, message_id: int) -> ChatMessage:
    presented = LiveSession.objects.for_presenter(actor).values("pk")
    message = (
        ChatMessage.objects.select_for_update(of=("self",))
        .select_related("session")
        .filter(pk=message_id, session__in=presented)
        .first()
    )
    if message is None:
        raise NotFound()
    return message
