"""Which lots a paid line took, and how that was decided (decisions.md 11)."""

from django.db import models

from common.money import money_text
from orders.models.after_sales import AfterSaleLine
from orders.models.orders import OrderLine
from orders.statuses import AllotmentReason
from shops.models import Farmer, Lot
from shops.statuses import AllocationRule


class Allotment(models.Model):
    """One decision whose goods a line takes, with all that it was decided from.

    `manage.py explain_allocation` repeats it. `offers` are the lots as they stood:
    [{lot, brought, left, deficit_micro, came_on}].
    """

    order_line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="allotments")
    rule = models.CharField(max_length=20, choices=AllocationRule)
    # 0: a simple listing, whose goods go out in the order in which they came.
    policy_version = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=10, choices=AllotmentReason)
    wanted = models.PositiveIntegerField()
    offers = models.JSONField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(wanted__gt=0), name="allotment_positive")]

    def __str__(self) -> str:
        return f"#{self.pk}"


class LotAllocation(models.Model):
    """Units of a line that came out of a lot.

    `moved` were taken from other lots instead before they were sent, `returned` went back to the lot with the
    money. The parts of the price are frozen when the order completes, in pools only.
    """

    allotment = models.ForeignKey(Allotment, on_delete=models.PROTECT, related_name="allocations")
    order_line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="allocations")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="allocations")
    farmer = models.ForeignKey(Farmer, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    moved = models.PositiveIntegerField(default=0, db_default=0)
    returned = models.PositiveIntegerField(default=0, db_default=0)
    gross_fen = models.BigIntegerField(null=True, blank=True)
    host_fen = models.BigIntegerField(null=True, blank=True)
    platform_fen = models.BigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["allotment", "lot"], name="allocation_lot_once"),
            models.CheckConstraint(
                name="allocation_within_quantity",
                condition=models.Q(quantity__gt=0, quantity__gte=models.F("moved") + models.F("returned")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["order_line", "farmer"],
                name="allocation_shares",
                condition=models.Q(gross_fen__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def kept(self) -> int:
        """How many units the line still has of the lot."""
        return self.quantity - self.moved - self.returned

    @property
    def farmer_fen(self) -> int:
        """What the lot's farmer gets, in fen, once the order is complete."""
        return (self.gross_fen or 0) - (self.host_fen or 0) - (self.platform_fen or 0)


class LotReturn(models.Model):
    """What a granted case takes back from the share of one lot, frozen with the case."""

    line = models.ForeignKey(AfterSaleLine, on_delete=models.PROTECT, related_name="lot_returns")
    allocation = models.ForeignKey(LotAllocation, on_delete=models.PROTECT, related_name="returns")
    amount_fen = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["line", "allocation"], name="lot_return_once")]

    def __str__(self) -> str:
        return f"#{self.pk} {money_text(self.amount_fen)}"
