"""The lines of a room."""

from livestreams.models import ChatMessage, LiveSession
from livestreams.statuses import MessageStatus

MESSAGES_PER_PAGE = 50


def recent_messages(
    session: LiveSession, *, before: int | None = None, limit: int = MESSAGES_PER_PAGE
) -> list[dict]:
    """Return visible chat lines, oldest first; `before` is a message id."""
    lines = ChatMessage.objects.filter(session=session, status=MessageStatus.VISIBLE).select_related("author")
    if before is not None:
        lines = lines.filter(pk__lt=before)
    newest = list(lines.order_by("-pk")[:limit])
    host_user_id = session.host.user_id
    return [message_data(line, host_user_id=host_user_id) for line in reversed(newest)]


def message_data(message: ChatMessage, *, host_user_id: int) -> dict:
    """Return a chat line as the room shows it; `author` is a name, null for a system line."""
    return {
        "id": message.pk,
        "author": str(message.author) if message.author_id else None,
        "is_host": message.author_id is not None and message.author_id == host_user_id,
        "text": message.text,
        "created_at": message.created_at.isoformat().replace("+00:00", "Z"),
    }
