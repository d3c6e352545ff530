"""Stock: one truth, moved by single SQL statements (decisions.md 9).

available + reserved + in_deals = Σ movements, reserved = Σ held reservations of the variant itself, and
in_deals = Σ (available + reserved) of its deals. What is held of a deal is counted there, not in `reserved`:
the crowd of a deal meets on the deal's own row (decisions.md 10).
"""

import secrets

from django.conf import settings
from django.db import models

from shops.models.people import Farmer, Shop
from shops.models.products import Variant
from shops.statuses import AllocationRule, LotStatus, MovementKind, ReservationStatus


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


def new_lot_code() -> str:
    """Return what is printed on a parcel for a lot: ten signs that nobody mistakes for others."""
    return "".join(secrets.choice("23456789ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(10))


class Lot(models.Model):
    """What one farmer brought: the unit of traceability and of pay. Counted in units of the variant.

    quantity = taken (by paid lines) + lost (recounted, short, or gone) + left.
    """

    code = models.CharField(max_length=10, unique=True, default=new_lot_code, editable=False)
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="lots")
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="lots")
    farmer = models.ForeignKey(Farmer, null=True, blank=True, on_delete=models.PROTECT, related_name="lots")
    quantity = models.PositiveIntegerField()
    taken = models.PositiveIntegerField(default=0, db_default=0)
    lost = models.PositiveIntegerField(default=0, db_default=0)
    status = models.CharField(max_length=10, choices=LotStatus, default=LotStatus.AVAILABLE)
    weight_g = models.PositiveIntegerField(null=True, blank=True)
    grade = models.CharField(max_length=20, blank=True, default="", db_default="")
    harvested_on = models.DateField(null=True, blank=True)
    place = models.CharField(max_length=80, blank=True, default="", db_default="")
    photo = models.ForeignKey(
        "shops.Photo", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    note = models.CharField(max_length=200, blank=True, default="", db_default="")
    # The lowest price of a unit, in fen, that its farmer agreed to when it came.
    floor_fen = models.BigIntegerField(default=0, db_default=0)
    # What it has sold less (above 0) or more than its share of the pool, in millionths of a unit.
    deficit_micro = models.BigIntegerField(default=0, db_default=0)
    declared_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="lot_positive"),
            models.CheckConstraint(
                name="lot_within_quantity",
                condition=models.Q(
                    taken__gte=0, lost__gte=0, quantity__gte=models.F("taken") + models.F("lost")
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"lot {self.pk}"

    @property
    def left(self) -> int:
        """How many units nobody has bought."""
        return self.quantity - self.taken - self.lost


class AllocationPolicy(models.Model):
    """Published rule by which paid lines of a pooled variant take lots; the newest version holds.

    A variant with a policy is pooled: its units belong to the lots of many farmers.
    """

    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="allocation_policies")
    version = models.PositiveIntegerField()
    rule = models.CharField(max_length=20, choices=AllocationRule)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    published_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "allocation policies"
        constraints = [models.UniqueConstraint(fields=["variant", "version"], name="policy_version_once")]

    def __str__(self) -> str:
        return f"{self.variant_id} v{self.version} {self.rule}"


class TermSheet(models.Model):
    """On which terms a pooled variant is sold; a new version whenever they change (decisions.md 11).

    `floor_fen` is the highest floor of the lots that could fill a line, `terms` who agreed to what:
    [{lot, farmer, authorization, floor_fen}].
    """

    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="term_sheets")
    version = models.PositiveIntegerField()
    floor_fen = models.BigIntegerField()
    terms = models.JSONField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["variant", "version"], name="term_sheet_version_once"),
            models.CheckConstraint(condition=models.Q(floor_fen__gte=0), name="term_sheet_floor_sane"),
        ]

    def __str__(self) -> str:
        return f"{self.variant_id} v{self.version} ≥ {self.floor_fen}"

    @property
    def farmer_ids(self) -> set[int]:
        """Return whose lots could fill a line."""
        return {one["farmer"] for one in self.terms if one["farmer"] is not None}


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
