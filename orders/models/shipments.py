"""Parcels."""

from django.db import models

from orders.models.orders import Order
from orders.statuses import Carrier, ShipmentStatus


class Shipment(models.Model):
    """A parcel of an order: carrier and tracking number."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="shipments")
    status = models.CharField(max_length=10, choices=ShipmentStatus, default=ShipmentStatus.SHIPPED)
    carrier = models.CharField(max_length=40)
    tracking_number = models.CharField(max_length=40)
    shipped_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["carrier", "tracking_number"], name="tracking_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.carrier} {self.tracking_number}"

    @property
    def carrier_name(self) -> str:
        """The carrier in words; what is not in our list stays as it was written."""
        return str(Carrier(self.carrier).label) if self.carrier in Carrier.values else self.carrier
