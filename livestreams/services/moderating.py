"""Keep the room friendly: hide and show lines. Everything stays as evidence."""

from datetime import datetime

from django.db import transaction

from common.errors import NotFound
from livestreams.models import ChatMessage, LiveSession, ModerationAction
from livestreams.selectors import message_data
from livestreams.services.telling_room import tell
from livestreams.statuses import MessageStatus, ModerationKind


@transaction.atomic
def hide_message(*, actor, message_id: int, now: datetime, reason: str = "") -> ChatMessage:
    """Hide a line from everybody; the row stays. Again: no effect. NotFound unless of the show's crew."""
    return hide_line(line=_crew_message(actor, message_id), actor=actor, now=now, reason=reason)


@transaction.atomic
def show_message(*, actor, message_id: int, now: datetime, reason: str = "") -> ChatMessage:
    """Show a held or hidden line to everybody. Again: no effect. NotFound unless of the show's crew."""
    return show_line(line=_crew_message(actor, message_id), actor=actor, now=now, reason=reason)


def hide_line(*, line: ChatMessage, actor, now: datetime, reason: str) -> ChatMessage:
    """Hide a line whose row the caller has locked."""
    if line.status == MessageStatus.HIDDEN:
        return line
    _move(line, MessageStatus.HIDDEN, ModerationKind.HIDE, actor, now, reason)
    tell(line.session_id, "chat", {"id": line.pk, "is_hidden": True})
    return line


def show_line(*, line: ChatMessage, actor, now: datetime, reason: str) -> ChatMessage:
    """Show a line whose row the caller has locked."""
    if line.status == MessageStatus.VISIBLE:
        return line
    _move(line, MessageStatus.VISIBLE, ModerationKind.SHOW, actor, now, reason)
    tell(line.session_id, "chat", message_data(line, host_user_id=line.session.host.user_id))
    return line


def _move(line: ChatMessage, status: str, kind: str, actor, now: datetime, reason: str) -> None:
    line.status = status
    line.save(update_fields=["status"])
    ModerationAction.objects.create(
        session_id=line.session_id, kind=kind, moderator=actor, person_id=line.author_id, message=line,
        reason=reason.strip()[:200], created_at=now,
    )  # fmt: skip


def _crew_message(actor, message_id: int) -> ChatMessage:
    message = locked_line(message_id)
    if message is None or not LiveSession.objects.for_crew(actor).filter(pk=message.session_id).exists():
        raise NotFound()
    return message


def locked_line(message_id: int) -> ChatMessage | None:
    """Return the line, its row locked, or None."""
    return (
        ChatMessage.objects.select_for_update(of=("self",))
        .select_related("session__host")
        .filter(pk=message_id)
        .first()
    )
