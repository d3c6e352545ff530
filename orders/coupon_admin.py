"""Coupons for operators: who offers what at whose cost, who took them, and the stop button."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin_base import BaseAdmin, Move
from common.admin_links import Link, list_link, object_link, related, state, yuan
from common.clock import utc_now
from orders.models import CouponCampaign, CouponClaim
from orders.services.campaigning import stop_by_operator

COUPON_COLORS = {"held": "warning", "used": "success", "returned": "info", "expired": "danger"}


@admin.register(CouponCampaign)
class CouponCampaignAdmin(BaseAdmin):
    """Coupons that are offered, with who pays for them."""

    noun, title = _("coupon campaign"), _("Coupon campaigns")
    list_display = [
        "title",
        related("shop", _("shop")),
        "cost_bearer",
        yuan("amount_off_fen", _("amount off")),
        "percent_off",
        "claimed",
        "total",
        "ends_at",
        "stopped_at",
    ]
    list_filter = ["cost_bearer", "is_live_only", "shop"]
    list_select_related = ["shop"]
    search_fields = ["title", "shop__name", "host__name"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]
    moves = (
        Move(
            name="stop",
            label=_("Stop giving out"),
            run=lambda request, campaign, data: stop_by_operator(
                actor=request.user, campaign_id=campaign.pk, reason=data["reason"], now=utc_now()
            ),
            states=frozenset({None}),
            field="stopped_at",
            is_dangerous=True,
        ),
    )

    def links(self, campaign: CouponCampaign) -> list[Link | None]:
        """Return the coupons that were taken, the show and the shop."""
        return [
            list_link("orders.couponclaim", _("Coupons taken"), campaign__id__exact=campaign.pk),
            object_link(campaign.live_session),
            object_link(campaign.shop),
        ]


@admin.register(CouponClaim)
class CouponClaimAdmin(BaseAdmin):
    """Coupons that people took, and the purchase that has them."""

    noun, title = _("coupon"), _("Coupons")
    list_display = [
        "id",
        related("campaign", _("coupon campaign")),
        related("user", _("buyer")),
        state(COUPON_COLORS),
        related("group", _("purchase")),
        "valid_until",
    ]
    list_filter = ["status", "campaign"]
    list_select_related = ["campaign", "user", "group"]
    search_fields = ["=user__phone", "=user__email", "=orders__number", "campaign__title"]
    date_hierarchy = "claimed_at"
    ordering = ["-pk"]

    def links(self, coupon: CouponClaim) -> list[Link | None]:
        """Return the campaign, the purchase and the orders that it made cheaper."""
        return [
            object_link(coupon.campaign),
            object_link(coupon.group),
            *(object_link(order) for order in coupon.orders.all()),
        ]
