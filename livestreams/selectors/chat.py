"""The lines of a room, and who keeps it friendly."""

from django.db.models import Max, Q

from livestreams.models import ChatMessage, LiveSession, QuickReply, SessionModerator
from livestreams.statuses import MessageKind, MessageStatus
from livestreams.wording import line_text

MESSAGES_PER_PAGE = 50
MOST_FOR_CREW = 200


def recent_messages(
    session: LiveSession, *, before: int | None = None, limit: int = MESSAGES_PER_PAGE, viewer=None
) -> list[dict]:
    """Return visible chat lines, oldest first, and the viewer's own that wait for a moderator.

    `before` is a message id.
    """
    seen = Q(status=MessageStatus.VISIBLE)
    if viewer is not None and viewer.is_authenticated:
        seen |= Q(status=MessageStatus.HELD, author=viewer)
    lines = ChatMessage.objects.filter(seen, session=session).select_related("author")
    if before is not None:
        lines = lines.filter(pk__lt=before)
    newest = list(lines.order_by("-pk")[:limit])
    host_user_id = session.host.user_id
    return [message_data(line, host_user_id=host_user_id) for line in reversed(newest)]


def lines_for_crew(session: LiveSession, *, status: str) -> list[dict]:
    """Return held or hidden lines for the crew, the newest first."""
    lines = ChatMessage.objects.filter(session=session, status=status).select_related("author")
    host_user_id = session.host.user_id
    return [message_data(line, host_user_id=host_user_id) for line in lines.order_by("-pk")[:MOST_FOR_CREW]]


def message_data(message: ChatMessage, *, host_user_id: int) -> dict:
    """Return a chat line as the room shows it; `author` is a name, null for a line of the market.

    The text of a line of the market is in the current language; browsers make their own from kind and params.
    """
    is_said = message.kind == MessageKind.SAID
    return {
        "id": message.pk,
        "kind": message.kind,
        "author": str(message.author) if message.author_id else None,
        "is_host": message.author_id is not None and message.author_id == host_user_id,
        "text": message.text if is_said else line_text(message.kind, message.params),
        "params": {} if is_said else message.params,
        "status": message.status,
        "held_reason": message.held_reason if message.status == MessageStatus.HELD else "",
        "created_at": message.created_at.isoformat().replace("+00:00", "Z"),
    }


def list_moderators(session: LiveSession) -> list[SessionModerator]:
    """Return whom the host trusts with the chat of this show."""
    return list(session.moderators.select_related("user").order_by("pk"))


def earlier_moderators(session: LiveSession) -> list[SessionModerator]:
    """Return who helped in the host's last show that had helpers, without those who help here already."""
    earlier = SessionModerator.objects.filter(session__host=session.host_id, session__shop=session.shop_id)
    last = earlier.exclude(session=session).aggregate(last=Max("session"))["last"]
    return list(
        SessionModerator.objects.filter(session=last)
        .exclude(user__in=session.moderators.values("user"))
        .select_related("user")
        .order_by("pk")
    )


def list_quick_replies(session: LiveSession) -> list[QuickReply]:
    """Return what the host of this show says with one tap."""
    return list(QuickReply.objects.filter(host=session.host_id))
