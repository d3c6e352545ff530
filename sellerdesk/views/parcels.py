"""Sending many parcels: tracking numbers by hand or by the sheet, packing list and labels to print."""

import csv
import io

import segno
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from common.clock import utc_now
from common.errors import Invalid
from orders.cards import LotPart, OrderCard, order_card
from orders.models import Order
from orders.selectors import list_shop_orders
from orders.services.importing import MAX_BYTES, Row, check_sheet, read_sheet, send_sheet
from orders.statuses import Carrier
from sellerdesk.permissions import member_required

ON_A_PAGE = 50
ON_PAPER = 100
HEADINGS = ("订单号", "快递公司", "快递单号")


@never_cache
@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def parcels(request: HttpRequest) -> HttpResponse:
    """Take the tracking numbers of many orders; a sheet is checked first and sent with the second press."""
    context: dict = {"carriers": Carrier.choices, "carrier": request.POST.get("carrier", Carrier.SF)}
    status = 200
    if request.method == "POST":
        try:
            sheet = _posted(request)
            is_trial = request.POST.get("act") != "send"
            rows = read_sheet(sheet)
            if is_trial:
                context["rows"] = check_sheet(actor=request.user, rows=rows)
                context["sheet"] = _text(context["rows"])
            else:
                context["rows"] = send_sheet(actor=request.user, rows=rows, now=utc_now())
                left = [row for row in context["rows"] if row.outcome == "left"]
                context["sheet"] = _text(left) if left else ""
            context["counts"] = _counts(context["rows"])
            context["is_trial"] = is_trial
        except Invalid as refusal:
            context["refusal"], status = refusal.message, refusal.status
    waiting = list_shop_orders(user=request.user, tab="to_ship")
    context["cards"] = [order_card(order) for order in waiting[:ON_A_PAGE]]
    return render(request, "sellerdesk/parcels.html", context, status=status)


@never_cache
@member_required
@require_safe
def parcels_print(request: HttpRequest) -> HttpResponse:
    """Show what is to ship for paper: labels of 100 × 150 mm, or a packing list on A4."""
    waiting = list_shop_orders(user=request.user, tab="to_ship")
    numbers = request.GET.getlist("order")[:ON_PAPER]
    if numbers:
        waiting = waiting.filter(number__in=numbers)
    kind = "labels" if request.GET.get("kind") == "labels" else "list"
    cards = [order_card(order) for order in waiting[:ON_PAPER]]
    sheets = [(card, _code(card.order), _lot_codes(card)) for card in cards]
    return render(request, "sellerdesk/parcels_print.html", {"sheets": sheets, "kind": kind})


def _posted(request: HttpRequest) -> bytes:
    """Return a sheet: the file, the text of the sheet that was checked, or the numbers typed by hand."""
    file = request.FILES.get("file")
    if file is not None:
        return file.read(MAX_BYTES + 1)
    if request.POST.get("sheet"):
        return request.POST["sheet"].encode()
    carrier = request.POST.get("carrier", "")
    typed = zip(request.POST.getlist("number"), request.POST.getlist("tracking_number"), strict=False)
    return _csv((number, carrier, tracking) for number, tracking in typed if tracking.strip()).encode()


def _text(rows: list[Row]) -> str:
    """Return the rows that can be sent as a sheet of their own."""
    good = [row for row in rows if row.outcome in ("ready", "left")]
    return _csv((row.number, row.carrier, row.tracking_number) for row in good) if good else ""


def _csv(lines) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([HEADINGS, *lines])
    return text.getvalue()


def _counts(rows: list[Row]) -> dict[str, int]:
    outcomes = [row.outcome for row in rows]
    return {outcome: outcomes.count(outcome) for outcome in ("ready", "sent", "repeated", "refused", "left")}


def _lot_codes(card: OrderCard) -> list[tuple[LotPart, str]]:
    """Return what is in the parcel, with the code that leads the buyer to whose goods these are."""
    parts = {part.code: part for line in card.lines for part in line.lots}
    address = f"{settings.PUBLIC_URL}/lots/"
    return [
        (part, segno.make(f"{address}{part.code}/", error="m").svg_data_uri(scale=3, border=2, light="#fff"))
        for part in parts.values()
    ]


def _code(order: Order) -> str:
    """Return the QR code that leads to the order, as an address for an image."""
    address = f"{settings.PUBLIC_URL}/desk/orders/{order.number}/"
    return segno.make(address, error="m").svg_data_uri(scale=4, border=4, light="#fff")
