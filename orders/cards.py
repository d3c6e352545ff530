"""Orders as pages show them: lines with picture and grower, the way so far, what happens next."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from common.money import yuan_text
from orders.models import AfterSaleCase, Order, OrderLine, RefundRequest
from orders.selectors import cancel_words
from orders.statuses import OPEN_CASES, CaseStatus, OrderStatus, RefundRequestStatus
from orders.weight_cards import weighing_of
from shops.models import Product
from shops.selectors import photo_url, ready_photos
from shops.statuses import LotStatus

BADGES = {
    OrderStatus.PENDING_PAYMENT: "wait",
    OrderStatus.CONFIRMED: "go",
    OrderStatus.PAID: "go",
    OrderStatus.SHIPPED: "go",
    OrderStatus.DELIVERED: "go",
    OrderStatus.COMPLETED: "done",
    OrderStatus.CANCELLING: "off",
    OrderStatus.CANCELLED: "off",
}


@dataclass(frozen=True)
class Picture:
    """A small picture of a product; `src` is empty when there is none."""

    src: str
    color: str


@dataclass(frozen=True)
class LotPart:
    """Units of a line that came out of a lot, and who brought it."""

    code: str
    name: str
    units: int
    is_recalled: bool


@dataclass(frozen=True)
class LineCard:
    """One line of an order."""

    line: OrderLine
    picture: Picture
    url: str
    farmer_name: str
    farmer_face: str
    village_name: str
    host_name: str
    lots: list[LotPart]
    weighing: str = ""

    @property
    def is_pooled(self) -> bool:
        """Say whether its growers are told by their lots."""
        return self.line.term_sheet_id is not None and bool(self.lots)


@dataclass(frozen=True)
class Step:
    """One point of the way of an order."""

    label: str
    state: str
    at: datetime | None = None
    note: str = ""
    icon: str = ""


@dataclass(frozen=True)
class OrderCard:
    """One order of a list or a page."""

    order: Order
    lines: list[LineCard]
    badge: str
    units: int
    open_cases: list[AfterSaleCase]


def picture_of(product: Product) -> Picture:
    """Return the first ready photo of a product, small."""
    photos = ready_photos(product)
    if not photos:
        return Picture("", "")
    return Picture(photo_url(photos[0], 360), photos[0].dominant_color)


def line_card(line: OrderLine) -> LineCard:
    """Return a line with who grew it, and who showed it."""
    product, farmer = line.variant.product, line.farmer
    lots = lots_of(line)
    names = list(dict.fromkeys(lot.name for lot in lots))
    return LineCard(
        line=line,
        picture=picture_of(product),
        url=f"/products/{product.pk}/",
        farmer_name=farmer.name if farmer else "、".join(names if line.term_sheet_id else []),
        farmer_face=photo_url(farmer.portrait, 96) if farmer else "",
        village_name=farmer.village.name if farmer else product.village.name,
        host_name=line.live_session.host.name if line.live_session else "",
        lots=lots,
        weighing=weighing_of(line),
    )


def lots_of(line: OrderLine) -> list[LotPart]:
    """Return which lots a line has units of, in the names that their farmers let strangers read."""
    kept = [one for one in line.allocations.all() if one.kept]
    return [
        LotPart(
            code=one.lot.code,
            name=one.farmer.shown_name if one.farmer else "",
            units=one.kept,
            is_recalled=one.lot.status == LotStatus.RECALLED,
        )
        for one in kept
    ]


def order_card(order: Order) -> OrderCard:
    """Return an order with its lines."""
    lines = [line_card(line) for line in order.lines.all()]
    units = sum(card.line.quantity for card in lines)
    going_on = [
        case for case in order.cases.all() if case.status in (*OPEN_CASES, CaseStatus.AWAITING_REFUND)
    ]
    return OrderCard(order, lines, BADGES[order.status], units, going_on)


def steps_of(order: Order) -> list[Step]:
    """Return the way of an order: what is done, where it stands, what comes."""
    if order.status in (OrderStatus.CANCELLING, OrderStatus.CANCELLED):
        return _called_off(order)
    parcels = order.shipments.all()
    note = ", ".join(f"{parcel.carrier_name} {parcel.tracking_number}" for parcel in parcels)
    sent = _("A part is sent") if parcels and order.shipped_at is None else _("Sent")
    way = [
        (_("Ordered"), order.placed_at, "", "orders"),
        (_("Paid"), order.paid_at, "", "pay"),
        (sent, order.shipped_at, note, "truck"),
        (_("Received"), order.completed_at, "", "box"),
    ]
    if order.delivered_at and order.delivered_at != order.completed_at:
        way.insert(3, (_("Delivered"), order.delivered_at, "", "box"))
    if order.confirmed_at:
        way[1:] = [
            (_("Confirmed, cash on delivery"), order.confirmed_at, "", "pay"),
            (sent, order.shipped_at, note, "truck"),
            (_("Paid and received"), order.paid_at, "", "box"),
        ]
    waiting = next((i for i, (_label, at, _note, _icon) in enumerate(way) if at is None), len(way))
    steps = [
        Step(label, "done" if at else ("now" if i == waiting else "next"), at, text, icon)
        for i, (label, at, text, icon) in enumerate(way)
    ]
    for request, step in _money_back(order):
        # Between what was done before the money was promised, and what comes after.
        place = sum(1 for one in steps if one.at is not None and one.at <= request.created_at)
        steps.insert(place, step)
    return steps


def _called_off(order: Order) -> list[Step]:
    steps = [Step(_("Ordered"), "done", order.placed_at, icon="orders")]
    if order.paid_at:
        steps.append(Step(_("Paid"), "done", order.paid_at, icon="pay"))
    done = order.status == OrderStatus.CANCELLED
    steps.append(
        Step(
            _("Cancelled") if done else _("Being cancelled"),
            "done" if done else "now",
            order.cancelled_at,
            cancel_words(order),
            "close",
        )
    )
    return [*steps, *(step for _request, step in _money_back(order))]


def _money_back(order: Order) -> list[tuple[RefundRequest, Step]]:
    """Return each refund with its step: how much, and for how many units of what."""
    goods = {line.pk: f"{line.title} {line.variant_name}" for line in order.lines.all()}
    cases = {case.refund_request_id: case for case in order.cases.all() if case.refund_request_id}
    found = []
    for request in sorted(order.refund_requests.all(), key=lambda one: one.pk):
        is_back = request.status == RefundRequestStatus.REFUNDED
        case = cases.get(request.pk)
        asked = case.lines.all() if case else []
        units = [f"{goods[one.order_line_id]} × {one.quantity}" for one in asked if one.quantity]
        step = Step(
            _("Money sent back") if is_back else _("Money is being sent back"),
            "done" if is_back else "now",
            request.settled_at if is_back else None,
            " · ".join([f"¥{yuan_text(request.amount_fen)}", *units]),
            "undo",
        )
        found.append((request, step))
    return found


def called_back(order: Order) -> int:
    """Return how many units of an order came out of deliveries that were called back."""
    lots = (lot for line in order.lines.all() for lot in lots_of(line))
    return sum(lot.units for lot in lots if lot.is_recalled)


def what_next(order: Order) -> str:
    """Return what happens next, in words for the buyer."""
    words = {
        OrderStatus.PENDING_PAYMENT: _("Please pay; until then the goods are held for you."),
        OrderStatus.CONFIRMED: _("The shop packs your parcel. You pay when it arrives."),
        OrderStatus.PAID: _("The shop packs your parcel. You will be told when it is on its way."),
        OrderStatus.SHIPPED: _("Your parcel is on its way. Please confirm when it has arrived."),
        OrderStatus.DELIVERED: _("Please confirm that everything has arrived."),
        OrderStatus.COMPLETED: _("All done. The growers get their share with the next payout."),
        OrderStatus.CANCELLING: _("We are making sure that nothing more can be paid. This takes a moment."),
    }
    if order.is_cash_due and order.status in (OrderStatus.SHIPPED, OrderStatus.DELIVERED):
        if called_back(order):
            return _("You need not take or pay this parcel. What you pay for the goods comes back by itself.")
        return _("Your parcel is on its way. You pay when you take it.")
    if order.status == OrderStatus.CANCELLED:
        if order.captured_fen:
            return _("Your money goes back to where it came from.")
        return _("Nothing was paid. The goods are back on the shelf.")
    return words[order.status]


def what_next_for_shop(order: Order) -> str:
    """Return what happens next, in words for the shop."""
    words = {
        OrderStatus.PENDING_PAYMENT: _("The buyer has not paid yet."),
        OrderStatus.CONFIRMED: _("Pack it and hand it to a carrier. The buyer pays on delivery."),
        OrderStatus.PAID: _("Pack it and hand it to a carrier."),
        OrderStatus.SHIPPED: _("On its way. When the buyer confirms, everyone's share is booked."),
        OrderStatus.DELIVERED: _("Delivered. When the buyer confirms, everyone's share is booked."),
        OrderStatus.COMPLETED: _("Completed. The shares are in the next payout."),
        OrderStatus.CANCELLING: _("Being cancelled."),
        OrderStatus.CANCELLED: _("Cancelled. Do not send anything."),
    }
    if order.is_cash_due and order.status in (OrderStatus.SHIPPED, OrderStatus.DELIVERED):
        if called_back(order):
            return _(
                "Note whether it came back or was paid; what is paid for these goods goes back by itself."
            )
        return _("On its way. When the buyer has paid, note the cash here; then everyone's share is booked.")
    return words[order.status]
