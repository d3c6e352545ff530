"""Cash on delivery: the goods go out before the money comes in (decisions.md 15)."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common import outbox
from common.audit import actor_of, record
from common.errors import MoveRefused
from common.moves import check_move
from orders.errors import PurchaseExpired
from orders.models import Order, OrderLine
from orders.services.allocating import allocate_lines, return_to_shelf
from orders.services.locking import lock_group, lock_order
from orders.services.recalling import refund_recalled
from orders.services.receiving import complete_order
from orders.services.using import lock_coupon_of, spend_coupon
from orders.statuses import (
    CASH_MOVES,
    ORDER_MOVES,
    AllotmentReason,
    CancelReason,
    OrderStatus,
    ShipmentStatus,
)
from shops.services import deal_stock, stock


@transaction.atomic
def confirm_group(*, group_id: int, now: datetime) -> None:
    """Promise a held purchase against cash: its units are sold and its orders may be shipped.

    Repeating it changes nothing. PurchaseExpired once the hold has run out, MoveRefused when it is paid,
    SoldOut when its lots were put aside meanwhile.
    """
    orders = lock_group(group_id)
    states = {order.status for order in orders}
    if states == {OrderStatus.CONFIRMED}:
        return
    over = states & {OrderStatus.CANCELLING, OrderStatus.CANCELLED}
    if over or orders[0].group.expires_at <= now:
        raise PurchaseExpired()
    if states != {OrderStatus.PENDING_PAYMENT}:
        raise MoveRefused(_("This purchase is already paid."))
    spend_coupon(coupon=lock_coupon_of(orders), group_id=group_id, now=now)
    lines = list(
        OrderLine.objects.filter(order__in=orders).select_related("reservation").order_by("variant_id")
    )
    deal_stock.lock_deal_stocks(line.reservation.deal_stock_id for line in lines)
    for line in lines:
        stock.commit_reservation(reservation=line.reservation, now=now)
    allocate_lines(lines=lines, reason=AllotmentReason.CONFIRMED, now=now)
    for order in orders:
        check_move(ORDER_MOVES, order.status, OrderStatus.CONFIRMED)
        order.status = OrderStatus.CONFIRMED
        order.confirmed_at = now
        order.save(update_fields=["status", "confirmed_at"])
        outbox.enqueue("orders.after_confirmed", order_id=order.pk)


@transaction.atomic
def take_cash(*, order: Order, now: datetime) -> None:
    """Note that the buyer of a locked order has paid its parcel: everybody's share becomes payable now.

    For goods in it that were called back on the way the money goes back at once.
    """
    check_move(CASH_MOVES, order.status, OrderStatus.COMPLETED)
    order.captured_fen = order.total_fen
    order.paid_at = now
    order.save(update_fields=["captured_fen", "paid_at"])
    complete_order(order, now)
    refund_recalled(order=order, now=now)


@transaction.atomic
def refuse_parcel(*, actor: User, number: str, now: datetime) -> Order:
    """Take back a parcel that its buyer did not pay: nothing is owed, and the goods go back to the shelf.

    For members of the shop. Repeating it changes nothing. MoveRefused when it is paid or not on its way.
    """
    order = lock_order(Order.objects.for_member(actor), number)
    if order.status == OrderStatus.CANCELLED and order.cancel_reason == CancelReason.REFUSED:
        return order
    if order.confirmed_at is None or order.captured_fen or order.status == OrderStatus.CONFIRMED:
        raise MoveRefused()
    check_move(CASH_MOVES, order.status, OrderStatus.CANCELLED)
    before = order.status
    order.status = OrderStatus.CANCELLED
    order.cancelled_at = now
    order.cancel_reason = CancelReason.REFUSED
    order.save(update_fields=["status", "cancelled_at", "cancel_reason"])
    order.shipments.update(status=ShipmentStatus.CANCELLED)
    for line in order.lines.order_by("variant_id"):
        return_to_shelf(
            line=line,
            quantity=line.quantity,
            reference=f"order_line:{line.pk}",
            actor=actor,
            now=now,
        )
    record(
        actor=actor_of(actor),
        action="orders.refuse_parcel",
        target=f"order:{order.pk}",
        before={"status": before},
        after={"status": order.status},
        reason=order.cancel_reason,
        now=now,
    )
    outbox.enqueue("orders.after_cancelled", order_id=order.pk)
    return order
