"""The sending of money for a statement."""

from django.conf import settings
from django.db import models

from payouts.models.statements import PayoutStatement
from payouts.statuses import PayoutMethod, PayoutStatus


class Payout(models.Model):
    """The sending of money for a statement: made by one operator, marked paid with a reference."""

    statement = models.OneToOneField(PayoutStatement, on_delete=models.PROTECT, related_name="payout")
    amount_fen = models.BigIntegerField()
    method = models.CharField(max_length=10, choices=PayoutMethod, default=PayoutMethod.CASH)
    status = models.CharField(max_length=10, choices=PayoutStatus, default=PayoutStatus.PENDING)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    paid_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    paid_at = models.DateTimeField(null=True, blank=True)
    reference = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(amount_fen__gt=0), name="payout_positive"),
            models.CheckConstraint(
                name="payout_two_people",
                condition=models.Q(paid_by=None) | ~models.Q(paid_by=models.F("approved_by")),
            ),
            models.CheckConstraint(
                name="payout_paid_by_name",
                condition=~models.Q(status="paid")
                | (
                    models.Q(approved_by__isnull=False, paid_by__isnull=False, paid_at__isnull=False)
                    & ~models.Q(reference="")
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
