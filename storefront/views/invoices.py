"""The buyer asks for the invoice of an order."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.forms import show_refusal
from common.clock import utc_now
from common.errors import MarketError
from orders.invoice_forms import AskInvoiceForm
from orders.selectors import get_order
from orders.selectors.invoicing import invoiceable_fen, last_wish, may_request
from orders.services.invoicing import request_invoice


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def invoice_ask(request: HttpRequest, number: str) -> HttpResponse:
    """Ask to whom it is made out, filled with what the person asked for last."""
    order = get_order(user=request.user, number=number)
    form = AskInvoiceForm(
        request.POST if request.method == "POST" else None, initial=last_wish(user=request.user)
    )
    status = 200
    if form.is_bound and form.is_valid():
        try:
            request_invoice(buyer=request.user, number=number, now=utc_now(), **form.cleaned_data)
        except MarketError as refusal:
            show_refusal(form, refusal)
            status = refusal.status
        else:
            messages.success(request, _("Asked. You are told when the invoice is there."))
            return redirect("storefront:order", number=number)
    elif form.is_bound:
        status = 400
    context = {
        "order": order,
        "form": form,
        "is_open": may_request(order, utc_now()),
        "amount_fen": invoiceable_fen(order),
    }
    return render(request, "storefront/invoice_ask.html", context, status=status)
