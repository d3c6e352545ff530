"""The buyer asks for the invoice of an order; whoever may read a document saves it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.forms import show_refusal
from common.clock import utc_now
from common.errors import MarketError
from orders.invoice_document import document_answer
from orders.invoice_forms import AskInvoiceForm
from orders.selectors import get_order
from orders.selectors.invoicing import invoiceable_fen, last_wish, may_request
from orders.services.invoicing import open_document, request_invoice


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


@never_cache
@login_required
@require_safe
def invoice_pdf(request: HttpRequest, invoice_id: int) -> FileResponse:
    """Give the document to its buyer, its shop or an operator (audited); a stranger gets 404."""
    return document_answer(open_document(user=request.user, invoice_id=invoice_id, now=utc_now()))
