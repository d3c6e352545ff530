"""Cash on the desk: what the shop holds for the market, and what buyers get back by hand."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.forms import show_refusal
from common.clock import utc_now
from common.errors import MarketError, NotFound
from payments.selectors import cash_held_by, list_hand_refunds_due, list_handovers
from payments.services.handing_over import note_handover
from payments.services.paying_by_hand import note_hand_refund
from sellerdesk.cash_forms import ByHandForm, HandoverForm
from sellerdesk.permissions import member_required

SHOWN = 30


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def cash(request: HttpRequest) -> HttpResponse:
    """Show the shop's cash, and say that some is handed over."""
    shop = request.own_shops[0]
    form = HandoverForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        facts = form.cleaned_data
        key = facts.pop("key")
        try:
            note_handover(actor=request.user, shop_id=shop.pk, idempotency_key=key, now=utc_now(), **facts)
        except MarketError as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("Noted. The market confirms it when the money has come."))
            return redirect("sellerdesk:cash")
    context = {
        "form": form,
        "shop": shop,
        "held_fen": cash_held_by(shop),
        "handovers": list_handovers(shop)[:SHOWN],
        "due": [
            (refund, ByHandForm(prefix=f"r{refund.pk}")) for refund in list_hand_refunds_due(shop)[:SHOWN]
        ],
    }
    return render(request, "sellerdesk/cash.html", context, status=400 if form.is_bound else 200)


@member_required
@require_POST
def cash_back(request: HttpRequest, refund_id: int) -> HttpResponse:
    """Note that a buyer got cash back."""
    refund = next(
        (one for shop in request.own_shops for one in list_hand_refunds_due(shop).filter(pk=refund_id)), None
    )
    if refund is None:
        raise NotFound()
    form = ByHandForm(request.POST, prefix=f"r{refund_id}")
    if not form.is_valid():
        messages.error(request, _("Please say how the money went, and by which number it is found."))
        return redirect("sellerdesk:cash")
    facts = form.cleaned_data
    try:
        note_hand_refund(
            actor=request.user,
            refund_id=refund_id,
            amount_fen=refund.amount_fen,
            method=facts["method"],
            reference=facts["reference"],
            idempotency_key=facts["key"],
            now=utc_now(),
        )
    except MarketError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("Noted. We ask the buyer whether the money has come."))
    return redirect("sellerdesk:cash")
