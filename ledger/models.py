"""The book: accounts, transactions, entries. Append-only; the database enforces it (decisions.md 13)."""

from django.conf import settings
from django.db import models

from common.money import money_text
from ledger.statuses import AdjustmentStatus, Kind, OwnerKind, Purpose


class LedgerAccount(models.Model):
    """One purpose of one owner. `balance_fen` is the cached sum for owners, null for busy system accounts."""

    purpose = models.CharField(max_length=20, choices=Purpose)
    owner_kind = models.CharField(max_length=10, choices=OwnerKind)
    owner_id = models.BigIntegerField(default=0)
    balance_fen = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["purpose", "owner_kind", "owner_id"], name="ledger_account_once"),
            models.CheckConstraint(
                name="ledger_system_account_uncached",
                condition=models.Q(owner_kind="system", owner_id=0, balance_fen=None)
                | (~models.Q(owner_kind="system") & models.Q(owner_id__gt=0, balance_fen__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        name = self.get_purpose_display()
        return f"{name} · {self.get_owner_kind_display()} {self.owner_id}" if self.owner_id else name


class LedgerTransaction(models.Model):
    """One balanced posting with its source document ("order:12") and an idempotency key."""

    kind = models.CharField(max_length=20, choices=Kind)
    source = models.CharField(max_length=60, db_index=True)
    key = models.CharField(max_length=120, unique=True)
    reversal_of = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT)
    memo = models.CharField(max_length=200, blank=True)
    posted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.source}"


class LedgerEntry(models.Model):
    """One line: debit positive, credit negative, in fen; `source` names the document ("order_line:7")."""

    transaction = models.ForeignKey(LedgerTransaction, on_delete=models.PROTECT, related_name="entries")
    account = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="entries")
    amount_fen = models.BigIntegerField()
    source = models.CharField(max_length=60, db_index=True)

    class Meta:
        verbose_name_plural = "ledger entries"
        constraints = [
            models.CheckConstraint(condition=~models.Q(amount_fen=0), name="ledger_entry_not_zero"),
        ]
        indexes = [
            models.Index(
                fields=["account", "transaction"], include=["amount_fen"], name="ledger_entry_after_snapshot"
            )
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {money_text(self.amount_fen)}"


class LedgerSnapshot(models.Model):
    """What a busy account held after transaction `upto_id`; its balance is this plus the later entries."""

    account = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="snapshots")
    upto_id = models.BigIntegerField()
    balance_fen = models.BigIntegerField()
    taken_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "upto_id"], name="ledger_snapshot_once"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {money_text(self.balance_fen)}"


class LedgerSeal(models.Model):
    """One link of the chain: `digest` = SHA-256 over the digest before and what the transaction says.

    Append-only. The primary key is the place in the chain, one after the other without gaps.
    """

    id = models.BigIntegerField(primary_key=True)
    transaction = models.OneToOneField(LedgerTransaction, on_delete=models.PROTECT, related_name="seal")
    digest = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.pk} {self.digest[:12]}"


class LedgerSealer(models.Model):
    """Where the one sealer stands.

    All ids up to `seen_id` were drawn by database transactions with numbers below `seen_in`. Once those
    have ended, nothing can appear up to `seen_id` any more.
    """

    seen_id = models.BigIntegerField(default=0)
    seen_in = models.DecimalField(max_digits=20, decimal_places=0, default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="ledger_one_sealer")]

    def __str__(self) -> str:
        return f"up to {self.seen_id}"


class LedgerAdjustment(models.Model):
    """A correction that one operator proposes and another one posts: lines of its own, or a reversal."""

    status = models.CharField(max_length=10, choices=AdjustmentStatus, default=AdjustmentStatus.PROPOSED)
    reverses = models.ForeignKey(
        LedgerTransaction, null=True, blank=True, on_delete=models.PROTECT, related_name="proposed_reversals"
    )
    reason = models.CharField(max_length=200)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    posted = models.OneToOneField(
        LedgerTransaction, null=True, blank=True, on_delete=models.PROTECT, related_name="adjustment"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="ledger_adjustment_two_people",
                condition=~models.Q(status="posted") | ~models.Q(decided_by=models.F("proposed_by")),
            ),
            models.CheckConstraint(
                name="ledger_adjustment_decided",
                condition=models.Q(status="proposed", decided_by=None, posted=None)
                | models.Q(status="rejected", decided_by__isnull=False, posted=None)
                | models.Q(status="posted", decided_by__isnull=False, posted__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["reverses"],
                name="ledger_one_open_reversal",
                condition=models.Q(status="proposed"),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class LedgerAdjustmentLine(models.Model):
    """One line of a proposal: debit positive, credit negative, in fen."""

    adjustment = models.ForeignKey(LedgerAdjustment, on_delete=models.PROTECT, related_name="lines")
    account = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="+")
    amount_fen = models.BigIntegerField()
    source = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(amount_fen=0), name="ledger_adjustment_line_not_zero"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {money_text(self.amount_fen)}"


class ReconciliationRun(models.Model):
    """One round of all jobs that compare the market's records with each other (rules.md 15)."""

    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    open_findings = models.PositiveIntegerField(default=0)
    new_findings = models.PositiveIntegerField(default=0)
    # By job what it found, as far as the round has come; and which could not be compared.
    jobs = models.JSONField(default=dict, blank=True)
    failed_jobs = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return f"#{self.pk}"


class ReconciliationFinding(models.Model):
    """Two records that do not agree; open until a later run no longer finds it. Nothing is repaired."""

    job = models.CharField(max_length=40)
    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=100, db_index=True)
    expected = models.CharField(max_length=200)
    found = models.CharField(max_length=200)
    run = models.ForeignKey(ReconciliationRun, on_delete=models.PROTECT, related_name="first_found")
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    acknowledged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["job", "kind", "subject"],
                name="reconciliation_open_once",
                condition=models.Q(resolved_at=None),
            ),
            models.CheckConstraint(
                name="reconciliation_acknowledged",
                condition=models.Q(acknowledged_by=None, acknowledged_at=None)
                | models.Q(acknowledged_by__isnull=False, acknowledged_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"

    @property
    def open_and_new(self) -> tuple:
        """Return what has to be empty for somebody to take note of it."""
        return (self.resolved_at, self.acknowledged_at)
