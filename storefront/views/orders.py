"""The buyer's orders."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from common.clock import utc_now
from common.errors import MarketError
from orders.cards import called_back, order_card, steps_of, what_next
from orders.case_cards import case_box
from orders.invoice_cards import invoice_box
from orders.money_cards import money_box
from orders.parcel_cards import parcels_for_buyer
from orders.review_cards import review_rows
from orders.selectors import TABS, get_order, list_orders
from orders.selectors.arriving import receive_due_at
from orders.services.cancelling import cancel_by_buyer
from orders.services.receiving import extend_receiving, receive_order
from orders.statuses import OrderStatus
from payments.selectors import list_hand_refunds_to_confirm

PAGE = 20
CALLED_OFF_FROM = (OrderStatus.PENDING_PAYMENT, OrderStatus.CONFIRMED, OrderStatus.PAID)
ON_THE_WAY = (OrderStatus.SHIPPED, OrderStatus.DELIVERED)


def tab_labels() -> list[tuple[str, str]]:
    """Return the tabs of an order list, in the reader's language."""
    return [
        ("", _("All")),
        ("to_pay", _("To pay")),
        ("to_ship", _("To ship")),
        ("on_the_way", _("On the way")),
        ("completed", _("Completed")),
        ("cancelled", _("Cancelled")),
    ]


@never_cache
@login_required
@require_safe
def orders(request: HttpRequest) -> HttpResponse:
    """List the person's orders by state."""
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else ""
    page = Paginator(list_orders(user=request.user, tab=tab), PAGE).get_page(request.GET.get("page"))
    context = {
        "tabs": tab_labels(),
        "tab": tab,
        "page": page,
        "cards": [order_card(order) for order in page.object_list],
    }
    return render(request, "storefront/orders.html", context)


@never_cache
@login_required
@require_safe
def order(request: HttpRequest, number: str) -> HttpResponse:
    """Show one order: the way so far, what happens next, who grew it."""
    found = get_order(user=request.user, number=number)
    context = {
        "card": order_card(found),
        "order": found,
        "steps": steps_of(found),
        "is_called_back": found.is_cash_due and bool(called_back(found)),
        "what_next": what_next(found),
        "can_pay": found.status == OrderStatus.PENDING_PAYMENT,
        "parcels": parcels_for_buyer(found),
        "due_at": receive_due_at(found),
        "can_have_more_time": found.status in ON_THE_WAY and found.receive_extended_at is None,
        "can_cancel": found.status in CALLED_OFF_FROM
        and not any(line.shipped_units for line in found.lines.all()),
        "can_receive": found.status in (OrderStatus.SHIPPED, OrderStatus.DELIVERED) and not found.is_cash_due,
        "review_rows": review_rows(found, now=utc_now()),
        "case_box": case_box(found, now=utc_now()),
        "invoice_box": invoice_box(found, now=utc_now()),
        "cash_back": list_hand_refunds_to_confirm(buyer=request.user, number=number).first(),
        "is_moving": found.status == OrderStatus.CANCELLING,
        "money": money_box(found),
        "shares_purchase": found.group.orders.count() > 1,
    }
    return render(request, "storefront/order.html", context)


@login_required
@require_POST
def order_cancel(request: HttpRequest, number: str) -> HttpResponse:
    """Call the order off."""
    return _move(
        request,
        number,
        lambda: cancel_by_buyer(buyer=request.user, number=number, now=utc_now()),
        _("The order is called off."),
    )


@login_required
@require_POST
def order_receive(request: HttpRequest, number: str) -> HttpResponse:
    """Confirm that the parcel has come."""
    return _move(
        request,
        number,
        lambda: receive_order(buyer=request.user, number=number, now=utc_now()),
        _("Thank you! The growers will get their share."),
    )


@login_required
@require_POST
def order_more_time(request: HttpRequest, number: str) -> HttpResponse:
    """Give the buyer some days more before the order completes by itself."""
    return _move(
        request,
        number,
        lambda: extend_receiving(buyer=request.user, number=number, now=utc_now()),
        _("You have more time now."),
    )


def _move(request: HttpRequest, number: str, move, words: str) -> HttpResponse:
    get_order(user=request.user, number=number)
    try:
        move()
    except MarketError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, words)
    return redirect("storefront:order", number=number)
