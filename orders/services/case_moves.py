"""What every move of an after-sales case shares: its locks, its table of moves, its trail."""

import uuid
from collections.abc import Callable, Iterable
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts.models import User
from common import outbox
from common.audit import actor_of, record
from common.errors import NotFound
from common.idempotency import run_once
from common.moves import check_move
from orders.models import AfterSaleCase, AfterSaleEvent, CaseOffer, Order, OrderLine, Shipment
from orders.statuses import (
    CASE_MOVES,
    GRANTED_CASES,
    OPEN_CASES,
    CaseActor,
    CaseKind,
    CaseReason,
    CaseStatus,
    OfferOutcome,
)
from shops.models import Lot
from shops.statuses import LotStatus

# What the buyer means is not, or need not be, with them.
NOT_IN_HAND = (
    CaseReason.NOT_ARRIVED,
    CaseReason.MISSING,
    CaseReason.CHANGED_MIND,
    CaseReason.RECALLED,
    CaseReason.SHORT,
)
# What a move may change beside the state.
MOVED = [
    "status", "deadline_at", "reply", "return_carrier", "return_tracking_number", "freight_fen",
    "is_restocked", "refund_request", "granted_at", "closed_at",
]  # fmt: skip


def once_per_key(
    *,
    actor: User,
    move: str,
    case_id: int,
    key: uuid.UUID,
    body: dict,
    now: datetime,
    run: Callable[[], object],
) -> AfterSaleCase:
    """Run a move at most once per key of the person (decisions.md 17) and return the case as it is now."""

    def act() -> dict:
        run()
        return {"id": case_id}

    run_once(
        actor=actor_of(actor),
        operation=f"after_sales.{move}",
        key=key,
        body=body | {"case": case_id},
        now=now,
        run=act,
    )
    return AfterSaleCase.objects.get(pk=case_id)


def lock_case(scope: QuerySet[AfterSaleCase], case_id: int) -> AfterSaleCase:
    """Lock the order of a case in a scope, then the case; NotFound otherwise. Needs a transaction."""
    order_id = scope.filter(pk=case_id).values_list("order_id", flat=True).first()
    if order_id is None:
        raise NotFound()
    order = Order.objects.select_for_update().get(pk=order_id)
    case = AfterSaleCase.objects.select_for_update().get(pk=case_id)
    case.order = order
    return case


def move_case(
    case: AfterSaleCase,
    target: str,
    *,
    by: str,
    user: User | None,
    now: datetime,
    text: str = "",
    deadline_at: datetime | None = None,
) -> AfterSaleEvent:
    """Move a locked case along its table; MoveRefused otherwise. Fields that the caller set are saved too."""
    check_move(CASE_MOVES, case.status, target)
    before, case.status, case.deadline_at = case.status, target, deadline_at
    if before == CaseStatus.OFFERED:  # what its answer has not settled is off
        CaseOffer.objects.filter(case=case, outcome=OfferOutcome.OPEN).update(
            outcome=OfferOutcome.OVERTAKEN, settled_at=now
        )
    case.save(update_fields=MOVED)
    return note_event(case, by=by, user=user, now=now, text=text, before=before)


def note_event(
    case: AfterSaleCase,
    *,
    by: str,
    user: User | None,
    now: datetime,
    text: str = "",
    before: str | None = None,
) -> AfterSaleEvent:
    """Write down a step of a case, for its people and for the audit, and have the other side told."""
    event = AfterSaleEvent.objects.create(
        case=case, status=case.status, by=by, user=user, text=text[:500], at=now
    )
    record(
        actor=actor_of(user),
        action=f"orders.case_{case.status}",
        target=f"aftersalecase:{case.pk}",
        before={"status": before} if before else None,
        after={"status": case.status, "by": by, "total_fen": case.total_fen},
        reason=text[:200] if by == CaseActor.OPERATOR else "",
        now=now,
    )
    outbox.enqueue("orders.after_case_moved", event_id=event.pk)
    return event


def close_case(case: AfterSaleCase, *, by: str, user: User | None, now: datetime, text: str = "") -> None:
    """Close a locked case without money; its units are free again, to be recalled if need be."""
    case.closed_at = now
    move_case(case, CaseStatus.CLOSED, by=by, user=user, now=now, text=text)
    for line in case.lines.all():
        OrderLine.objects.filter(pk=line.order_line_id).update(
            after_sale_units=F("after_sale_units") - line.quantity,
            after_sale_fen=F("after_sale_fen") - line.worth_fen,
        )
    recalled = Lot.objects.filter(
        status=LotStatus.RECALLED, allocations__order_line__after_sale_lines__case=case
    )
    for lot_id in recalled.distinct().order_by("pk").values_list("pk", flat=True):
        outbox.enqueue("orders.settle_recall", lot_id=lot_id)


def close_open_cases(order: Order, *, by: str, user: User | None, now: datetime) -> None:
    """Close what is open of a locked order that is being called off."""
    for case in AfterSaleCase.objects.select_for_update().filter(order=order, status__in=OPEN_CASES):
        case.order = order
        close_case(case, by=by, user=user, now=now)


def mark_case_refunded(*, request_id: int, now: datetime) -> None:
    """Note that the money of a case has gone back; nothing for other refunds."""
    case = AfterSaleCase.objects.select_for_update().filter(refund_request_id=request_id).first()
    if case is not None and case.status == CaseStatus.AWAITING_REFUND:
        move_case(case, CaseStatus.REFUNDED, by=CaseActor.PAYMENT, user=None, now=now)


def asked_before_sending(order: Order) -> dict[int, int]:
    """Return how many units of each line (by pk) the shop has yet to send or to pay back, as asked."""
    return _units_of(_to_answer([order.pk]))


def orders_to_answer(orders: Iterable[Order]) -> set[int]:
    """Return which orders (by pk) cannot be sent whole before the shop has answered their buyer."""
    return set(_to_answer([order.pk for order in orders]).values_list("order", flat=True))


def _to_answer(order_ids: list[int]) -> QuerySet[AfterSaleCase]:
    waiting = AfterSaleCase.objects.filter(
        order__in=order_ids, kind=CaseKind.REFUND_ONLY, status__in=(CaseStatus.REQUESTED, CaseStatus.OFFERED)
    )
    # Once something is sent, other reasons are about what has arrived.
    is_sent = Exists(Shipment.objects.filter(order=OuterRef("order")))
    return waiting.filter(Q(reason__in=NOT_IN_HAND) | ~is_sent)


def granted_units(order: Order) -> dict[int, int]:
    """Return how many units of each line (by pk) granted cases have taken back."""
    return _units_of(AfterSaleCase.objects.filter(order=order, status__in=GRANTED_CASES))


def _units_of(cases: QuerySet[AfterSaleCase]) -> dict[int, int]:
    units: dict[int, int] = {}
    for line_id, quantity in cases.values_list("lines__order_line", "lines__quantity"):
        units[line_id] = units.get(line_id, 0) + quantity
    return units
