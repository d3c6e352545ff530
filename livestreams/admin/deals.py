"""Flash deals, for operators."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin_base import BaseAdmin, Move
from common.admin_links import Link, list_link, object_link, related, state, yuan
from common.clock import database_now
from livestreams.models import FlashDeal
from livestreams.services.dealing import stop_by_operator
from livestreams.statuses import DEAL_OPEN, DealStatus


@admin.register(FlashDeal)
class FlashDealAdmin(BaseAdmin):
    """Live-only prices for a bounded quantity; an operator may stop one."""

    noun, title = _("flash deal"), _("Flash deals")
    list_display = [
        "pk",
        related("session", _("live session")),
        related("rundown_item", _("rundown item")),
        state(
            {
                "scheduled": "info",
                "countdown": "warning",
                "active": "success",
                "sold_out": "danger",
                "ended": "",
            }
        ),
        yuan("price_fen", _("price")),
        "quantity",
        related("stock", _("deal stock")),
        "starts_at",
        "ends_at",
    ]
    list_filter = ["status"]
    list_select_related = ["session", "rundown_item", "stock"]
    search_fields = ["session__title", "rundown_item__variant__product__title"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]
    moves = (
        Move(
            name="stop",
            label=_("Stop the deal"),
            run=lambda request, deal, data: stop_by_operator(
                actor=request.user, deal_id=deal.pk, reason=data["reason"], now=database_now()
            ),
            states=DEAL_OPEN | {DealStatus.SCHEDULED},
            is_dangerous=True,
        ),
    )

    def links(self, deal: FlashDeal) -> list[Link | None]:
        """Return its session, its stock and what was sold at its price."""
        return [
            object_link(deal.session),
            object_link(deal.stock) if deal.stock else None,
            list_link("orders.orderline", _("Order lines"), flash_deal__id__exact=deal.pk),
        ]
