"""Invoices on the desk: what is to be issued or reversed, each one's page, and the shop's moves."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.forms import show_refusal
from common import limits
from common.clock import utc_now
from common.errors import MarketError, NotFound
from orders.invoice_cards import invoice_for_shop
from orders.invoice_forms import IssueInvoiceForm, RefuseInvoiceForm, ReverseInvoiceForm
from orders.models import Invoice
from orders.selectors.invoicing import desk_invoices, get_shop_invoice, invoiceable_fen
from orders.services.invoicing import issue_invoice, refuse_invoice, reverse_invoice
from orders.statuses import InvoiceStatus
from sellerdesk.permissions import member_required

PAGE = 20


@never_cache
@member_required
@require_safe
def invoices(request: HttpRequest) -> HttpResponse:
    """List what the person's shops have to issue or reverse, or what is done."""
    tab = "done" if request.GET.get("tab") == "done" else "to_do"
    found = desk_invoices(user=request.user, to_do=tab == "to_do")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "tab": tab,
        "tabs": [("to_do", _("To do")), ("done", _("Done"))],
        "page": page,
        "cards": [invoice_for_shop(invoice) for invoice in page.object_list],
    }
    return render(request, "sellerdesk/invoices.html", context)


@never_cache
@login_required
@require_safe
def invoice(request: HttpRequest, invoice_id: int) -> HttpResponse:
    """Show one invoice to a member of its shop, with the form of what is to do."""
    return _page(request, get_shop_invoice(user=request.user, invoice_id=invoice_id))


@login_required
@require_POST
def invoice_issue(request: HttpRequest, invoice_id: int) -> HttpResponse:
    """Hand over the document."""
    found = get_shop_invoice(user=request.user, invoice_id=invoice_id)
    now = utc_now()
    limits.spend(name="invoices.pages", key=f"user:{request.user.pk}", limit=20, seconds=60, now=now)
    form = IssueInvoiceForm(request.POST, request.FILES)
    return _moved(request, found, "issue", form, issue_invoice, _("Issued. The buyer has been told."))


@login_required
@require_POST
def invoice_refuse(request: HttpRequest, invoice_id: int) -> HttpResponse:
    """Say why there is no invoice."""
    found = get_shop_invoice(user=request.user, invoice_id=invoice_id)
    form = RefuseInvoiceForm(request.POST)
    return _moved(
        request, found, "refuse", form, refuse_invoice, _("You said no. The buyer has been told why.")
    )


@login_required
@require_POST
def invoice_reverse(request: HttpRequest, invoice_id: int) -> HttpResponse:
    """Note the red invoice."""
    found = get_shop_invoice(user=request.user, invoice_id=invoice_id)
    form = ReverseInvoiceForm(request.POST, is_due=found.reversal_due_at is not None)
    return _moved(request, found, "reverse", form, reverse_invoice, _("Reversed. The buyer has been told."))


def _moved(
    request: HttpRequest, found: Invoice, act: str, form: Form, move: Callable[..., Any], words: str
) -> HttpResponse:
    if not form.is_valid():
        return _page(request, found, act, form, status=400)
    try:
        move(actor=request.user, invoice_id=found.pk, now=utc_now(), **form.cleaned_data)
    except NotFound:
        raise
    except MarketError as refusal:
        found.refresh_from_db()
        if act not in _acts(found):
            messages.error(request, str(refusal.message))
            return redirect("sellerdesk:invoice", invoice_id=found.pk)
        show_refusal(form, refusal)
        return _page(request, found, act, form, status=refusal.status)
    messages.success(request, words)
    return redirect("sellerdesk:invoice", invoice_id=found.pk)


def _acts(found: Invoice) -> tuple[str, ...]:
    if found.status == InvoiceStatus.REQUESTED:
        return ("issue", "refuse")
    return ("reverse",) if found.status == InvoiceStatus.ISSUED else ()


def _empty_form(found: Invoice, act: str) -> Form | None:
    if act == "issue":
        return IssueInvoiceForm(initial={"issued_on": timezone.localdate()})
    if act == "refuse":
        return RefuseInvoiceForm()
    return ReverseInvoiceForm(is_due=found.reversal_due_at is not None) if act == "reverse" else None


def _page(
    request: HttpRequest, found: Invoice, act: str = "", form: Form | None = None, *, status: int = 200
) -> HttpResponse:
    acts = _acts(found)
    act = act or request.GET.get("act", "")
    if act not in acts:
        # What waits is done at once; an invoice that is all right is reversed only when somebody asks for it.
        act = acts[0] if acts and (acts[0] == "issue" or found.reversal_due_at) else ""
    context = {
        "card": invoice_for_shop(found),
        "invoice": found,
        "order": found.order,
        "acts": acts,
        "act": act,
        "form": form or _empty_form(found, act),
        "amount_fen": found.amount_fen or invoiceable_fen(found.order),
    }
    return render(request, "sellerdesk/invoice.html", context, status=status)
