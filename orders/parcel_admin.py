"""Parcels for operators: what lies in them, what their carriers told."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin_base import BaseAdmin
from common.admin_links import related, state
from orders.models import CarrierReport, ParcelCorrection, ShipmentLine, TrackingEvent


@admin.register(ShipmentLine)
class ShipmentLineAdmin(BaseAdmin):
    """What lies in parcels."""

    noun, title = _("packed line"), _("Packed lines")
    list_display = [related("shipment", _("parcel")), related("line", _("order line")), "quantity"]
    list_select_related = ["shipment", "line"]
    search_fields = ["=shipment__tracking_number", "=line__order__number"]
    ordering = ["-pk"]


@admin.register(TrackingEvent)
class TrackingEventAdmin(BaseAdmin):
    """The way of parcels, as carriers told it."""

    noun, title = _("point of a way"), _("Ways of parcels")
    list_display = [
        related("shipment", _("parcel")),
        state(
            {"delivered": "success", "lost": "danger", "refused": "danger", "returned": "warning"}, "state"
        ),
        "happened_at",
        "told_at",
    ]
    list_filter = ["state"]
    list_select_related = ["shipment"]
    search_fields = ["=shipment__tracking_number", "=shipment__order__number"]
    date_hierarchy = "happened_at"
    ordering = ["-pk"]


@admin.register(ParcelCorrection)
class ParcelCorrectionAdmin(BaseAdmin):
    """Tracking numbers that were put right: what stood there before, and who changed it."""

    noun, title = _("corrected tracking number"), _("Corrected tracking numbers")
    list_display = [
        "id",
        related("shipment", _("parcel")),
        "carrier",
        "tracking_number",
        related("corrected_by", _("by")),
        "corrected_at",
    ]
    list_select_related = ["shipment", "corrected_by"]
    search_fields = ["=tracking_number", "=shipment__tracking_number", "=shipment__order__number"]
    date_hierarchy = "corrected_at"
    ordering = ["-pk"]


@admin.register(CarrierReport)
class CarrierReportAdmin(BaseAdmin):
    """Signed reports, kept as received; a quarantined one is of a parcel that we do not know."""

    noun, title = _("carrier's report"), _("Reports of carriers")
    list_display = [
        "tracker",
        related("shipment", _("parcel")),
        state({"processed": "success", "quarantined": "danger"}, "outcome"),
        "received_at",
    ]
    list_filter = ["tracker", "outcome"]
    list_select_related = ["shipment"]
    search_fields = ["=shipment__tracking_number", "=shipment__order__number"]
    exclude = ["body"]
    date_hierarchy = "received_at"
    ordering = ["-pk"]
