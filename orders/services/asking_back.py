"""The buyer's side of a case: ask, send back, withdraw, call the market in."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.audit import actor_of
from common.errors import Invalid, MoveRefused, NotFound
from common.idempotency import run_once
from common.models import IdempotencyKey
from common.money import split_largest_remainder
from orders.errors import CancelInstead, CaseTooLate, CashDue, TooManyCases, UnitsTaken
from orders.models import AfterSaleCase, AfterSaleLine, AfterSalePhoto, Order, OrderLine
from orders.services.case_moves import close_case, lock_case, move_case, note_event, once_per_key
from orders.services.locking import lock_order
from orders.services.paying_back import freight_of
from orders.services.shipping import check_parcel
from orders.statuses import BEARER_OF, BUYER_REASONS, CaseActor, CaseKind, CaseReason, CaseStatus, OrderStatus
from shops.models import Photo

MAY_ASK = (OrderStatus.PAID, OrderStatus.SHIPPED, OrderStatus.DELIVERED, OrderStatus.COMPLETED)
OPERATION = "after_sales.open"
# The goods are not with the buyer, so they cannot be sent back.
NOTHING_TO_RETURN = (CaseReason.NOT_ARRIVED, CaseReason.MISSING)


@dataclass(frozen=True)
class WantedBack:
    """Units of an order line; `amount_fen` asks for less than was paid for them."""

    line_id: int
    quantity: int
    amount_fen: int | None = None


@dataclass(frozen=True)
class CaseQuote:
    """What a wish would bring back, in fen: by line (pk), and the freight."""

    amounts: dict[int, int]
    freight_fen: int

    @property
    def total_fen(self) -> int:
        """Return what the buyer would get."""
        return sum(self.amounts.values()) + self.freight_fen


def quote_case(
    *, order: Order, kind: str, reason: str, lines: Sequence[WantedBack], now: datetime, text: str = ""
) -> CaseQuote:
    """Work out what `open_case` would ask back on an own order, and refuse as it would; nothing is kept."""
    _check_words(kind, reason, text, lines)
    _check_order(order, kind, reason, now)
    _found, _worths, amounts = _work_out(order, kind, lines)
    return CaseQuote(amounts, freight_of(order, reason, {line.line_id: line.quantity for line in lines}))


def find_asked(*, buyer: User, idempotency_key: uuid.UUID) -> int | None:
    """Return the case that this key has already opened, or None."""
    stored = IdempotencyKey.objects.filter(
        actor=actor_of(buyer), operation=OPERATION, key=idempotency_key
    ).first()
    return stored.answer["id"] if stored else None


def ask_until(order: Order) -> datetime | None:
    """Return until when money can be asked back on a completed order; None while it is under way."""
    if order.completed_at is None:
        return None
    return order.completed_at + timedelta(days=settings.CASE_WINDOW_DAYS)


def open_case(
    *,
    buyer: User,
    number: str,
    kind: str,
    reason: str,
    lines: Sequence[WantedBack],
    idempotency_key: uuid.UUID,
    now: datetime,
    text: str = "",
    photo_ids: Sequence[int] = (),
) -> tuple[AfterSaleCase, bool]:
    """Ask for money back on units of an own paid order, with evidence; return (case, replayed).

    NotFound for others' orders, lines and photos; Invalid; CashDue before it is paid; CancelInstead for
    everything of an order that is not sent; CaseTooLate; UnitsTaken; TooManyCases; MoveRefused.
    """
    photo_ids = list(dict.fromkeys(photo_ids))

    def run() -> dict:
        order = lock_order(Order.objects.for_buyer(buyer), number)
        _check_order(order, kind, reason, now)
        return {"id": _open(order, buyer, kind, reason, lines, text.strip(), photo_ids, now).pk}

    _check_words(kind, reason, text, lines)
    answer, replayed = run_once(
        actor=actor_of(buyer),
        operation=OPERATION,
        key=idempotency_key,
        body={
            "number": number,
            "kind": kind,
            "reason": reason,
            "text": text,
            "lines": [[line.line_id, line.quantity, line.amount_fen] for line in lines],
            "photos": photo_ids,
        },
        now=now,
        run=run,
    )
    return AfterSaleCase.objects.get(pk=answer["id"]), replayed


def send_back(
    *,
    buyer: User,
    case_id: int,
    carrier: str,
    tracking_number: str,
    idempotency_key: uuid.UUID,
    now: datetime,
) -> AfterSaleCase:
    """Note the parcel with which the buyer returns the goods; NotFound, Invalid, MoveRefused."""
    carrier, tracking_number = check_parcel(carrier, tracking_number)

    def run() -> None:
        case = lock_case(AfterSaleCase.objects.for_buyer(buyer), case_id)
        case.return_carrier, case.return_tracking_number = carrier, tracking_number
        due = now + timedelta(days=settings.CASE_RECEIPT_DAYS)
        move_case(case, CaseStatus.AWAITING_RECEIPT, by=CaseActor.BUYER, user=buyer, now=now, deadline_at=due)

    return once_per_key(
        actor=buyer,
        move="return_shipped",
        case_id=case_id,
        key=idempotency_key,
        body={"carrier": carrier, "tracking_number": tracking_number},
        now=now,
        run=run,
    )


def withdraw_case(*, buyer: User, case_id: int, idempotency_key: uuid.UUID, now: datetime) -> AfterSaleCase:
    """Let the buyer call their own open case off, before the goods are on their way back."""

    def run() -> None:
        case = lock_case(AfterSaleCase.objects.for_buyer(buyer), case_id)
        if case.status == CaseStatus.AWAITING_RECEIPT:
            raise MoveRefused()
        close_case(case, by=CaseActor.BUYER, user=buyer, now=now)

    return once_per_key(
        actor=buyer, move="withdraw", case_id=case_id, key=idempotency_key, body={}, now=now, run=run
    )


def appeal_case(
    *, buyer: User, case_id: int, text: str, idempotency_key: uuid.UUID, now: datetime
) -> AfterSaleCase:
    """Call the market in after the shop said no; the clock stops until an operator has decided."""
    words = text.strip()
    if not words or len(words) > 500:
        raise Invalid(fields={"text": Invalid.message})

    def run() -> None:
        case = lock_case(AfterSaleCase.objects.for_buyer(buyer), case_id)
        if case.status != CaseStatus.REJECTED or case.appealed_at is not None:
            raise MoveRefused()
        case.appealed_at, case.deadline_at = now, None
        case.save(update_fields=["appealed_at", "deadline_at"])
        note_event(case, by=CaseActor.BUYER, user=buyer, now=now, text=words)

    return once_per_key(
        actor=buyer,
        move="appeal",
        case_id=case_id,
        key=idempotency_key,
        body={"text": words},
        now=now,
        run=run,
    )


def amount_for(line: OrderLine, quantity: int) -> int:
    """Return what was paid for units of a line that no case holds, in fen; UnitsTaken when there are fewer.

    What is left of the line's money is cut over the units that are left, by largest remainder.
    """
    free = line.quantity - line.after_sale_units
    if not 1 <= quantity <= free:
        raise UnitsTaken()
    return sum(split_largest_remainder(line.paid_fen - line.after_sale_fen, [1] * free)[:quantity])


def _check_words(kind: str, reason: str, text: str, lines: Sequence[WantedBack]) -> None:
    if kind not in CaseKind.values:
        raise Invalid(fields={"kind": Invalid.message})
    if reason not in dict(BUYER_REASONS):
        raise Invalid(fields={"reason": Invalid.message})
    if kind == CaseKind.RETURN_AND_REFUND and reason in NOTHING_TO_RETURN:
        raise Invalid(fields={"kind": _("What you do not have cannot be sent back. Ask for the money only.")})
    if len(text.strip()) > 500:
        raise Invalid(fields={"text": Invalid.message})
    if not lines or len({line.line_id for line in lines}) < len(lines):
        raise Invalid(fields={"lines": _("Please choose what it is about, each product once.")})
    for line in lines:
        if type(line.quantity) is not int or not 1 <= line.quantity <= settings.ORDER_LINE_MAX_QUANTITY:
            raise Invalid(fields={"lines": Invalid.message})


def check_may_ask(order: Order, *, now: datetime) -> None:
    """Refuse when no money can be asked back on an order: CashDue, MoveRefused, CaseTooLate, TooManyCases."""
    if order.is_cash_due:
        raise CashDue()
    if order.status not in MAY_ASK or not order.captured_fen:
        raise MoveRefused()
    until = ask_until(order)
    if until is not None and now > until:
        raise CaseTooLate()
    if order.cases.count() >= settings.CASES_PER_ORDER_MAX:
        raise TooManyCases()


def _check_order(order: Order, kind: str, reason: str, now: datetime) -> None:
    check_may_ask(order, now=now)
    is_sent = order.shipments.exists()
    if kind == CaseKind.RETURN_AND_REFUND and not is_sent:
        raise MoveRefused()
    if kind == CaseKind.REFUND_ONLY and reason == CaseReason.CHANGED_MIND and is_sent:
        raise Invalid(fields={"kind": _("Please send back what you do not want any more.")})


def _work_out(
    order: Order, kind: str, lines: Sequence[WantedBack]
) -> tuple[dict[int, OrderLine], dict[int, int], dict[int, int]]:
    """Return the order's lines, what was paid for the wanted units, and what is asked for them, by pk."""
    found = {line.pk: line for line in order.lines.all()}
    if any(line.line_id not in found for line in lines):
        raise NotFound()
    wanted = {line.line_id: line.quantity for line in lines}
    worths = {line.line_id: amount_for(found[line.line_id], line.quantity) for line in lines}
    amounts = {line.line_id: _amount(line, worths[line.line_id]) for line in lines}
    if not order.shipments.exists() and all(
        line.after_sale_units + wanted.get(pk, 0) == line.quantity for pk, line in found.items()
    ):
        raise CancelInstead()
    if kind == CaseKind.RETURN_AND_REFUND and any(
        units > _units_with_buyer(found[pk]) for pk, units in wanted.items()
    ):
        raise Invalid(
            fields={"lines": _("Only what was sent can come back. For the rest ask for the money only.")}
        )
    return found, worths, amounts


def _units_with_buyer(line: OrderLine) -> int:
    """Return how many units of a line were sent and no case holds: what is not sent cannot come back."""
    return line.shipped_units - (line.after_sale_units - line.withdrawn_units)


def _open(
    order: Order,
    buyer: User,
    kind: str,
    reason: str,
    lines: Sequence[WantedBack],
    text: str,
    photo_ids: list[int],
    now: datetime,
) -> AfterSaleCase:
    photos = _photos(buyer, photo_ids)
    found, worths, amounts = _work_out(order, kind, lines)
    wanted = {line.line_id: line.quantity for line in lines}
    for pk, quantity in wanted.items():
        held = OrderLine.objects.filter(
            pk=pk,
            quantity__gte=F("after_sale_units") + quantity,
            total_fen__gte=F("discount_fen") + F("after_sale_fen") + worths[pk],
        ).update(
            after_sale_units=F("after_sale_units") + quantity,
            after_sale_fen=F("after_sale_fen") + worths[pk],
        )
        if not held:
            raise UnitsTaken()
    case = AfterSaleCase.objects.create(
        order=order,
        kind=kind,
        reason=reason,
        text=text,
        amount_fen=sum(amounts.values()),
        freight_fen=freight_of(order, reason, wanted),
        requested_at=now,
        deadline_at=now + timedelta(days=settings.CASE_SELLER_DAYS),
    )
    AfterSaleLine.objects.bulk_create(
        AfterSaleLine(
            case=case,
            order_line=found[pk],
            quantity=quantity,
            worth_fen=worths[pk],
            amount_fen=amounts[pk],
            cost_bearer=BEARER_OF[CaseReason(reason)],
        )
        for pk, quantity in wanted.items()
    )
    AfterSalePhoto.objects.bulk_create(AfterSalePhoto(case=case, photo=photo) for photo in photos)
    note_event(case, by=CaseActor.BUYER, user=buyer, now=now, text=text)
    return case


def _amount(wanted: WantedBack, most: int) -> int:
    amount = most if wanted.amount_fen is None else wanted.amount_fen
    if type(amount) is not int or not 1 <= amount <= most:
        raise Invalid(fields={"amount_fen": _("You can ask for at most what you paid for these.")})
    return amount


def _photos(buyer: User, photo_ids: list[int]) -> list[Photo]:
    if len(photo_ids) > settings.CASE_PHOTOS_MAX:
        raise Invalid(fields={"photos": Invalid.message})
    own = Photo.objects.filter(pk__in=photo_ids, uploaded_by=buyer, is_private=True).in_bulk()
    if any(pk not in own for pk in photo_ids):
        raise NotFound()
    return [own[pk] for pk in photo_ids]
