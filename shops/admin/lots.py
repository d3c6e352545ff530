"""Deliveries of farmers, the rules by which orders take them, and the terms on which they are sold."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin_base import BaseAdmin
from common.admin_links import Link, list_link, object_link, related, state, yuan
from shops.models import AllocationPolicy, Lot, TermSheet

LOT_COLORS = {"available": "success", "held": "warning", "recalled": "danger", "graded": "info"}


@admin.register(Lot)
class LotAdmin(BaseAdmin):
    """What farmers brought."""

    noun, title = _("lot"), _("Lots")
    list_display = [
        "id",
        "code",
        related("variant.product", _("product")),
        related("farmer", _("farmer")),
        related("shop", _("shop")),
        "quantity",
        "taken",
        "lost",
        state(LOT_COLORS),
        "declared_at",
    ]
    list_filter = ["status"]
    list_select_related = ["variant__product", "farmer", "shop"]
    search_fields = ["=code", "variant__product__title", "farmer__name", "=farmer__contact__phone", "=id"]
    date_hierarchy = "declared_at"
    ordering = ["-pk"]

    def links(self, lot: Lot) -> list[Link | None]:
        """Return who bought of it, its movements, and whose it is."""
        return [
            list_link("orders.lotallocation", _("Who bought of it"), lot__id__exact=lot.pk),
            list_link("shops.stockmovement", _("Stock movements"), lot__id__exact=lot.pk),
            object_link(lot.farmer),
            object_link(lot.variant),
        ]


@admin.register(AllocationPolicy)
class AllocationPolicyAdmin(BaseAdmin):
    """By which published rule paid orders take lots."""

    noun, title = _("allocation policy"), _("Allocation policies")
    list_display = [related("variant.product", _("product")), "variant", "version", "rule", "published_at"]
    list_filter = ["rule"]
    list_select_related = ["variant__product"]
    search_fields = ["variant__product__title", "=variant__id"]
    ordering = ["-pk"]


@admin.register(TermSheet)
class TermSheetAdmin(BaseAdmin):
    """On which terms a shared stock is sold, version by version."""

    noun, title = _("term sheet"), _("Term sheets")
    list_display = [
        related("variant.product", _("product")),
        "variant",
        "version",
        yuan("floor_fen", _("lowest price")),
        "made_at",
    ]
    list_select_related = ["variant__product"]
    search_fields = ["variant__product__title", "=variant__id"]
    ordering = ["-pk"]
