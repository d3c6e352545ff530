"""Payouts that are sent together, and what became of each."""

from django.conf import settings
from django.db import models

from payouts.models.accounts import PayoutAccountVersion
from payouts.models.payouts import Payout
from payouts.statuses import PayoutMethod, Problem, RunStatus, TransferStatus
from shops.models import Photo


class PayoutRun(models.Model):
    """What one operator puts together, another one approves, and then goes out by bank, provider or hand."""

    status = models.CharField(max_length=10, choices=RunStatus, default=RunStatus.DRAFT)
    note = models.CharField(max_length=100, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    # When the bank was first given the file: from then on its payouts may be paid.
    file_made_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="run_two_people",
                condition=models.Q(approved_by=None) | ~models.Q(approved_by=models.F("made_by")),
            ),
            models.CheckConstraint(
                name="run_approved_by_name",
                condition=models.Q(status__in=["draft", "cancelled"]) | models.Q(approved_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class PayoutTransfer(models.Model):
    """One payout in one run. `reference` is our number for it at the bank or provider, never used twice.

    A payout has at most one open transfer and at most one that is paid: the database refuses a second.
    """

    run = models.ForeignKey(PayoutRun, on_delete=models.PROTECT, related_name="transfers")
    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="transfers")
    # As it was when the run was approved; the money goes there or nowhere.
    account_version = models.ForeignKey(
        PayoutAccountVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="transfers"
    )
    way = models.CharField(max_length=10, choices=PayoutMethod)
    amount_fen = models.BigIntegerField()
    status = models.CharField(max_length=10, choices=TransferStatus, default=TransferStatus.HELD)
    problem = models.CharField(max_length=20, choices=Problem, blank=True)
    reference = models.CharField(max_length=32, unique=True)
    provider_reference = models.CharField(max_length=80, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    tried_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    # When the provider was last asked whether the money, which was paid, has come back since.
    watched_at = models.DateTimeField(null=True, blank=True)
    # What opens the provider's page on which the payee takes the money, and since when it waits for that.
    package = models.CharField(max_length=500, blank=True)
    to_confirm_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=200, blank=True)
    receipt = models.ForeignKey(
        Photo, null=True, blank=True, on_delete=models.PROTECT, related_name="payout_transfers"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "payout"], name="transfer_once_a_run"),
            models.UniqueConstraint(
                fields=["payout"],
                name="transfer_one_open",
                condition=models.Q(status__in=["held", "ready", "sending"]),
            ),
            models.UniqueConstraint(
                fields=["payout"], name="transfer_one_paid", condition=models.Q(status="paid")
            ),
            models.CheckConstraint(condition=models.Q(amount_fen__gt=0), name="transfer_positive"),
            models.CheckConstraint(
                name="transfer_knows_where",
                condition=models.Q(status__in=["held", "left_out"]) | models.Q(account_version__isnull=False),
            ),
            models.CheckConstraint(
                name="transfer_held_for_a_reason",
                condition=~models.Q(status__in=["held", "left_out"]) | ~models.Q(problem=""),
            ),
            models.CheckConstraint(
                name="transfer_cash_with_receipt",
                condition=~models.Q(way="cash", status="paid") | models.Q(receipt__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def waits_for_payee(self) -> bool:
        """Return whether the money lies at the provider until the payee takes it."""
        return self.status == TransferStatus.SENDING and bool(self.package)
