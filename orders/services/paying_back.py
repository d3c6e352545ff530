"""A case is granted: the money is promised once, shares are given back, returned goods are on the shelf."""

from datetime import datetime

from accounts.models import User
from common.audit import actor_of
from orders.models import AfterSaleCase, Order
from orders.services.allocating import return_to_shelf
from orders.services.case_moves import NOT_IN_HAND, granted_units, move_case
from orders.services.refunding import request_refund
from orders.services.returning_shares import freeze_returns, post_returns_of
from orders.services.shipping import withdraw_units
from orders.statuses import OPEN_CASES, CaseReason, CaseStatus, OrderStatus, RefundReason


def freight_of(order: Order, reason: str, wanted: dict[int, int]) -> int:
    """Return the freight that goes back: all with the last units, unless the buyer changed their mind."""
    if reason in (CaseReason.CHANGED_MIND, CaseReason.UNDERWEIGHT):
        return 0
    taken = granted_units(order)
    lines = order.lines.values_list("pk", "quantity")
    is_everything = all(taken.get(pk, 0) + wanted.get(pk, 0) == quantity for pk, quantity in lines)
    return order.freight_fen if is_everything else 0


def freight_if_granted(case: AfterSaleCase) -> int:
    """Return the freight that would go back if an open case were granted now; of others, what is noted."""
    if case.status not in OPEN_CASES:
        return case.freight_fen
    return freight_of(case.order, case.reason, dict(case.lines.values_list("order_line_id", "quantity")))


def grant_case(
    case: AfterSaleCase,
    *,
    by: str,
    user: User | None,
    now: datetime,
    text: str = "",
    restock: bool = False,
    is_sent: bool = False,
    has_freight: bool = True,
) -> None:
    """Promise the money of a locked case (its order locked too); MoveRefused when it is past that.

    Units that were never sent leave what is to send and are on the shelf again, unless it is known that these
    `is_sent`; others only with `restock`. Without `has_freight` the sum is what was agreed, and no more.
    """
    order = case.order
    wanted = dict(case.lines.values_list("order_line_id", "quantity"))
    lots = dict(case.lines.values_list("order_line_id", "lot_id"))
    case.freight_fen = freight_of(order, case.reason, wanted) if has_freight else 0
    unsent = {} if is_sent else _unsent(order, case.reason, wanted)
    shelf = wanted if restock else unsent
    case.is_restocked = shelf == wanted
    case.granted_at = now
    case.refund_request = request_refund(
        order=order,
        amount_fen=case.total_fen,
        reason=RefundReason.AFTER_SALE,
        requested_by=actor_of(user),
        now=now,
    )
    move_case(case, CaseStatus.AWAITING_REFUND, by=by, user=user, now=now, text=text)
    for line in order.lines.filter(pk__in=shelf).order_by("variant_id"):
        if not restock:
            withdraw_units(order=order, line_id=line.pk, quantity=shelf[line.pk], now=now)
        return_to_shelf(
            line=line,
            quantity=shelf[line.pk],
            lot_id=lots.get(line.pk),
            reference=f"aftersalecase:{case.pk}",
            actor=user,
            now=now,
        )
        case.lines.filter(order_line=line).update(shelf_units=shelf[line.pk])
    freeze_returns(case)
    if order.status == OrderStatus.COMPLETED:
        post_returns_of(order, now)


def _unsent(order: Order, reason: str, wanted: dict[int, int]) -> dict[int, int]:
    """Return how many of the units of each line the shop still has, so that it need not send them."""
    if reason not in NOT_IN_HAND and order.shipments.exists():
        return {}  # it is about what has arrived
    lines = order.lines.filter(pk__in=wanted)
    unsent = {line.pk: min(wanted[line.pk], line.units_to_send) for line in lines}
    return {pk: units for pk, units in unsent.items() if units}
