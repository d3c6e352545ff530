"""Money in and back: payments, the provider's callbacks, refunds."""

from django.db import models

from orders.models import OrderGroup, RefundRequest
from payments.statuses import CallbackOutcome, PaymentPurpose, PaymentStatus, PayMethod, RefundStatus


class Payment(models.Model):
    """One attempt to be paid through one gateway; `reference` is our number at the provider.

    `pay_url` is an address, the contents of a QR code, or jsapi's prepared payment: see `method`.
    `payer_digest` tells one payer of jsapi from another without keeping who it is.
    """

    purpose = models.CharField(max_length=12, choices=PaymentPurpose, default=PaymentPurpose.ORDER_GROUP)
    group = models.ForeignKey(OrderGroup, on_delete=models.PROTECT, related_name="payments")
    gateway = models.CharField(max_length=20)
    method = models.CharField(max_length=10, choices=PayMethod, default=PayMethod.REDIRECT)
    payer_digest = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=10, choices=PaymentStatus, default=PaymentStatus.CREATED)
    amount_fen = models.BigIntegerField()
    reference = models.CharField(max_length=40, unique=True)
    provider_reference = models.CharField(max_length=64, blank=True)
    pay_url = models.TextField(blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    succeeded_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    last_queried_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(amount_fen__gt=0), name="payment_positive"),
            models.UniqueConstraint(
                fields=["gateway", "provider_reference"],
                name="payment_provider_reference_once",
                condition=~models.Q(provider_reference=""),
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"],
                name="payment_open",
                condition=models.Q(status__in=["created", "pending"]),
            )
        ]

    def __str__(self) -> str:
        return self.reference


class PaymentCallback(models.Model):
    """A raw callback whose signature was verified, kept as received (rules.md 1)."""

    gateway = models.CharField(max_length=20)
    event_id = models.CharField(max_length=64)
    payment = models.ForeignKey(
        Payment, null=True, blank=True, on_delete=models.PROTECT, related_name="callbacks"
    )
    body = models.BinaryField()
    outcome = models.CharField(max_length=12, choices=CallbackOutcome, default=CallbackOutcome.RECEIVED)
    problem = models.CharField(max_length=200, blank=True)
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["gateway", "event_id"], name="callback_event_once")]

    def __str__(self) -> str:
        return f"{self.gateway} {self.event_id}"


class Refund(models.Model):
    """The execution of one refund request (or of a payment nothing was owed for) at the provider."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    request = models.OneToOneField(
        RefundRequest, null=True, blank=True, on_delete=models.PROTECT, related_name="refund"
    )
    reference = models.CharField(max_length=40, unique=True)
    provider_reference = models.CharField(max_length=64, blank=True)
    amount_fen = models.BigIntegerField()
    reason = models.CharField(max_length=40)
    status = models.CharField(max_length=10, choices=RefundStatus, default=RefundStatus.REQUESTED)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(amount_fen__gt=0), name="refund_positive")]

    def __str__(self) -> str:
        return self.reference
