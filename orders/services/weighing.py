"""Goods that are sold by weight are weighed: what is missing goes back, more is a gift."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from common import outbox
from common.audit import actor_of, record
from common.errors import Invalid, MoveRefused, NotFound
from orders.models import AfterSaleCase, Order, OrderLine, Weighing
from orders.services.compensating import open_granted
from orders.services.locking import lock_order
from orders.statuses import CaseReason, OrderStatus

WEIGHT_MAX_G = 100_000_000
WEIGHED = (OrderStatus.PAID, OrderStatus.SHIPPED, OrderStatus.DELIVERED, OrderStatus.COMPLETED)


@transaction.atomic
def settle_weight(*, actor: User, number: str, line_id: int, weight_g: int, now: datetime) -> Weighing:
    """Write down what a paid line really weighs, once; what is missing is refunded, more is a gift.

    Of 2 kg that weigh 1.9 kg a twentieth of the money goes back, rounded up to the fen; borne by the farmers.
    The same weight again changes nothing. NotFound; Invalid; MoveRefused for goods that are sold by the
    piece, are not paid, or weighed something else before.
    """
    order = lock_order(Order.objects.for_member(actor), number)
    line = order.lines.select_related("variant").filter(pk=line_id).first()
    if line is None:
        raise NotFound()
    _check_weight(weight_g)
    done = Weighing.objects.filter(order_line=line).first()
    if done is not None and done.weighed_g == weight_g:
        return done
    if not may_weigh(order, line):
        raise MoveRefused()
    ordered_g = line.variant.weight_g * line.quantity
    refund_fen = _missing_fen(line, ordered_g, weight_g)
    case = (
        _refund(order, line, refund_fen, actor, f"{weight_g} g / {ordered_g} g", now) if refund_fen else None
    )
    weighing = Weighing.objects.create(
        order_line=line, ordered_g=ordered_g, weighed_g=weight_g, case=case, weighed_by=actor, weighed_at=now
    )
    record(
        actor=actor_of(actor),
        action="orders.weighed",
        target=f"order_line:{line.pk}",
        before={"weight_g": ordered_g},
        after={"weight_g": weight_g, "refund_fen": refund_fen},
        now=now,
    )
    outbox.enqueue("orders.after_weighed", weighing_id=weighing.pk)
    return weighing


def may_weigh(order: Order, line: OrderLine) -> bool:
    """Say whether a line can be weighed: paid, sold by weight, not weighed yet, not all given back."""
    return (
        order.status in WEIGHED
        and order.captured_fen > 0
        and bool(line.variant.weight_g)
        and line.after_sale_units < line.quantity
        and not Weighing.objects.filter(order_line=line).exists()
        and not line.after_sale_lines.filter(case__reason=CaseReason.UNDERWEIGHT).exists()
    )


def quote_weight(*, order: Order, line: OrderLine, weight_g: int) -> int:
    """Return what `settle_weight` would give back, in fen, and refuse as it would; nothing is kept."""
    _check_weight(weight_g)
    if not may_weigh(order, line):
        raise MoveRefused()
    refund_fen = _missing_fen(line, line.variant.weight_g * line.quantity, weight_g)
    _check_left(line, refund_fen)
    return refund_fen


def _check_weight(weight_g: int) -> None:
    if type(weight_g) is not int or not 1 <= weight_g <= WEIGHT_MAX_G:
        raise Invalid(fields={"weight_g": Invalid.message})


def _missing_fen(line: OrderLine, ordered_g: int, weight_g: int) -> int:
    return -(-line.paid_fen * max(ordered_g - weight_g, 0) // ordered_g)


def _check_left(line: OrderLine, refund_fen: int) -> None:
    if refund_fen > line.paid_fen - line.after_sale_fen:
        raise MoveRefused()


def _refund(
    order: Order, line: OrderLine, refund_fen: int, actor: User, text: str, now: datetime
) -> AfterSaleCase:
    _check_left(line, refund_fen)
    # About no unit: whoever gets less in every piece may still ask about each of them.
    return open_granted(
        order,
        line,
        0,
        refund_fen,
        refund_fen,
        CaseReason.UNDERWEIGHT,
        None,
        actor,
        text,
        now,
        is_sent=True,
    )
