"""Money back for what the shop itself found out: a case that is granted as it is opened."""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from accounts.models import User
from common.audit import actor_of, record
from common.errors import Invalid, MoveRefused, NotFound
from orders.models import AfterSaleCase, AfterSaleLine, Order, OrderLine
from orders.services.asking_back import amount_for
from orders.services.cancelling import cancel_for_lack
from orders.services.case_moves import note_event
from orders.services.locking import lock_order
from orders.services.paying_back import grant_case
from orders.statuses import BEARER_OF, CaseActor, CaseKind, CaseReason, OrderStatus
from shops.models import Lot

WEIGHT_MAX_G = 100_000_000
WEIGHED = (OrderStatus.PAID, OrderStatus.SHIPPED, OrderStatus.DELIVERED, OrderStatus.COMPLETED)


def give_back(
    *,
    order: Order,
    line: OrderLine,
    units: int,
    is_sent: bool,
    reason: str,
    lot: Lot | None,
    text: str,
    now: datetime,
) -> AfterSaleCase | None:
    """Refund units of a locked, paid order's line, and tell the buyer why; None when nothing is left to pay.

    An order of which nothing was sent, and nothing stays, is called off.
    """
    units = min(units, line.quantity - line.after_sale_units)
    if units < 1:
        return None
    others = order.lines.exclude(pk=line.pk).values_list("quantity", "after_sale_units")
    is_everything = units + line.after_sale_units == line.quantity and all(a == b for a, b in others)
    if is_everything and not is_sent and not order.shipments.exists():
        cancel_for_lack(order=order, now=now)
        return None
    worth_fen = amount_for(line, units)
    if not worth_fen:
        return None
    return _open_granted(
        order, line, units, worth_fen, worth_fen, reason, lot, None, text, now, is_sent=is_sent
    )


@transaction.atomic
def settle_weight(
    *, actor: User, number: str, line_id: int, weight_g: int, now: datetime
) -> AfterSaleCase | None:
    """Write down what a paid line really weighs, once; what is missing is refunded, more is a gift.

    Of 2 kg that weigh 1.9 kg a twentieth of the money goes back, rounded up to the fen; borne by the farmers.
    None when it is not lighter. NotFound; Invalid; MoveRefused for goods that are sold by the piece, are not
    paid, or were weighed before.
    """
    order = lock_order(Order.objects.for_member(actor), number)
    line = order.lines.select_related("variant").filter(pk=line_id).first()
    if line is None:
        raise NotFound()
    if type(weight_g) is not int or not 1 <= weight_g <= WEIGHT_MAX_G:
        raise Invalid(fields={"weight_g": Invalid.message})
    is_weighed = line.after_sale_lines.filter(case__reason=CaseReason.UNDERWEIGHT).exists()
    if order.status not in WEIGHED or not order.captured_fen or not line.variant.weight_g or is_weighed:
        raise MoveRefused()
    ordered_g = line.variant.weight_g * line.quantity
    case = None
    if weight_g < ordered_g:
        refund_fen = -(-line.paid_fen * (ordered_g - weight_g) // ordered_g)
        case = _refund_weight(order, line, refund_fen, actor, f"{weight_g} g / {ordered_g} g", now)
    record(
        actor=actor_of(actor),
        action="orders.weighed",
        target=f"order_line:{line.pk}",
        before={"weight_g": ordered_g},
        after={"weight_g": weight_g, "refund_fen": case.amount_fen if case else 0},
        now=now,
    )
    return case


def _refund_weight(
    order: Order, line: OrderLine, refund_fen: int, actor: User, text: str, now: datetime
) -> AfterSaleCase:
    free = line.quantity - line.after_sale_units
    for units in range(1, free + 1):
        worth_fen = amount_for(line, units)
        if worth_fen >= refund_fen:
            return _open_granted(
                order,
                line,
                units,
                worth_fen,
                refund_fen,
                CaseReason.UNDERWEIGHT,
                None,
                actor,
                text,
                now,
                is_sent=True,
            )
    raise MoveRefused()


def _open_granted(
    order: Order,
    line: OrderLine,
    units: int,
    worth_fen: int,
    amount_fen: int,
    reason: str,
    lot: Lot | None,
    actor: User | None,
    text: str,
    now: datetime,
    *,
    is_sent: bool,
) -> AfterSaleCase:
    held = OrderLine.objects.filter(
        pk=line.pk,
        quantity__gte=F("after_sale_units") + units,
        total_fen__gte=F("discount_fen") + F("after_sale_fen") + worth_fen,
    ).update(after_sale_units=F("after_sale_units") + units, after_sale_fen=F("after_sale_fen") + worth_fen)
    if not held:
        raise MoveRefused()
    case = AfterSaleCase.objects.create(
        order=order,
        kind=CaseKind.REFUND_ONLY,
        reason=reason,
        text=text[:500],
        amount_fen=amount_fen,
        requested_at=now,
    )
    AfterSaleLine.objects.create(
        case=case,
        order_line=line,
        lot=lot,
        quantity=units,
        worth_fen=worth_fen,
        amount_fen=amount_fen,
        cost_bearer=BEARER_OF[CaseReason(reason)],
    )
    note_event(case, by=CaseActor.SHOP, user=actor, now=now, text=text)
    grant_case(case, by=CaseActor.SHOP, user=actor, now=now, text=text, is_sent=is_sent)
    return case
