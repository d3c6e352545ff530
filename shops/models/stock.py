"""Stock: one truth, moved by single SQL statements (decisions.md 9).

available + reserved + in_deals = Σ movements, reserved = Σ held reservations of the variant itself, and
in_deals = Σ (available + reserved) of its deals. What is held of a deal is counted there, not in `reserved`:
the crowd of a deal meets on the deal's own row (decisions.md 10).
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
    in_deals = models.IntegerField(default=0, db_default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="variant_stock_not_negative",
                condition=models.Q(available__gte=0, reserved__gte=0, sold__gte=0, in_deals__gte=0),
            )
        ]

    def __str__(self) -> str:
        return f"{self.variant_id}: {self.available}"


class DealStock(models.Model):
    """Units of a variant set aside for one flash deal: quantity = available + reserved + sold + given back.

    While open, units of unpaid orders come back here; afterwards to the variant.
    """

    variant = models.ForeignKey(
        Variant, on_delete=models.CASCADE, db_constraint=False, related_name="deal_stocks"
    )
    quantity = models.PositiveIntegerField()
    available = models.IntegerField(default=0)
    reserved = models.IntegerField(default=0)
    sold = models.IntegerField(default=0)
    is_open = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="deal_stock_not_negative",
                condition=models.Q(available__gte=0, reserved__gte=0, sold__gte=0),
            ),
            models.CheckConstraint(
                name="deal_stock_closed_is_empty", condition=models.Q(is_open=True) | models.Q(available=0)
            ),
            models.CheckConstraint(
                name="deal_stock_within_quantity",
                condition=models.Q(
                    quantity__gte=models.F("available") + models.F("reserved") + models.F("sold")
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.available} of {self.quantity}"


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
    deal_stock = models.ForeignKey(
        DealStock, null=True, blank=True, on_delete=models.PROTECT, db_constraint=False,
        related_name="reservations",
    )  # fmt: skip
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
