"""What sending costs, as each shop has settled it; shops change it, operators look."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin_base import BaseAdmin, ReadOnlyInline
from common.admin_links import Link, list_link, object_link, related, yuan
from shops.models import FreightTemplate, FreightZone


class FreightZoneInline(ReadOnlyInline):
    """The fees by region."""

    model = FreightZone
    fields = readonly_fields = [
        "region_codes",
        "is_deliverable",
        "first_units",
        yuan("first_fen", _("first fee")),
        "step_units",
        yuan("step_fen", _("each further fee")),
    ]


@admin.register(FreightTemplate)
class FreightTemplateAdmin(BaseAdmin):
    """Freight templates of shops."""

    noun, title = _("freight template"), _("Freight templates")
    list_display = [
        "name",
        related("shop", _("shop")),
        "measure",
        yuan("free_above_fen", _("free from")),
        yuan("cold_chain_fen", _("cold chain")),
        "is_default",
    ]
    list_filter = ["measure", "is_default"]
    list_select_related = ["shop"]
    search_fields = ["name", "shop__name", "=shop__contact__phone"]
    inlines = [FreightZoneInline]

    def links(self, template: FreightTemplate) -> list[Link | None]:
        """Return the shop and the goods that name this template."""
        goods = list_link("shops.product", _("Goods"), freight_template__id__exact=template.pk)
        return [object_link(template.shop), goods]


@admin.register(FreightZone)
class FreightZoneAdmin(BaseAdmin):
    """The fees of each template by region."""

    noun, title = _("freight zone"), _("Freight zones")
    list_display = [
        related("template", _("freight template")),
        "region_codes",
        "is_deliverable",
        yuan("first_fen", _("first fee")),
        yuan("step_fen", _("each further fee")),
    ]
    list_select_related = ["template"]
    search_fields = ["template__name", "template__shop__name"]
