"""Whose goods paid lines took, and why."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin_base import BaseAdmin
from common.admin_links import Link, list_link, object_link, related, yuan
from orders.models import Allotment, LotAllocation, LotReturn, Weighing


@admin.register(Allotment)
class AllotmentAdmin(BaseAdmin):
    """Decisions whose goods a line takes, with all that they were decided from."""

    noun, title = _("allotment"), _("Allotments")
    list_display = ["id", related("order_line", _("order line")), "rule", "reason", "wanted", "made_at"]
    list_filter = ["rule", "reason"]
    list_select_related = ["order_line"]
    search_fields = ["=order_line__order__number", "=order_line__id"]
    date_hierarchy = "made_at"
    ordering = ["-pk"]

    def links(self, allotment: Allotment) -> list[Link | None]:
        """Return what was given, and the line."""
        return [
            list_link("orders.lotallocation", _("Units from lots"), allotment__id__exact=allotment.pk),
            object_link(allotment.order_line),
        ]


@admin.register(LotAllocation)
class LotAllocationAdmin(BaseAdmin):
    """Units of lines that came out of lots."""

    noun, title = _("units from a lot"), _("Units from lots")
    list_display = [
        "id",
        related("lot", _("lot")),
        related("farmer", _("farmer")),
        related("order_line", _("order line")),
        "quantity",
        "moved",
        "returned",
        yuan("gross_fen", _("price")),
    ]
    list_select_related = ["lot", "farmer", "order_line"]
    search_fields = ["=order_line__order__number", "=lot__code", "=lot__id", "farmer__name"]
    ordering = ["-pk"]

    def links(self, one: LotAllocation) -> list[Link | None]:
        """Return the lot, the line and its order."""
        return [object_link(one.lot), object_link(one.order_line), object_link(one.order_line.order)]


@admin.register(LotReturn)
class LotReturnAdmin(BaseAdmin):
    """What cases took back from the shares of lots."""

    noun, title = _("return of a lot's share"), _("Returns of lots' shares")
    list_display = [
        "id",
        related("line", _("case line")),
        related("allocation", _("units from a lot")),
        yuan("amount_fen", _("amount")),
    ]
    list_select_related = ["line", "allocation"]
    search_fields = ["=line__case__id", "=allocation__lot__code"]
    ordering = ["-pk"]


@admin.register(Weighing)
class WeighingAdmin(BaseAdmin):
    """What lines weighed instead of what was ordered."""

    noun, title = _("weighing"), _("Weighings")
    list_display = [
        "id",
        related("order_line", _("order line")),
        "ordered_g",
        "weighed_g",
        related("case", _("case")),
        related("weighed_by", _("person")),
        "weighed_at",
    ]
    list_select_related = ["order_line", "case", "weighed_by"]
    search_fields = ["=order_line__order__number", "=order_line__id"]
    date_hierarchy = "weighed_at"
    ordering = ["-pk"]

    def links(self, weighing: Weighing) -> list[Link | None]:
        """Return the line, its order, and the money back."""
        return [
            object_link(weighing.order_line),
            object_link(weighing.order_line.order),
            object_link(weighing.case) if weighing.case else None,
        ]
