"""What an operator may do with any shop's order, with a reason that is kept."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from common.audit import actor_of, record
from common.errors import Invalid, NotAllowed
from orders.models import Order
from orders.services.cancelling import _begin_cancelling, _cancel_paid
from orders.services.locking import lock_order
from orders.statuses import OrderStatus, RefundReason


@transaction.atomic
def cancel_by_operator(*, actor: User, number: str, reason: str, now: datetime) -> Order:
    """Call off an order that is not on its way: unpaid, the whole purchase; paid, with everything back.

    Repeating it changes nothing. NotAllowed, NotFound, Invalid without a reason, MoveRefused once shipped.
    """
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()
    words = reason.strip()
    if not words:
        raise Invalid(fields={"reason": Invalid.message})
    order = lock_order(Order.objects.all(), number)
    if order.status in (OrderStatus.CANCELLING, OrderStatus.CANCELLED):
        return order
    if order.status == OrderStatus.PENDING_PAYMENT:
        _begin_cancelling(order.group_id, words[:200])
        record(
            actor=actor_of(actor),
            action="orders.cancel",
            target=f"order:{order.pk}",
            before={"status": OrderStatus.PENDING_PAYMENT},
            after={"status": OrderStatus.CANCELLING},
            reason=words,
            now=now,
        )
        order.refresh_from_db()
        return order
    _cancel_paid(order, actor, words, RefundReason.CANCELLED_BY_SHOP, now)
    return order
