"""Flash deals, for operators."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin_base import BaseAdmin
from common.admin_links import related, state, yuan
from livestreams.models import FlashDeal


@admin.register(FlashDeal)
class FlashDealAdmin(BaseAdmin):
    """Live-only prices for a bounded quantity."""

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
        "starts_at",
        "ends_at",
    ]
    list_filter = ["status"]
    list_select_related = ["session", "rundown_item"]
    search_fields = ["session__title", "rundown_item__variant__product__title"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]
