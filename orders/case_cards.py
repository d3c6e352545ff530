"""After-sales cases as pages show them: what is asked back, the way so far, what happens next and when."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from common.errors import MarketError
from common.money import yuan_text
from orders.cards import LineCard, Step, line_card
from orders.carriers.catalogue import tracking_link
from orders.models import AfterSaleCase, AfterSaleEvent, CaseOffer, Order
from orders.services.asking_back import ask_until, check_may_ask
from orders.services.paying_back import freight_if_granted
from orders.services.returning_shares import losses_of
from orders.statuses import OPEN_CASES, Carrier, CaseActor, CaseKind, CaseStatus, OfferOutcome
from shops.models import Photo
from shops.selectors import photo_url

BADGES = {
    CaseStatus.REQUESTED: "wait",
    CaseStatus.OFFERED: "wait",
    CaseStatus.REJECTED: "stop",
    CaseStatus.AWAITING_RETURN: "go",
    CaseStatus.AWAITING_RECEIPT: "go",
    CaseStatus.AWAITING_REFUND: "go",
    CaseStatus.REFUNDED: "done",
    CaseStatus.CLOSED: "off",
}


@dataclass(frozen=True)
class AskedLine:
    """Units of one line of the order, and the money asked back for them."""

    card: LineCard
    quantity: int
    amount_fen: int


@dataclass(frozen=True)
class Evidence:
    """One photo: small, and large to look at; both empty until it is ready."""

    src: str
    large: str
    color: str


@dataclass(frozen=True)
class CaseCard:
    """One case. `next_words` say what happens next, and what silence means."""

    case: AfterSaleCase
    lines: list[AskedLine]
    photos: list[Evidence]
    steps: list[Step]
    badge: str
    next_words: str
    is_overdue: bool
    carrier: str
    tracking_url: str


@dataclass(frozen=True)
class CaseBox:
    """What an order's page says of its cases; `until` is the last day to ask, None while it is under way."""

    cases: list[AfterSaleCase]
    can_ask: bool
    until: datetime | None


def case_for_buyer(case: AfterSaleCase, *, now: datetime) -> CaseCard:
    """Return a case with words for its buyer."""
    return _card(case, _next_for_buyer(case), now)


def case_for_shop(case: AfterSaleCase, *, now: datetime) -> CaseCard:
    """Return a case with words for its shop."""
    return _card(case, _next_for_shop(case), now)


def open_offer_of(case: AfterSaleCase) -> CaseOffer | None:
    """Return what the shop offers now instead of what is asked."""
    return next((one for one in case.offers.all() if one.outcome == OfferOutcome.OPEN), None)


def losses_for_shop(case: AfterSaleCase) -> list[dict]:
    """Return whose share the money of an open or granted case comes from, as the bar of parts shows it."""
    names = {
        "platform": _("the market"),
        "shop": case.order.shop.name,
        "carrier": _("claim on the carrier"),
        "coupon": _("back to who paid the coupon"),
    }
    freight_names = {
        "shop": _("freight, from the shop"),
        "platform": _("freight, from the market"),
        "carrier": _("freight, claim on the carrier"),
    }
    return [
        {
            "label": freight_names[loss.name] if loss.kind == "freight" else loss.name or names[loss.kind],
            "kind": loss.kind,
            "amount_fen": loss.amount_fen,
        }
        for loss in losses_of(case, freight_fen=freight_if_granted(case))
    ]


def case_box(order: Order, *, now: datetime) -> CaseBox:
    """Return what the buyer sees of an order's cases, and whether more can be asked."""
    free = sum(line.quantity - line.after_sale_units for line in order.lines.all())
    units = sum(line.quantity for line in order.lines.all())
    try:
        check_may_ask(order, now=now)
    except MarketError:
        can_ask = False
    else:
        # One piece that is not sent yet is called off with its order.
        can_ask = free > 0 and (units > 1 or bool(order.shipments.all()))
    return CaseBox(cases=list(order.cases.all()), can_ask=can_ask, until=ask_until(order))


def evidence_of(photo: Photo) -> Evidence:
    """Return a photo of a case or of a talk."""
    return Evidence(photo_url(photo, 360), photo_url(photo, 1280), photo.dominant_color)


def when_text(at: datetime) -> str:
    """Return a moment as people of the village read it."""
    return date_format(timezone.localtime(at), "DATETIME_FORMAT")


def _card(case: AfterSaleCase, next_words: str, now: datetime) -> CaseCard:
    carrier = case.return_carrier
    return CaseCard(
        case=case,
        lines=[
            AskedLine(line_card(line.order_line), line.quantity, line.amount_fen) for line in case.lines.all()
        ],
        photos=[evidence_of(one.photo) for one in case.evidence.all()],
        steps=_steps(case),
        badge=BADGES[CaseStatus(case.status)],
        next_words=next_words,
        is_overdue=case.deadline_at is not None and case.deadline_at <= now,
        carrier=str(Carrier(carrier).label) if carrier in Carrier.values else carrier,
        tracking_url=tracking_link(carrier, case.return_tracking_number) if carrier else "",
    )


def _next_for_buyer(case: AfterSaleCase) -> str:
    words = {"amount": yuan_text(case.total_fen)}
    if case.deadline_at is not None:
        words["when"] = when_text(case.deadline_at)
    if case.status == CaseStatus.REQUESTED and case.kind == CaseKind.REFUND_ONLY:
        return (
            _("The shop has until %(when)s to answer. If it says nothing, you get the ¥%(amount)s.") % words
        )
    if case.status == CaseStatus.REQUESTED:
        return (
            _("The shop has until %(when)s to answer. If it says nothing, you can send the goods back.")
            % words
        )
    if case.status == CaseStatus.OFFERED:
        return _("The shop offers less. Until %(when)s you can take it; else the shop answers anew.") % words
    if case.status == CaseStatus.REJECTED and case.appealed_at:
        return _("The market looks at it now. You will be told; there is nothing to do.")
    if case.status == CaseStatus.REJECTED:
        return _("The shop said no. Until %(when)s you can ask the market to decide.") % words
    if case.status == CaseStatus.AWAITING_RETURN:
        return (
            _("Send the goods back and write the tracking number here until %(when)s; else it is closed.")
            % words
        )
    if case.status == CaseStatus.AWAITING_RECEIPT:
        return _("The shop has until %(when)s to look. If it says nothing, you get the ¥%(amount)s.") % words
    if case.status == CaseStatus.AWAITING_REFUND:
        return _("¥%(amount)s are on their way back to where you paid from.") % words
    if case.status == CaseStatus.REFUNDED:
        return _("¥%(amount)s are back where you paid from.") % words
    return _("Closed without a refund.")


def _next_for_shop(case: AfterSaleCase) -> str:
    words = {"amount": yuan_text(case.total_fen)}
    if case.deadline_at is not None:
        words["when"] = when_text(case.deadline_at)
    if case.status == CaseStatus.REQUESTED and case.kind == CaseKind.REFUND_ONLY:
        return _("Please answer until %(when)s. If you say nothing, the buyer gets the ¥%(amount)s.") % words
    if case.status == CaseStatus.REQUESTED:
        return _("Please answer until %(when)s. If you say nothing, the buyer sends the goods back.") % words
    if case.status == CaseStatus.OFFERED:
        return _("The buyer has until %(when)s to take your offer; else you answer anew.") % words
    if case.status == CaseStatus.REJECTED and case.appealed_at:
        return _("The buyer has asked the market to decide. You will both be told.")
    if case.status == CaseStatus.REJECTED:
        return (
            _("You said no. Until %(when)s the buyer can ask the market to decide; then it is closed.")
            % words
        )
    if case.status == CaseStatus.AWAITING_RETURN:
        return _("The buyer has until %(when)s to send the goods back; then it is closed.") % words
    if case.status == CaseStatus.AWAITING_RECEIPT:
        return (
            _("Look at what comes back until %(when)s. If you say nothing, the buyer gets the ¥%(amount)s.")
            % words
        )
    if case.status == CaseStatus.AWAITING_REFUND:
        return _("¥%(amount)s go back to the buyer.") % words
    if case.status == CaseStatus.REFUNDED:
        return _("The buyer has the ¥%(amount)s back.") % words
    return _("Closed without a refund.")


def _steps(case: AfterSaleCase) -> list[Step]:
    """Return the way so far, and what is still to come."""
    events = list(case.events.all())
    steps = [_step(case, event, is_first=not i) for i, event in enumerate(events)]
    ahead = _ahead(case)
    return steps + [Step(label, "next" if i else "now", icon=icon) for i, (label, icon) in enumerate(ahead)]


def _ahead(case: AfterSaleCase) -> list[tuple[str, str]]:
    money = (_("Money is back"), "undo")
    if case.status == CaseStatus.AWAITING_REFUND:
        return [money]
    if case.status not in OPEN_CASES:
        return []
    if case.status == CaseStatus.OFFERED:
        return [(_("The buyer answers the offer"), "people"), money]
    if case.status == CaseStatus.REJECTED:
        return [
            (_("The market decides") if case.appealed_at else _("Closed, or the market decides"), "people")
        ]
    way = [
        (CaseStatus.REQUESTED, _("The shop answers"), "shop"),
        (CaseStatus.AWAITING_RETURN, _("Goods go back"), "truck"),
        (CaseStatus.AWAITING_RECEIPT, _("The shop has them back"), "box"),
    ]
    if case.kind == CaseKind.REFUND_ONLY:
        way = way[:1]
    first = next((i for i, (status, _label, _icon) in enumerate(way) if status == case.status), len(way))
    return [(label, icon) for _status, label, icon in way[first:]] + [money]


def _step(case: AfterSaleCase, event: AfterSaleEvent, *, is_first: bool) -> Step:
    note = event.text
    if event.status == CaseStatus.AWAITING_RECEIPT:
        carrier = case.return_carrier
        name = str(Carrier(carrier).label) if carrier in Carrier.values else carrier
        note = f"{name} {case.return_tracking_number}"
    return Step(_label(event, is_first=is_first), "done", event.at, note, "check")


def _asked_label(event: AfterSaleEvent, *, is_first: bool) -> str:
    if is_first:
        return _("Money asked back")
    return {
        CaseActor.BUYER: _("The buyer did not take the offer"),
        CaseActor.CLOCK: _("The offer was not answered in time"),
    }.get(CaseActor(event.by), _("The shop took the offer back"))


def _label(event: AfterSaleEvent, *, is_first: bool) -> str:
    by_the_clock = event.by == CaseActor.CLOCK
    by_the_market = event.by == CaseActor.OPERATOR
    if event.status == CaseStatus.REQUESTED:
        return _asked_label(event, is_first=is_first)
    if event.status == CaseStatus.OFFERED:
        return _("The shop offers less")
    if event.status == CaseStatus.REJECTED:
        return _("The market was asked to decide") if event.by == CaseActor.BUYER else _("The shop said no")
    if event.status == CaseStatus.AWAITING_RETURN:
        return _("The shop said nothing: that is a yes") if by_the_clock else _("The shop said yes")
    if event.status == CaseStatus.AWAITING_RECEIPT:
        return _("Goods sent back")
    if event.status == CaseStatus.AWAITING_REFUND:
        if by_the_market:
            return _("The market decided: money back")
        if by_the_clock:
            return _("The shop said nothing: money back")
        if event.by == CaseActor.BUYER:
            return _("The offer is taken: money back")
        return _("The shop said yes: money back")
    if event.status == CaseStatus.REFUNDED:
        return _("Money is back")
    if by_the_market:
        return _("The market decided: no money back")
    if by_the_clock:
        return _("The time ran out: closed")
    return _("Called off by the buyer") if event.by == CaseActor.BUYER else _("Closed")
