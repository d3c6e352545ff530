"""What other apps want the room to know: stock moved, something was sold."""

from datetime import datetime, timedelta

from django.db import transaction

from common import outbox
from common.clock import utc_now
from livestreams.models import ChatMessage, LiveSession
from livestreams.services.chatting import say_for_market, tell_line
from livestreams.services.locking import lock
from livestreams.services.telling_goods import tell_late_stock, tell_pin, tell_stock
from livestreams.statuses import ON_AIR, MessageKind, MessageStatus

# Sales of one thing within so many seconds are one line of the chat.
ONE_LINE_SECONDS = 2
# How far back such a line is looked for.
NEWEST = 200
LONGEST_TITLE = 60


def announce_stock(*, variant_id: int, now: datetime) -> None:
    """Tell every open room that has the variant in its rundown how many are left, after commit."""
    transaction.on_commit(lambda: tell_stock(variant_id), robust=True)


def announce_goods(*, variant_id: int, now: datetime) -> None:
    """Tell rooms how many are left, and those that show the variant now its card: price, name, stock."""
    announce_stock(variant_id=variant_id, now=now)
    shown = LiveSession.objects.filter(
        status__in=ON_AIR, pins__closed_at=None, pins__rundown_item__variant=variant_id
    )
    for session in shown.distinct():
        tell_pin(session)


def announce_late_stock() -> int:
    """Tell the rooms once more what changed within the last second; return how many variants."""
    return tell_late_stock()


@transaction.atomic
def announce_sale(
    *, session_id: int, buyer_masked: str, title: str, quantity: int, now: datetime | None = None
) -> None:
    """Show a line about a sale while the room is on air; the buyer's name comes masked.

    Sales of one thing within two seconds share a line that counts them. The room hears of it with the first
    sale and once more when the two seconds are over, however many there were.
    """
    now = now or utc_now()
    session = LiveSession.objects.filter(pk=session_id, status__in=ON_AIR).first()
    if session is None:
        return
    title = title[:LONGEST_TITLE]
    lock(f"sales:{session_id}")
    line = _line_of_last_sale(session, title, now)
    if line is None:
        params = {"buyer": buyer_masked, "title": title, "quantity": quantity, "people": 1}
        say_for_market(session_id=session_id, kind=MessageKind.SALE, params=params, now=now)
        return
    is_second = line.params["people"] == 1
    line.params["people"] += 1
    line.params["quantity"] += quantity
    line.save(update_fields=["params"])
    if is_second:
        outbox.enqueue(
            "livestreams.tell_sales", queue="fast", delay_seconds=ONE_LINE_SECONDS, message_id=line.pk
        )


def _line_of_last_sale(session: LiveSession, title: str, now: datetime) -> ChatMessage | None:
    newest = ChatMessage.objects.filter(session=session).order_by("-pk")[:NEWEST].values("pk")
    return ChatMessage.objects.filter(
        pk__in=newest, kind=MessageKind.SALE, status=MessageStatus.VISIBLE, params__title=title,
        created_at__gt=now - timedelta(seconds=ONE_LINE_SECONDS), created_at__lte=now,
    ).first()  # fmt: skip


def tell_sales(*, message_id: int) -> None:
    """Show the final count of sales that share a line; repeating does nothing new."""
    line = ChatMessage.objects.select_related("session__host").filter(pk=message_id).first()
    if line is not None and line.status == MessageStatus.VISIBLE and line.session.status in ON_AIR:
        tell_line(line, host_user_id=line.session.host.user_id)
