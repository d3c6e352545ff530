"""Stock: one truth, moved by single SQL statements (decisions.md 9).

available + reserved = Σ movements, and reserved = Σ held reservations.
"""

from django.db import models

from shops.models.people import Farmer, Shop
from shops.models.products import Variant
from shops.statuses import LotStatus, MovementKind, ReservationStatus


class VariantStock(models.Model):
    """The only sellable counter of a variant: a narrow, hot row without a foreign key to it (speed.md)."""

    variant = models.OneToOneField(
        Variant, primary_key=True, on_delete=models.CASCADE, db_constraint=False, related_name="stock"
    )
    available = models.IntegerField(default=0)
    reserved = models.IntegerField(default=0)
    sold = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="variant_stock_not_negative",
                condition=models.Q(available__gte=0, reserved__gte=0, sold__gte=0),
            )
        ]

    def __str__(self) -> str:
        return f"{self.variant_id}: {self.available}"


class Lot(models.Model):
    """What one farmer brought: the unit of traceability and of pay. `quantity` in units of the variant."""

    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="lots")
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="lots")
    farmer = models.ForeignKey(Farmer, null=True, blank=True, on_delete=models.PROTECT, related_name="lots")
    quantity = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=LotStatus, default=LotStatus.AVAILABLE)
    harvested_on = models.DateField(null=True, blank=True)
    declared_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"lot {self.pk}"


class StockMovement(models.Model):
    """Units in (positive) or out (negative) of a variant, with the document that says why. Append-only."""

    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="movements")
    lot = models.ForeignKey(Lot, null=True, blank=True, on_delete=models.PROTECT, related_name="movements")
    kind = models.CharField(max_length=10, choices=MovementKind)
    quantity = models.IntegerField()
    reference = models.CharField(max_length=60)
    actor = models.CharField(max_length=40, default="system")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(quantity=0), name="stock_movement_not_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.variant_id} {self.quantity:+d} {self.kind}"


class StockReservation(models.Model):
    """Units held for a document ("order_line:7") until `expires_at` by the database's clock."""

    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="reservations")
    quantity = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=ReservationStatus, default=ReservationStatus.HELD)
    reference = models.CharField(max_length=60, unique=True)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="reservation_positive")
        ]
        indexes = [
            models.Index(fields=["expires_at"], name="reservation_held", condition=models.Q(status="held"))
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.variant_id} for {self.reference}"
