"""The shop's orders: what is to ship, and each order's page."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.forms import show_refusal
from common.clock import utc_now
from common.errors import Invalid, MarketError
from orders.cards import called_back, order_card, steps_of, what_next_for_shop
from orders.case_selectors import count_cases_to_answer
from orders.forms import CancelForm, ShipForm
from orders.models import Order
from orders.parcel_cards import parcels_for_shop
from orders.selectors import TABS, get_shop_order, list_shop_orders
from orders.selectors.invoicing import desk_invoices
from orders.services.cancelling import cancel_by_shop
from orders.services.confirming import refuse_parcel
from orders.services.correcting import correct_parcel
from orders.services.shipping import Packed, ship_order
from orders.services.weighing import may_weigh
from orders.statuses import Carrier, OrderStatus
from payments.selectors import has_cash
from payments.services.collecting import record_cash
from payments.statuses import CashHolder
from shops.selectors import shops_of

PAGE = 20
DEFAULT_TAB = "to_ship"


@never_cache
@login_required
@require_safe
def orders(request: HttpRequest) -> HttpResponse:
    """List paid orders of the person's shops, those to ship first."""
    tab = request.GET.get("tab", DEFAULT_TAB)
    tab = tab if tab in TABS and tab != "to_pay" else DEFAULT_TAB
    page = Paginator(list_shop_orders(user=request.user, tab=tab), PAGE).get_page(request.GET.get("page"))
    context = {
        "tabs": [
            ("to_ship", _("To ship")),
            ("on_the_way", _("On the way")),
            ("completed", _("Completed")),
            ("cancelled", _("Cancelled")),
        ],
        "tab": tab,
        "page": page,
        "cards": [order_card(order) for order in page.object_list],
        "cases_waiting": count_cases_to_answer(user=request.user),
        "invoices_waiting": desk_invoices(user=request.user).count(),
        "cash_waits": has_cash(request.user),
        "has_shop": shops_of(request.user).exists(),
    }
    return render(request, "sellerdesk/orders.html", context)


@never_cache
@login_required
@require_safe
def order(request: HttpRequest, number: str) -> HttpResponse:
    """Show one order to a member of its shop."""
    found = get_shop_order(user=request.user, number=number)
    return _page(request, found, ShipForm(), CancelForm())


@login_required
@require_POST
def order_ship(request: HttpRequest, number: str) -> HttpResponse:
    """Hand the order to a carrier."""
    found = get_shop_order(user=request.user, number=number)
    form = ShipForm(request.POST)
    # On a small screen the field that is refused must not stay below the fold.
    form.fields["tracking_number"].widget.attrs["autofocus"] = True
    if not form.is_valid():
        return _page(request, found, form, CancelForm(), status=400)
    try:
        ship_order(
            actor=request.user,
            number=number,
            now=utc_now(),
            lines=_packed(request, found),
            **form.cleaned_data,
        )
    except MarketError as refusal:
        show_refusal(form, refusal)
        return _page(request, found, form, CancelForm(), status=refusal.status)
    messages.success(request, _("Sent. The buyer has been told."))
    return redirect("sellerdesk:order", number=number)


@login_required
@require_POST
def parcel_correct(request: HttpRequest, number: str, shipment_id: int) -> HttpResponse:
    """Put a tracking number right."""
    found = get_shop_order(user=request.user, number=number)
    form = ShipForm(request.POST)
    parcel = get_object_or_404(found.shipments, pk=shipment_id)
    try:
        if not form.is_valid():
            raise Invalid(fields=form.errors)
        correct_parcel(actor=request.user, shipment_id=parcel.pk, now=utc_now(), **form.cleaned_data)
    except MarketError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("Put right. The buyer has been told."))
    return redirect("sellerdesk:order", number=number)


@login_required
@require_POST
def order_cancel(request: HttpRequest, number: str) -> HttpResponse:
    """Call off what the shop cannot send; the buyer gets the money back."""
    found = get_shop_order(user=request.user, number=number)
    form = CancelForm(request.POST)
    if not form.is_valid():
        return _page(request, found, ShipForm(), form, status=400)
    try:
        cancel_by_shop(actor=request.user, number=number, words=form.cleaned_data["reason"], now=utc_now())
    except MarketError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("Cancelled. The buyer gets the money back."))
    return redirect("sellerdesk:order", number=number)


@login_required
@require_POST
def order_cash(request: HttpRequest, number: str) -> HttpResponse:
    """Note that the buyer has paid the parcel in cash, and who holds the money."""
    get_shop_order(user=request.user, number=number)
    amount = request.POST.get("amount_fen", "")
    try:
        record_cash(
            actor=request.user,
            number=number,
            holder=request.POST.get("holder", ""),
            amount_fen=int(amount) if amount.isascii() and amount.isdigit() and len(amount) < 13 else 0,
            now=utc_now(),
        )
    except MarketError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("Noted. Everyone's share is booked."))
    return redirect("sellerdesk:order", number=number)


@login_required
@require_POST
def order_refused(request: HttpRequest, number: str) -> HttpResponse:
    """Take a parcel back that its buyer did not want to pay."""
    get_shop_order(user=request.user, number=number)
    try:
        refuse_parcel(actor=request.user, number=number, now=utc_now())
    except MarketError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("Noted. The goods are back on the shelf."))
    return redirect("sellerdesk:order", number=number)


def _packed(request: HttpRequest, found: Order) -> list[Packed]:
    """Return how many of each line are in the parcel; without the fields all that is still to send.

    Invalid for what is no number, and where nothing is left: a slip must not send everything.
    """
    counts = {line.pk: request.POST.get(f"line-{line.pk}") for line in found.lines.all()}
    typed = {pk: text.strip() or "0" for pk, text in counts.items() if text is not None}
    if any(not text.isascii() or not text.isdigit() or len(text) > 4 for text in typed.values()):
        raise Invalid(fields={"lines": _("Please write how many pieces are in the parcel.")})
    packed = [Packed(pk, int(text)) for pk, text in typed.items() if int(text)]
    if typed and not packed:
        raise Invalid(fields={"lines": _("Please send at least one.")})
    return packed


def _page(
    request: HttpRequest, found: Order, ship_form: ShipForm, cancel_form: CancelForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "card": order_card(found),
        "to_weigh": [line for line in found.lines.all() if may_weigh(found, line)],
        "order": found,
        "steps": steps_of(found),
        "is_called_back": found.is_cash_due and bool(called_back(found)),
        "what_next": what_next_for_shop(found),
        "parcels": parcels_for_shop(found),
        "invoice": found.invoices.order_by("-pk").first(),
        "is_part_sent": any(line.shipped_units for line in found.lines.all()),
        "can_ship": found.status in (OrderStatus.PAID, OrderStatus.CONFIRMED),
        "takes_cash": found.is_cash_due and found.status in (OrderStatus.SHIPPED, OrderStatus.DELIVERED),
        "cash_holders": CashHolder.choices,
        "ship_form": ship_form,
        "carriers": Carrier.choices,
        "corrects_parcels": True,
        "cancel_form": cancel_form,
    }
    return render(request, "sellerdesk/order.html", context, status=status)
