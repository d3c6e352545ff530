"""Parcels: what lies in them, and what their carriers have told."""

from django.conf import settings
from django.db import models

from orders.models.orders import Order, OrderLine
from orders.statuses import Carrier, ParcelEvent, ParcelProblem, ReportOutcome, ShipmentStatus


class Shipment(models.Model):
    """A parcel of an order: carrier, tracking number, and what went wrong on its way, if anything."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="shipments")
    status = models.CharField(max_length=10, choices=ShipmentStatus, default=ShipmentStatus.SHIPPED)
    carrier = models.CharField(max_length=40)
    tracking_number = models.CharField(max_length=40)
    shipped_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=10, choices=ParcelProblem, blank=True, default="", db_default="")
    # When we last asked the carrier; a parcel that nobody reports is asked for again.
    asked_at = models.DateTimeField(null=True, blank=True)
    # When an operator said that what carriers had told until then is settled.
    problem_cleared_at = models.DateTimeField(null=True, blank=True)
    # When shop and buyer were told that it takes too long.
    late_told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["carrier", "tracking_number"], name="tracking_number_once")
        ]
        indexes = [
            models.Index(
                fields=["asked_at"],
                name="parcel_under_way",
                condition=models.Q(status=ShipmentStatus.SHIPPED),
            )
        ]

    def __str__(self) -> str:
        return f"{self.carrier_name} {self.tracking_number}"

    @property
    def carrier_name(self) -> str:
        """The carrier in words; what is not in our list stays as it was written."""
        return str(Carrier(self.carrier).label) if self.carrier in Carrier.values else self.carrier


class ShipmentLine(models.Model):
    """How many units of an order line lie in a parcel; their sum is the line's `shipped_units`."""

    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="parcels")
    quantity = models.PositiveIntegerField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["shipment", "line"], name="parcel_line_once"),
            models.CheckConstraint(name="parcel_line_positive", condition=models.Q(quantity__gte=1)),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class TrackingEvent(models.Model):
    """One point of a parcel's way, as its carrier told it; told again, it is still one."""

    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="events")
    state = models.CharField(max_length=12, choices=ParcelEvent)
    words = models.CharField(max_length=200)
    happened_at = models.DateTimeField()
    told_at = models.DateTimeField()

    class Meta:
        ordering = ["happened_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["shipment", "happened_at", "state", "words"], name="tracking_event_once"
            )
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.happened_at:%m-%d %H:%M}"


class ParcelCorrection(models.Model):
    """A tracking number that was wrong, or of a parcel that came back, with what its carrier had told."""

    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="corrections")
    carrier = models.CharField(max_length=40)
    tracking_number = models.CharField(max_length=40)
    problem = models.CharField(max_length=10, choices=ParcelProblem, blank=True)
    events = models.JSONField(default=list)
    corrected_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    corrected_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.carrier} {self.tracking_number}"


class CarrierReport(models.Model):
    """What a tracker sent us, signed, as it came; the same report again is the same row."""

    tracker = models.CharField(max_length=20)
    digest = models.CharField(max_length=64)
    body = models.BinaryField()
    shipment = models.ForeignKey(
        Shipment, null=True, blank=True, on_delete=models.PROTECT, related_name="reports"
    )
    outcome = models.CharField(max_length=12, choices=ReportOutcome, blank=True)
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tracker", "digest"], name="carrier_report_once")]

    def __str__(self) -> str:
        return f"{self.tracker} {self.pk}"
