"""A purchase becomes paid; called by the payments app inside its transaction (decisions.md 8)."""

from datetime import datetime

from django.db import transaction

from common import outbox
from orders.models import CouponClaim, Order, OrderLine
from orders.services.allocating import allocate_lines
from orders.services.locking import lock_group
from orders.services.using import lock_coupon_of, release_coupon, spend_coupon
from orders.statuses import AllotmentReason, CancelReason, OrderStatus
from shops.errors import SoldOut
from shops.models import StockReservation
from shops.services import deal_stock, lots, stock

PAYABLE = frozenset({OrderStatus.PENDING_PAYMENT, OrderStatus.CANCELLING})


@transaction.atomic
def mark_group_paid(*, group_id: int, now: datetime) -> bool:
    """Turn a purchase into paid orders; False when it cannot be, so that the money must go back.

    Money that comes after the hold ran out takes the units again while there are enough (rules.md B8).
    A purchase that somebody called off stays called off; one whose lots were put aside meanwhile is.
    """
    orders = lock_group(group_id)
    if any(order.cancel_reason not in ("", CancelReason.EXPIRED) for order in orders):
        return False
    coupon = lock_coupon_of(orders)
    states = {order.status for order in orders}
    lines = list(
        OrderLine.objects.filter(order__group_id=group_id)
        .select_related("reservation")
        .order_by("variant_id")
    )
    deal_stock.lock_deal_stocks(line.reservation.deal_stock_id for line in lines)
    if states <= PAYABLE:
        if not _take_held(lines, now, coupon, group_id):
            _give_up(orders, lines, coupon, now)
            return False
    elif states == {OrderStatus.CANCELLED}:
        if not _take_again(lines, now, coupon, group_id):
            return False
    else:
        return False
    for order in orders:
        _mark_paid(order, now)
    return True


def _take_held(lines: list[OrderLine], now: datetime, coupon: CouponClaim | None, group_id: int) -> bool:
    try:
        with transaction.atomic():
            spend_coupon(coupon=coupon, group_id=group_id, now=now)
            for line in lines:
                stock.commit_reservation(reservation=line.reservation, now=now)
            allocate_lines(lines=lines, reason=AllotmentReason.PAID, now=now)
    except SoldOut:
        for line in lines:
            line.reservation.refresh_from_db()
        return False
    return True


def _give_up(orders: list[Order], lines: list[OrderLine], coupon: CouponClaim | None, now: datetime) -> None:
    # The goods were recalled or put aside while somebody paid for them: the money goes back, and what was
    # held of them is not sold to anybody else.
    if coupon is not None:
        coupon.refresh_from_db()
    release_coupon(coupon=coupon, group_id=orders[0].group_id)
    for line in lines:
        stock.release_reservation(reservation=line.reservation, now=now)
    lots.match_all(variant_ids=[line.variant_id for line in lines], now=now)
    for order in orders:
        order.status = OrderStatus.CANCELLED
        order.cancelled_at = now
        order.cancel_reason = CancelReason.SHORT
        order.save(update_fields=["status", "cancelled_at", "cancel_reason"])
        outbox.enqueue("orders.after_cancelled", order_id=order.pk)


def _take_again(lines: list[OrderLine], now: datetime, coupon: CouponClaim | None, group_id: int) -> bool:
    try:
        with transaction.atomic():
            if not spend_coupon(coupon=coupon, group_id=group_id, now=now):
                return False
            for line in lines:
                held = _hold_again(line, now)
                stock.commit_reservation(reservation=held, now=now)
                line.reservation = held
                line.save(update_fields=["reservation"])
            allocate_lines(lines=lines, reason=AllotmentReason.PAID, now=now)
    except SoldOut:
        return False
    return True


def _hold_again(line: OrderLine, now: datetime) -> StockReservation:
    wanted = {
        "quantity": line.quantity,
        "reference": f"order_line:{line.pk}:late",
        "expires_at": now,
        "now": now,
    }
    deal_stock_id = line.reservation.deal_stock_id
    if deal_stock_id is not None:
        return deal_stock.take_late(deal_stock_id=deal_stock_id, **wanted)
    return stock.reserve(variant_id=line.variant_id, **wanted)


def _mark_paid(order: Order, now: datetime) -> None:
    order.status = OrderStatus.PAID
    order.paid_at = now
    order.captured_fen = order.total_fen
    order.cancelled_at = None
    order.cancel_reason = ""
    order.save(update_fields=["status", "paid_at", "captured_fen", "cancelled_at", "cancel_reason"])
    outbox.enqueue("orders.after_paid", order_id=order.pk)
