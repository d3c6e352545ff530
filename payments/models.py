"""Money in and back: payments, the provider's callbacks, refunds, and cash that goes from hand to hand."""

from django.conf import settings
from django.db import models

from livestreams.models import Gift
from orders.models import Order, OrderGroup, RefundRequest
from payments.statuses import (
    BillKind,
    BillLineKind,
    CallbackOutcome,
    Giver,
    HandMethod,
    HandoverStatus,
    HandRefundStatus,
    LineMatch,
    PaymentPurpose,
    PaymentStatus,
    PayMethod,
    RefundStatus,
    UnmatchedDecision,
    UnmatchedStatus,
)
from shops.models import Photo, Shop


class Payment(models.Model):
    """One attempt to be paid through one gateway; `reference` is our number at the provider.

    `pay_url` is an address, the contents of a QR code, or jsapi's prepared payment: see `method`.
    `payer_digest` tells one payer of jsapi from another without keeping who it is.
    """

    purpose = models.CharField(max_length=12, choices=PaymentPurpose, default=PaymentPurpose.ORDER_GROUP)
    group = models.ForeignKey(
        OrderGroup, null=True, blank=True, on_delete=models.PROTECT, related_name="payments"
    )
    gift = models.ForeignKey(Gift, null=True, blank=True, on_delete=models.PROTECT, related_name="payments")
    # Of cash at the door, which comes parcel by parcel; a provider is paid for the whole purchase.
    order = models.ForeignKey(Order, null=True, blank=True, on_delete=models.PROTECT, related_name="cash")
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
            models.CheckConstraint(
                name="payment_for_one_thing",
                condition=models.Q(purpose="order_group", group__isnull=False, gift=None)
                | models.Q(purpose="gift", group=None, order=None, gift__isnull=False),
            ),
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
    """The execution at the provider of one refund request, of a gift that goes back to its giver, or of a
    payment nothing was owed for.
    """

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    request = models.OneToOneField(
        RefundRequest, null=True, blank=True, on_delete=models.PROTECT, related_name="refund"
    )
    gift = models.OneToOneField(Gift, null=True, blank=True, on_delete=models.PROTECT, related_name="refund")
    # Of money that paid nothing: how much came, and under which number.
    unmatched = models.OneToOneField(
        "payments.UnmatchedMoney", null=True, blank=True, on_delete=models.PROTECT, related_name="refund"
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


class UnmatchedMoney(models.Model):
    """Real money that came with facts that do not match its payment (rules.md B4).

    One operator proposes what becomes of it, another one decides; the book holds it as unmatched meanwhile.
    """

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="unmatched")
    reference = models.CharField(max_length=64)
    provider_reference = models.CharField(max_length=64)
    amount_fen = models.BigIntegerField()
    problem = models.CharField(max_length=200)
    found_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=UnmatchedStatus, default=UnmatchedStatus.WAITING)
    decision = models.CharField(max_length=10, choices=UnmatchedDecision, blank=True)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    proposed_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(amount_fen__gt=0), name="unmatched_positive"),
            models.UniqueConstraint(
                fields=["payment", "provider_reference", "amount_fen"], name="unmatched_once"
            ),
            models.CheckConstraint(
                name="unmatched_two_people",
                condition=models.Q(decided_by=None) | ~models.Q(decided_by=models.F("proposed_by")),
            ),
            models.CheckConstraint(
                name="unmatched_decided",
                condition=models.Q(status__in=["waiting", "proposed"], decided_by=None)
                | (~models.Q(status__in=["waiting", "proposed"]) & models.Q(decided_by__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class CashHandover(models.Model):
    """Cash of parcels that a shop or a carrier hands over to the market; posted when it is received."""

    shop = models.ForeignKey(
        Shop, null=True, blank=True, on_delete=models.PROTECT, related_name="cash_handovers"
    )
    carrier = models.CharField(max_length=40, blank=True)
    amount_fen = models.BigIntegerField()
    method = models.CharField(max_length=10, choices=HandMethod)
    reference = models.CharField(max_length=80)
    status = models.CharField(max_length=10, choices=HandoverStatus, default=HandoverStatus.NOTED)
    noted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    noted_at = models.DateTimeField()
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    words = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(amount_fen__gt=0), name="handover_positive"),
            models.CheckConstraint(
                name="handover_one_holder",
                condition=models.Q(shop__isnull=False, carrier="")
                | (models.Q(shop=None) & ~models.Q(carrier="")),
            ),
            models.CheckConstraint(
                name="handover_answered",
                condition=models.Q(status="noted", answered_by=None)
                | (~models.Q(status="noted") & models.Q(answered_by__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class HandRefund(models.Model):
    """A refund of cash that is given back by hand: by whom, how, with which receipt, and who confirmed it."""

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="by_hand")
    giver = models.CharField(max_length=10, choices=Giver)
    method = models.CharField(max_length=10, choices=HandMethod)
    reference = models.CharField(max_length=80)
    receipt = models.ForeignKey(Photo, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=HandRefundStatus, default=HandRefundStatus.NOTED)
    noted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    noted_at = models.DateTimeField()
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    words = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["refund"], condition=models.Q(status__in=["noted", "done"]), name="hand_refund_once"
            ),
            models.CheckConstraint(
                name="hand_refund_answered",
                condition=models.Q(status="noted", answered_by=None)
                | (~models.Q(status="noted") & models.Q(answered_by__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class ProviderBill(models.Model):
    """What a provider billed for one day of its own; the newest version counts, earlier ones stay.

    `digest` is over what the lines say. Of the file itself nothing is kept: it names buyers.
    """

    gateway = models.CharField(max_length=20)
    kind = models.CharField(max_length=10, choices=BillKind)
    bill_on = models.DateField()
    version = models.PositiveSmallIntegerField(default=1)
    is_current = models.BooleanField(default=True)
    digest = models.CharField(max_length=64)
    line_count = models.PositiveIntegerField()
    paid_fen = models.BigIntegerField()
    refunded_fen = models.BigIntegerField()
    fee_fen = models.BigIntegerField()
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    imported_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)
    replaced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["gateway", "kind", "bill_on", "version"], name="bill_version_once"
            ),
            models.UniqueConstraint(
                fields=["gateway", "kind", "bill_on"],
                condition=models.Q(is_current=True),
                name="bill_current_once",
            ),
            models.CheckConstraint(
                name="bill_replaced",
                condition=models.Q(is_current=True, replaced_at=None)
                | models.Q(is_current=False, replaced_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gateway} {self.bill_on} {self.get_kind_display()}"


class ProviderBillLine(models.Model):
    """One line of a bill and what it is of ours; amounts as payments.gateways.bills.base.BillLine says."""

    bill = models.ForeignKey(ProviderBill, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=BillLineKind)
    happened_at = models.DateTimeField()
    reference = models.CharField(max_length=64, blank=True)
    provider_reference = models.CharField(max_length=64, blank=True, db_index=True)
    payment_reference = models.CharField(max_length=64, blank=True)
    amount_fen = models.BigIntegerField()
    fee_fen = models.BigIntegerField()
    match = models.CharField(max_length=10, choices=LineMatch, default=LineMatch.UNKNOWN)
    payment = models.ForeignKey(
        Payment, null=True, blank=True, on_delete=models.PROTECT, related_name="bill_lines"
    )
    refund = models.ForeignKey(
        Refund, null=True, blank=True, on_delete=models.PROTECT, related_name="bill_lines"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bill", "position"], name="bill_line_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.reference or self.provider_reference}"
