"""Money back for what the shop itself found out: a case that is granted as it is opened."""

from datetime import datetime

from django.db.models import F

from accounts.models import User
from common.errors import MoveRefused
from orders.models import AfterSaleCase, AfterSaleLine, Order, OrderLine
from orders.services.asking_back import amount_for
from orders.services.cancelling import cancel_for_lack
from orders.services.case_moves import note_event
from orders.services.paying_back import grant_case
from orders.statuses import BEARER_OF, CaseActor, CaseKind, CaseReason
from shops.models import Lot


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
    return open_granted(
        order, line, units, worth_fen, worth_fen, reason, lot, None, text, now, is_sent=is_sent
    )


def open_granted(
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
    """Open a case of a locked order's line for what the shop found out, and grant it; MoveRefused."""
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
