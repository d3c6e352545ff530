"""Wishes to give money back; the payments app executes them (decisions.md 8)."""

from django.db import models

from orders.models.orders import Order
from orders.statuses import RefundReason, RefundRequestStatus


class RefundRequest(models.Model):
    """Money of an order that must go back to its buyer, in fen."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="refund_requests")
    amount_fen = models.BigIntegerField()
    reason = models.CharField(max_length=20, choices=RefundReason)
    status = models.CharField(
        max_length=10, choices=RefundRequestStatus, default=RefundRequestStatus.REQUESTED
    )
    requested_by = models.CharField(max_length=40)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(amount_fen__gt=0), name="refund_request_positive")
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
