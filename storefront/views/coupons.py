"""The buyer's coupons: those taken, and taking one."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from common import limits
from common.clock import database_now, utc_now
from common.errors import MarketError
from orders.coupon_cards import coupon_shelf
from orders.coupon_selectors import list_coupons
from orders.services.claiming import claim_coupon

SHOWN, PAST_SHOWN = 300, 30


@never_cache
@login_required
@require_safe
def coupons(request: HttpRequest) -> HttpResponse:
    """Show what can be used, what waits for something and why, and what was."""
    mine = list_coupons(request.user).select_related("group")[:SHOWN]
    shelf = coupon_shelf(mine, now=database_now(), past_most=PAST_SHOWN)
    context = {"usable": shelf.usable, "waiting": shelf.waiting, "others": shelf.past}
    return render(request, "storefront/coupons.html", context)


@login_required
@require_POST
def coupon_claim(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """Take one and go back to where the person was."""
    limits.spend(name="coupons.claim", key=f"user:{request.user.pk}", limit=60, seconds=60, now=utc_now())
    try:
        claim_coupon(user=request.user, campaign_id=campaign_id, now=database_now())
    except MarketError as refusal:
        if refusal.status == 404:
            raise
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("The coupon is yours. It is used by itself when you order."))
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None) and back.startswith("/")
    return redirect(back if is_ours else "storefront:coupons")
