"""The parcel has arrived: the order is completed, and everybody's share becomes payable (decisions.md 14)."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from common import outbox
from common.errors import MoveRefused
from common.moves import check_move
from common.sweeping import sweep_each
from ledger.services.posting import Posting, post
from ledger.statuses import Kind, OwnerKind, Purpose
from orders.errors import AlreadyExtended, CashDue
from orders.models import Order, OrderLine
from orders.selectors.arriving import orders_to_receive
from orders.services.discounting import cost_postings
from orders.services.locking import lock_order
from orders.services.returning_shares import post_returns_of
from orders.services.sharing import freeze_shares
from orders.statuses import ORDER_MOVES, CommissionKind, OrderStatus, ShipmentStatus

ON_THE_WAY = (OrderStatus.SHIPPED, OrderStatus.DELIVERED)


@transaction.atomic
def receive_order(*, buyer: User, number: str, now: datetime) -> Order:
    """Let the buyer confirm that the parcel has come; repeating it changes nothing. MoveRefused, CashDue."""
    order = lock_order(Order.objects.for_buyer(buyer), number)
    if order.is_cash_due:
        raise CashDue()
    if order.status != OrderStatus.COMPLETED:
        complete_order(order, now)
    return order


def auto_receive(*, now: datetime, limit: int = 200) -> int:
    """Complete what arrived, or was sent untracked, long enough ago (decisions.md 23); return how many.

    Each order in its own transaction. What is in dispute or has not arrived waits.
    """
    pks = list(orders_to_receive(now).order_by("shipped_at").values_list("pk", flat=True)[:limit])
    return sweep_each(pks, lambda pk: _receive_due(pk, now), what="order to receive")


@transaction.atomic
def _receive_due(order_id: int, now: datetime) -> bool:
    order = Order.objects.select_for_update().get(pk=order_id)
    if not orders_to_receive(now).filter(pk=order_id).exists():  # something has moved it since
        return False
    complete_order(order, now)
    return True


@transaction.atomic
def extend_receiving(*, buyer: User, number: str, now: datetime) -> Order:
    """Give the buyer more time before the order completes by itself, once.

    MoveRefused when it is not on its way, AlreadyExtended.
    """
    order = lock_order(Order.objects.for_buyer(buyer), number)
    if order.status not in ON_THE_WAY or order.is_cash_due:
        raise MoveRefused()
    if order.receive_extended_at is not None:
        raise AlreadyExtended()
    order.receive_extended_at = now
    order.save(update_fields=["receive_extended_at"])
    return order


def complete_order(order: Order, now: datetime) -> None:
    """Complete a locked, paid order and post everybody's share."""
    check_move(ORDER_MOVES, order.status, OrderStatus.COMPLETED)
    order.shipments.filter(status=ShipmentStatus.SHIPPED).update(
        status=ShipmentStatus.DELIVERED, delivered_at=now
    )
    order.status = OrderStatus.COMPLETED
    order.delivered_at = order.delivered_at or now
    order.completed_at = now
    order.save(update_fields=["status", "delivered_at", "completed_at"])
    post(
        kind=Kind.COMPLETION,
        key=f"completion:{order.pk}",
        source=f"order:{order.pk}",
        postings=completion_postings(order),
        now=now,
    )
    post_returns_of(order, now)
    outbox.enqueue("orders.after_completed", order_id=order.pk)


def completion_postings(order: Order) -> list[Posting]:
    """Return the lines that share out a held order: what was frozen at the sale, nothing computed anew."""
    postings = [Posting(Purpose.BUYER_HELD, order.total_fen, f"order:{order.pk}")]
    for line in order.lines.prefetch_related("commissions"):
        postings += _line_postings(line, order.shop_id)
    postings += cost_postings(order)
    postings.append(
        Posting(
            Purpose.FREIGHT_PAYABLE, -order.freight_fen, f"order:{order.pk}", OwnerKind.SHOP, order.shop_id
        )
    )
    return postings


def _line_postings(line: OrderLine, shop_id: int) -> list[Posting]:
    source = f"order_line:{line.pk}"
    postings = []
    rest_fen = line.total_fen
    is_pooled = line.term_sheet_id is not None
    for commission in line.commissions.all():
        rest_fen -= commission.amount_fen
        if commission.kind == CommissionKind.HOST:
            postings.append(
                Posting(
                    Purpose.HOST_PAYABLE, -commission.amount_fen, source, OwnerKind.HOST, commission.host_id
                )
            )
        else:
            postings.append(Posting(Purpose.PLATFORM_FEE, -commission.amount_fen, source))
    if is_pooled:
        postings += freeze_shares(line)
    elif line.farmer_id:
        postings.append(Posting(Purpose.FARMER_PAYABLE, -rest_fen, source, OwnerKind.FARMER, line.farmer_id))
    else:
        postings.append(Posting(Purpose.SHOP_PAYABLE, -rest_fen, source, OwnerKind.SHOP, shop_id))
    return postings
