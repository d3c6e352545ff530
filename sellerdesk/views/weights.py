"""The scales at the desk: what a line really weighs, and what goes back for it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.forms import show_refusal
from common.clock import utc_now
from common.errors import MarketError
from common.money import yuan_text
from orders.cards import line_card
from orders.forms import WeightForm
from orders.selectors import get_shop_order
from orders.services.weighing import may_weigh, quote_weight, settle_weight
from orders.weight_cards import weight_text
from sellerdesk.permissions import member_required


@never_cache
@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def line_weight(request: HttpRequest, number: str, line_id: int) -> HttpResponse:
    """Take a weight, show what goes back for it, and settle that sum when it is agreed to."""
    order = get_shop_order(user=request.user, number=number)
    line = get_object_or_404(order.lines.all(), pk=line_id)
    form = WeightForm(request.POST if request.method == "POST" else None)
    can_weigh, refund_fen, status = may_weigh(order, line), None, 200
    if form.is_bound and not form.is_valid():
        status = 400
    elif form.is_bound:
        weight_g = form.cleaned_data["weight_g"]
        try:
            refund_fen = quote_weight(order=order, line=line, weight_g=weight_g)
            if request.POST.get("refund_fen") == str(refund_fen):
                settle_weight(
                    actor=request.user, number=number, line_id=line.pk, weight_g=weight_g, now=utc_now()
                )
                messages.success(request, _words(refund_fen))
                return redirect("sellerdesk:order", number=number)
        except MarketError as refusal:
            show_refusal(form, refusal)
            status = refusal.status
    ordered_g = (line.variant.weight_g or 0) * line.quantity
    context = {
        "order": order,
        "card": line_card(line),
        "form": form,
        "can_weigh": can_weigh,
        "ordered": weight_text(ordered_g),
        "weighed": weight_text(form.cleaned_data["weight_g"]) if refund_fen is not None else "",
        "refund_fen": refund_fen,
    }
    return render(request, "sellerdesk/weight.html", context, status=status)


def _words(refund_fen: int) -> str:
    if not refund_fen:
        return _("Noted. Nothing goes back.")
    return _("Noted. ¥%(amount)s go back, and the buyer is told.") % {"amount": yuan_text(refund_fen)}
