"""Coupons for operators: who offers what at whose cost, who took them, the market's own, the stop button."""

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from common.admin_base import BaseAdmin, Move
from common.admin_links import Link, list_link, object_link, related, state, yuan
from common.clock import utc_now
from common.errors import MarketError
from orders.models import CouponCampaign, CouponClaim
from orders.services.campaigning import CouponTerms, create_campaign, stop_by_operator
from orders.statuses import CouponBearer
from shops.forms import YuanField

COUPON_COLORS = {"held": "warning", "used": "success", "returned": "info", "expired": "danger"}


TERMS = (
    "title", "amount_off_fen", "percent_off", "cap_fen", "minimum_fen", "total", "per_person", "is_live_only",
    "starts_at", "ends_at",
)  # fmt: skip


def _yuan_field(label: str, *, required: bool = False) -> YuanField:
    return YuanField(label=label, least_fen=1, required=required, widget=UnfoldAdminTextInputWidget())


class MarketCampaignForm(forms.ModelForm):
    """A coupon at the market's own cost; saved through its service, which checks what belongs together."""

    amount_off_fen = _yuan_field(_("Takes off (yuan)"))
    cap_fen = _yuan_field(_("At most (yuan), for percent"))
    minimum_fen = _yuan_field(_("From which purchase on (yuan)"), required=True)

    class Meta:
        model = CouponCampaign
        fields = ["shop", "live_session", *TERMS]


@admin.register(CouponCampaign)
class CouponCampaignAdmin(BaseAdmin):
    """Coupons that are offered, with who pays for them; operators add the market's own."""

    noun, title = _("coupon campaign"), _("Coupon campaigns")
    can_add = True
    form = MarketCampaignForm
    autocomplete_fields = ["shop", "live_session"]
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

    def get_fields(self, request: HttpRequest, obj: CouponCampaign | None = None):
        """Ask for a new one's terms."""
        return MarketCampaignForm.Meta.fields if obj is None else super().get_fields(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: CouponCampaign | None = None):
        """Let a new one be written; terms are never edited afterwards."""
        return [] if obj is None else super().get_readonly_fields(request, obj)

    def save_model(
        self, request: HttpRequest, obj: CouponCampaign, form: forms.ModelForm, change: bool
    ) -> None:
        """Make it through the service, which keeps the audit."""
        made = create_campaign(
            actor=request.user,
            terms=CouponTerms(**{name: getattr(obj, name) for name in TERMS}),
            cost_bearer=CouponBearer.PLATFORM,
            shop_id=obj.shop_id,
            session_id=obj.live_session_id,
            now=utc_now(),
        )
        obj.pk = made.pk

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context=None) -> HttpResponse:
        """Show a refusal of the service above the form."""
        try:
            return super().add_view(request, form_url, extra_context)
        except MarketError as refusal:
            for words in (refusal.fields or {"": refusal.message}).values():
                messages.error(request, words)
            return HttpResponseRedirect(request.path)

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
