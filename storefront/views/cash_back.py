"""The buyer says whether money that a shop gives back by hand has come."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from common.clock import utc_now
from common.errors import MarketError, NotFound
from payments.selectors import list_hand_refunds_to_confirm
from payments.services.paying_by_hand import confirm_hand_refund, decline_hand_refund


@login_required
@require_POST
def order_cash_back(request: HttpRequest, number: str) -> HttpResponse:
    """Note the buyer's yes, or no."""
    note = list_hand_refunds_to_confirm(buyer=request.user, number=number).first()
    if note is None:
        raise NotFound()
    try:
        if request.POST.get("answer") == "yes":
            confirm_hand_refund(actor=request.user, note_id=note.pk, now=utc_now())
            messages.success(request, _("Thank you for telling us."))
        else:
            decline_hand_refund(actor=request.user, note_id=note.pk, now=utc_now())
            messages.success(request, _("We have told the shop. Write to it, or call the market."))
    except MarketError as refusal:
        messages.error(request, str(refusal.message))
    return redirect("storefront:order", number=number)
