"""Coupons on the desk: what the shop gives away, and how much is taken."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.forms import show_refusal
from common.clock import database_now
from common.errors import MarketError
from orders.coupon_cards import condition_of, promise_of
from orders.coupon_selectors import list_campaigns
from orders.models import CouponCampaign
from orders.services.campaigning import create_campaign, stop_campaign
from sellerdesk.coupon_forms import CampaignForm
from sellerdesk.permissions import member_required

SHOWN = 60


@member_required
@require_safe
def coupons(request: HttpRequest) -> HttpResponse:
    """List the shop's coupons, the newest first."""
    now = database_now()
    rows = [_row(campaign, now) for campaign in list_campaigns(request.user)[:SHOWN]]
    return render(request, "sellerdesk/coupons.html", {"rows": rows})


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def coupon_new(request: HttpRequest) -> HttpResponse:
    """Offer a coupon."""
    shop = request.own_shops[0]
    posted = request.POST if request.method == "POST" else None
    initial = {"live_session": request.GET.get("show")}
    form = CampaignForm(posted, user=request.user, shop=shop, initial=initial)
    if posted is not None and form.is_valid():
        session = form.cleaned_data["live_session"]
        now = database_now()
        try:
            create_campaign(
                actor=request.user,
                terms=form.terms(now),
                cost_bearer=form.cleaned_data["cost_bearer"],
                shop_id=shop.pk,
                session_id=session.pk if session else None,
                now=now,
            )
        except MarketError as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("The coupon can be taken now."))
            return redirect("sellerdesk:coupons")
    status = 400 if posted is not None else 200
    return render(request, "sellerdesk/coupon_form.html", {"form": form}, status=status)


@member_required
@require_POST
def coupon_stop(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """Give out no more."""
    stop_campaign(actor=request.user, campaign_id=campaign_id, now=database_now())
    messages.success(request, _("Nobody can take more of these. Those taken stay good."))
    return redirect("sellerdesk:coupons")


def _row(campaign: CouponCampaign, now) -> dict:
    is_open = campaign.stopped_at is None and campaign.ends_at > now
    return {
        "campaign": campaign,
        "promise": promise_of(campaign),
        "condition": condition_of(campaign),
        "is_open": is_open,
        "bearer": campaign.get_cost_bearer_display(),
    }
