"""The shop offers less than is asked, and the goods stay; the buyer takes it or the shop answers anew."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.errors import Invalid, MoveRefused, NotFound
from common.money import split_largest_remainder, yuan_text
from orders.errors import TooManyOffers
from orders.models import AfterSaleCase, AfterSaleLine, CaseOffer, CaseOfferLine, OrderLine
from orders.services.case_moves import lock_case, move_case, once_per_key
from orders.services.paying_back import grant_case
from orders.statuses import CaseActor, CaseKind, CaseStatus, OfferOutcome

TEXT_MAX = 300
# Who answers after an offer is off has this long at least.
ANSWER_AT_LEAST = timedelta(days=1)


@dataclass(frozen=True)
class OfferedLine:
    """Units of an order line that the case is about, and the money offered for them, in fen."""

    line_id: int
    quantity: int
    amount_fen: int


def offer_less(
    *,
    actor: User,
    case_id: int,
    lines: Sequence[OfferedLine],
    idempotency_key: uuid.UUID,
    now: datetime,
    text: str = "",
) -> AfterSaleCase:
    """Offer as a member of the shop a part of what is asked, for which the goods stay with the buyer.

    Nothing is paid before the buyer says yes; a buyer who is silent has said no. NotFound for others; Invalid
    for more than is asked, or as much where nothing is to come back; TooManyOffers; MoveRefused unless the
    case waits for the shop.
    """
    words = text.strip()
    if len(words) > TEXT_MAX:
        raise Invalid(fields={"text": Invalid.message})

    def run() -> None:
        case = lock_case(AfterSaleCase.objects.for_member(actor), case_id)
        if case.status != CaseStatus.REQUESTED:
            raise MoveRefused()
        if case.offers.count() >= settings.CASE_OFFERS_MAX:
            raise TooManyOffers()
        checked = check_offer(case, lines)
        offer = CaseOffer.objects.create(
            case=case,
            asked_fen=case.amount_fen,
            amount_fen=sum(one.amount_fen for one in checked),
            text=words,
            answer_by=case.deadline_at,
            made_by=actor,
            made_at=now,
        )
        CaseOfferLine.objects.bulk_create(
            CaseOfferLine(
                offer=offer, order_line_id=one.line_id, quantity=one.quantity, amount_fen=one.amount_fen
            )
            for one in checked
        )
        due = now + timedelta(days=settings.CASE_OFFER_DAYS)
        note = " ".join(filter(None, [f"¥{yuan_text(offer.amount_fen)}", words]))
        move_case(
            case, CaseStatus.OFFERED, by=CaseActor.SHOP, user=actor, now=now, text=note, deadline_at=due
        )

    body = {"lines": [[one.line_id, one.quantity, one.amount_fen] for one in lines], "text": words}
    return once_per_key(
        actor=actor, move="offer", case_id=case_id, key=idempotency_key, body=body, now=now, run=run
    )


def accept_offer(
    *, buyer: User, case_id: int, offer: int, idempotency_key: uuid.UUID, now: datetime
) -> AfterSaleCase:
    """Take the open offer (its pk) of an own case: that sum goes back, the goods stay.

    NotFound for another offer; MoveRefused when it is off meanwhile.
    """

    def run() -> None:
        case, found = _lock_open(AfterSaleCase.objects.for_buyer(buyer), case_id, offer)
        _settle(found, OfferOutcome.ACCEPTED, now)
        _cut(case, {one.order_line_id: one for one in found.lines.all()})
        note = f"¥{yuan_text(found.asked_fen)} → ¥{yuan_text(found.amount_fen)}"
        # What the shop has not sent yet is still to come: the goods stay with the buyer.
        grant_case(case, by=CaseActor.BUYER, user=buyer, now=now, text=note, is_sent=True, has_freight=False)

    return once_per_key(
        actor=buyer, move="accept_offer", case_id=case_id, key=idempotency_key,
        body={"offer": offer}, now=now, run=run,
    )  # fmt: skip


def refuse_offer(
    *, buyer: User, case_id: int, offer: int, idempotency_key: uuid.UUID, now: datetime
) -> AfterSaleCase:
    """Say no to the open offer (its pk) of an own case: the shop answers the wish as before."""

    def run() -> None:
        case, found = _lock_open(AfterSaleCase.objects.for_buyer(buyer), case_id, offer)
        _back(case, found, OfferOutcome.REFUSED, by=CaseActor.BUYER, user=buyer, now=now)

    return once_per_key(
        actor=buyer, move="refuse_offer", case_id=case_id, key=idempotency_key,
        body={"offer": offer}, now=now, run=run,
    )  # fmt: skip


def take_back_offer(*, actor: User, case_id: int, idempotency_key: uuid.UUID, now: datetime) -> AfterSaleCase:
    """Take the open offer back as a member of the shop, while the buyer has not said yes."""

    def run() -> None:
        case, found = _lock_open(AfterSaleCase.objects.for_member(actor), case_id, None)
        _back(case, found, OfferOutcome.TAKEN_BACK, by=CaseActor.SHOP, user=actor, now=now)

    return once_per_key(
        actor=actor, move="take_back_offer", case_id=case_id, key=idempotency_key, body={}, now=now, run=run
    )


def lapse_offer(case: AfterSaleCase, *, now: datetime) -> None:
    """Let the offer of a locked case go whose buyer was silent: the shop answers as before."""
    _back(case, open_offer(case), OfferOutcome.LAPSED, by=CaseActor.CLOCK, user=None, now=now)


def open_offer(case: AfterSaleCase) -> CaseOffer:
    """Return the offer that the buyer may take; MoveRefused without one."""
    found = CaseOffer.objects.filter(case=case, outcome=OfferOutcome.OPEN).first()
    if found is None:
        raise MoveRefused()
    return found


def check_offer(case: AfterSaleCase, lines: Sequence[OfferedLine]) -> list[OfferedLine]:
    """Return an offer that fits a case, else Invalid, or NotFound for lines that it is not about."""
    asked = {one.order_line_id: one for one in case.lines.all()}
    if not lines or len({one.line_id for one in lines}) < len(lines):
        raise Invalid(fields={"lines": _("Please say how much for which goods, each once.")})
    for one in lines:
        if one.line_id not in asked:
            raise NotFound()
        line = asked[one.line_id]
        if type(one.quantity) is not int or not 1 <= one.quantity <= line.quantity:
            raise Invalid(fields={"quantity": _("Offer it for at most as many pieces as are asked about.")})
        most = min(line.amount_fen, worth_of(line, one.quantity))
        if type(one.amount_fen) is not int or not 1 <= one.amount_fen <= most:
            words = _("At most ¥%(amount)s, what is asked for these pieces.") % {"amount": yuan_text(most)}
            raise Invalid(fields={"amount_fen": words})
    is_all = sum(one.amount_fen for one in lines) == case.amount_fen
    if is_all and case.kind == CaseKind.REFUND_ONLY:
        raise Invalid(fields={"amount_fen": _("That is all that is asked: just say yes.")})
    return list(lines)


def worth_of(line: AfterSaleLine, quantity: int) -> int:
    """Return what was paid for some of the units of a case line, in fen."""
    return sum(split_largest_remainder(line.worth_fen, [1] * line.quantity)[:quantity])


def _lock_open(scope, case_id: int, offer: int | None) -> tuple[AfterSaleCase, CaseOffer]:
    case = lock_case(scope, case_id)
    if offer is not None and not case.offers.filter(pk=offer).exists():
        raise NotFound()
    if case.status != CaseStatus.OFFERED:
        raise MoveRefused()
    found = open_offer(case)
    if offer is not None and found.pk != offer:
        raise MoveRefused()
    return case, found


def _settle(offer: CaseOffer, outcome: str, now: datetime) -> None:
    offer.outcome, offer.settled_at = outcome, now
    offer.save(update_fields=["outcome", "settled_at"])


def _back(
    case: AfterSaleCase, offer: CaseOffer, outcome: str, *, by: str, user: User | None, now: datetime
) -> None:
    _settle(offer, outcome, now)
    due = max(offer.answer_by, now + ANSWER_AT_LEAST)
    move_case(case, CaseStatus.REQUESTED, by=by, user=user, now=now, deadline_at=due)


def _cut(case: AfterSaleCase, offered: dict[int, CaseOfferLine]) -> None:
    """Cut a locked case down to what was agreed; other units may be asked about again."""
    for line in case.lines.all():
        agreed = offered.get(line.order_line_id)
        units = agreed.quantity if agreed else 0
        worth_fen = worth_of(line, units)
        OrderLine.objects.filter(pk=line.order_line_id).update(
            after_sale_units=F("after_sale_units") - (line.quantity - units),
            after_sale_fen=F("after_sale_fen") - (line.worth_fen - worth_fen),
        )
        if agreed is None:
            line.delete()
            continue
        line.quantity, line.worth_fen, line.amount_fen = units, worth_fen, agreed.amount_fen
        line.save(update_fields=["quantity", "worth_fen", "amount_fen"])
    case.kind = CaseKind.REFUND_ONLY
    case.amount_fen = sum(one.amount_fen for one in offered.values())
    case.save(update_fields=["kind", "amount_fen"])
