"""After the sale: what a buyer asks back, line by line, and how it went on."""

from django.conf import settings
from django.db import models

from common.money import money_text
from orders.models.orders import CommissionLine, Order, OrderLine
from orders.models.refunds import RefundRequest
from orders.statuses import CaseActor, CaseKind, CaseReason, CaseStatus, CostBearer
from shops.models import Lot, Photo


class AfterSaleCaseQuerySet(models.QuerySet):
    """Scopes of cases."""

    def for_buyer(self, user):
        """Return the person's own cases."""
        return self.filter(order__group__buyer=user)

    def for_member(self, user):
        """Return cases of shops the person works in."""
        return self.filter(order__shop__memberships__user=user).distinct()


class AfterSaleCase(models.Model):
    """What a buyer asks back of one order.

    `amount_fen` is the sum of its lines; `freight_fen` goes back with the order's last units when the buyer
    is not to blame. What happens by itself at `deadline_at` follows from the state.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="cases")
    kind = models.CharField(max_length=20, choices=CaseKind)
    reason = models.CharField(max_length=20, choices=CaseReason)
    status = models.CharField(max_length=20, choices=CaseStatus, default=CaseStatus.REQUESTED)
    text = models.CharField(max_length=500, blank=True)
    amount_fen = models.BigIntegerField()
    freight_fen = models.BigIntegerField(default=0)
    # Where the shop wants the goods, or why it said no.
    reply = models.CharField(max_length=300, blank=True)
    return_carrier = models.CharField(max_length=40, blank=True)
    return_tracking_number = models.CharField(max_length=40, blank=True)
    is_restocked = models.BooleanField(default=False)
    refund_request = models.OneToOneField(
        RefundRequest, null=True, blank=True, on_delete=models.PROTECT, related_name="case"
    )
    requested_at = models.DateTimeField()
    deadline_at = models.DateTimeField(null=True, blank=True)
    appealed_at = models.DateTimeField(null=True, blank=True)
    granted_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = AfterSaleCaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="case_amounts", condition=models.Q(amount_fen__gt=0, freight_fen__gte=0)
            ),
            # Money is promised exactly when the case is granted.
            models.CheckConstraint(
                name="case_granted_has_refund",
                condition=models.Q(status__in=["awaiting_refund", "refunded"], refund_request__isnull=False)
                | (
                    ~models.Q(status__in=["awaiting_refund", "refunded"])
                    & models.Q(refund_request__isnull=True)
                ),
            ),
        ]
        indexes = [
            models.Index(
                fields=["deadline_at"], name="case_due", condition=models.Q(deadline_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def units(self) -> int:
        """Return how many units it is about."""
        return sum(line.quantity for line in self.lines.all())

    @property
    def total_fen(self) -> int:
        """Return what the buyer gets, in fen."""
        return self.amount_fen + self.freight_fen


class AfterSaleLine(models.Model):
    """Units of one order line, the money asked back for them, and who carries the loss."""

    case = models.ForeignKey(AfterSaleCase, on_delete=models.PROTECT, related_name="lines")
    order_line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="after_sale_lines")
    # Whose units they are, where the shop knows it.
    lot = models.ForeignKey(Lot, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # None of what only weighs less than was ordered: its money is taken out of what every unit is worth.
    quantity = models.PositiveIntegerField()
    # So many of them are on the shelf again.
    shelf_units = models.PositiveIntegerField(default=0, db_default=0)
    worth_fen = models.BigIntegerField()  # what was paid for these units
    amount_fen = models.BigIntegerField()
    discount_fen = models.BigIntegerField(default=0)  # the coupon's share that goes back to its bearer
    cost_bearer = models.CharField(max_length=10, choices=CostBearer)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["case", "order_line"], name="case_line_once"),
            models.CheckConstraint(
                name="case_line_within_worth",
                condition=models.Q(
                    quantity__gte=models.F("shelf_units"),
                    amount_fen__gt=0,
                    amount_fen__lte=models.F("worth_fen"),
                    discount_fen__gte=0,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class CommissionReturn(models.Model):
    """What a granted line takes back from one frozen share of the sale, in fen."""

    line = models.ForeignKey(AfterSaleLine, on_delete=models.PROTECT, related_name="commission_returns")
    commission = models.ForeignKey(CommissionLine, on_delete=models.PROTECT, related_name="returns")
    amount_fen = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["line", "commission"], name="commission_return_once"),
            models.CheckConstraint(
                name="commission_return_not_negative", condition=models.Q(amount_fen__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {money_text(self.amount_fen)}"


class AfterSalePhoto(models.Model):
    """Evidence."""

    case = models.ForeignKey(AfterSaleCase, on_delete=models.PROTECT, related_name="evidence")
    photo = models.ForeignKey(Photo, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["case", "photo"], name="case_photo_once")]

    def __str__(self) -> str:
        return f"#{self.pk}"


class AfterSaleEvent(models.Model):
    """One step of a case: who moved it, where to, and in which words."""

    case = models.ForeignKey(AfterSaleCase, on_delete=models.PROTECT, related_name="events")
    status = models.CharField(max_length=20, choices=CaseStatus)
    by = models.CharField(max_length=10, choices=CaseActor)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    text = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"#{self.pk} {self.get_status_display()}"
