"""Calling off orders: unpaid ones by closing the payment first, paid ones with a refund."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from common import outbox
from common.audit import actor_of, record
from common.errors import Invalid, MoveRefused, NotAllowed
from common.moves import check_move
from common.sweeping import sweep_each
from orders.errors import PartlySent
from orders.models import Order, OrderLine
from orders.selectors import list_expired_groups
from orders.services.allocating import return_to_shelf
from orders.services.case_moves import close_open_cases
from orders.services.locking import lock_group, lock_order
from orders.services.refunding import request_refund
from orders.services.using import give_back_coupon, lock_coupon_of, release_coupon
from orders.statuses import ORDER_MOVES, CancelReason, CaseActor, OrderStatus, RefundReason
from shops.services import deal_stock, lots, stock
from shops.statuses import ReservationStatus


@transaction.atomic
def cancel_by_buyer(*, buyer: User, number: str, now: datetime) -> Order:
    """Call off the buyer's own order: unpaid, the whole purchase; paid and not shipped, with a refund.

    Repeating it changes nothing. MoveRefused once the parcel is on its way.
    """
    order = lock_order(Order.objects.for_buyer(buyer), number)
    if order.status in (OrderStatus.CANCELLING, OrderStatus.CANCELLED):
        return order
    if order.status == OrderStatus.PENDING_PAYMENT:
        _begin_cancelling(order.group_id, CancelReason.BUYER)
        order.refresh_from_db()
        return order
    _cancel_paid(order, buyer, CancelReason.BUYER, RefundReason.CANCELLED_BY_BUYER, now)
    return order


@transaction.atomic
def cancel_by_shop(*, actor: User, number: str, now: datetime, words: str = "") -> Order:
    """Call off a paid order that the member's shop cannot send; the buyer gets everything back.

    Repeating it changes nothing. MoveRefused before payment and once the parcel is on its way.
    """
    order = lock_order(Order.objects.for_member(actor), number)
    if order.status == OrderStatus.CANCELLED:
        return order
    # While a provider is being closed the units are held, not sold: nothing may come back to the shelf twice.
    if order.status in (OrderStatus.PENDING_PAYMENT, OrderStatus.CANCELLING):
        raise MoveRefused()
    _cancel_paid(order, actor, _in_words(words) or CancelReason.SHOP, RefundReason.CANCELLED_BY_SHOP, now)
    return order


@transaction.atomic
def cancel_by_operator(*, actor: User, number: str, reason: str, now: datetime) -> Order:
    """Call off an order that is not on its way: unpaid, the whole purchase; paid, with everything back.

    Repeating it changes nothing. NotAllowed, NotFound, Invalid without a reason, MoveRefused once shipped.
    """
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()
    words = _in_words(reason)
    if not words:
        raise Invalid(fields={"reason": Invalid.message})
    order = lock_order(Order.objects.all(), number)
    if order.status in (OrderStatus.CANCELLING, OrderStatus.CANCELLED):
        return order
    if order.status != OrderStatus.PENDING_PAYMENT:
        _cancel_paid(order, actor, words, RefundReason.CANCELLED_BY_SHOP, now)
        return order
    _begin_cancelling(order.group_id, words)
    record(
        actor=actor_of(actor),
        action="orders.cancel",
        target=f"order:{order.pk}",
        before={"status": order.status},
        after={"status": OrderStatus.CANCELLING},
        reason=words,
        now=now,
    )
    order.refresh_from_db()
    return order


def cancel_for_lack(*, order: Order, now: datetime) -> None:
    """Call off a locked order of which nothing was sent: its goods are no more; all money goes back."""
    _cancel_paid(order, None, CancelReason.SHOP, RefundReason.CANCELLED_BY_SHOP, now)


def expire_unpaid(*, now: datetime) -> int:
    """Start closing the purchases whose time to pay has run out; `now` is the database's. Return how many."""
    groups = list_expired_groups(now=now)
    return sweep_each(groups, lambda pk: expire_group(group_id=pk, now=now), what="unpaid purchase")


@transaction.atomic
def expire_group(*, group_id: int, now: datetime) -> bool:
    """Start closing a purchase whose time to pay has run out; return whether it was still unpaid.

    The units stay held until the provider has confirmed that no money can come (rules.md 5).
    """
    orders = lock_group(group_id)
    is_unpaid = all(order.status == OrderStatus.PENDING_PAYMENT for order in orders)
    if not orders or not is_unpaid or orders[0].group.expires_at > now:
        return False
    _begin_cancelling(group_id, CancelReason.EXPIRED)
    return True


@transaction.atomic
def finish_cancelling(*, group_id: int, now: datetime) -> bool:
    """Give the units of a closed purchase back; called by payments once no provider can take money for it."""
    orders = [order for order in lock_group(group_id) if order.status == OrderStatus.CANCELLING]
    release_coupon(coupon=lock_coupon_of(orders), group_id=group_id)
    lines = OrderLine.objects.filter(order__in=orders).select_related("reservation").order_by("variant_id")
    deal_stock.lock_deal_stocks(line.reservation.deal_stock_id for line in lines)
    for line in lines:
        expired = line.order.cancel_reason == CancelReason.EXPIRED
        stock.release_reservation(
            reservation=line.reservation,
            status=ReservationStatus.EXPIRED if expired else ReservationStatus.RELEASED,
            now=now,
        )
    lots.match_all(variant_ids=[line.variant_id for line in lines], now=now)
    for order in orders:
        order.status = OrderStatus.CANCELLED
        order.cancelled_at = now
        order.save(update_fields=["status", "cancelled_at"])
        outbox.enqueue("orders.after_cancelled", order_id=order.pk)
    return bool(orders)


def _in_words(reason: str) -> str:
    """Return a person's reason so that it never passes for a CancelReason: those decide about late money."""
    words = reason.strip()[:199]
    return f"{words}." if words in CancelReason.values else words


def _begin_cancelling(group_id: int, reason: str) -> None:
    for order in lock_group(group_id):
        check_move(ORDER_MOVES, order.status, OrderStatus.CANCELLING)
        order.status = OrderStatus.CANCELLING
        order.cancel_reason = reason
        order.save(update_fields=["status", "cancel_reason"])
    outbox.enqueue("payments.close_group", group_id=group_id)


def _cancel_paid(order: Order, actor: User | None, words: str, reason: str, now: datetime) -> None:
    check_move(ORDER_MOVES, order.status, OrderStatus.CANCELLED)
    if order.lines.filter(shipped_units__gt=0).exists():
        raise PartlySent()
    before = order.status
    order.status = OrderStatus.CANCELLED
    order.cancelled_at = now
    order.cancel_reason = words[:200]
    order.save(update_fields=["status", "cancelled_at", "cancel_reason"])
    by = CaseActor.BUYER if reason == RefundReason.CANCELLED_BY_BUYER else CaseActor.SHOP
    close_open_cases(order, by=by, user=actor, now=now)
    refund_fen = order.captured_fen - order.refund_requested_fen
    if refund_fen:  # nothing was taken yet for what is paid in cash on delivery
        request_refund(
            order=order, amount_fen=refund_fen, reason=reason, requested_by=actor_of(actor), now=now
        )
    is_sellers_doing = reason == RefundReason.CANCELLED_BY_SHOP
    give_back_coupon(order=order, is_sellers_doing=is_sellers_doing, now=now)
    for line in order.lines.order_by("variant_id"):
        if not line.units_to_send:  # a case has put them back on the shelf already
            continue
        return_to_shelf(
            line=line,
            quantity=line.units_to_send,
            reference=f"order_line:{line.pk}",
            actor=actor,
            now=now,
        )
    record(
        actor=actor_of(actor),
        action="orders.cancel",
        target=f"order:{order.pk}",
        before={"status": before},
        after={"status": order.status, "refund_fen": refund_fen},
        reason=order.cancel_reason,
        now=now,
    )
    outbox.enqueue("orders.after_cancelled", order_id=order.pk)
