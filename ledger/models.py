"""The book: accounts, transactions, entries. Append-only; the database enforces it (decisions.md 13)."""

from django.db import models

from ledger.statuses import Kind, OwnerKind, Purpose


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
        return f"{self.purpose} {self.owner_kind}:{self.owner_id}"


class LedgerTransaction(models.Model):
    """One balanced posting with its source document ("order:12") and an idempotency key."""

    kind = models.CharField(max_length=20, choices=Kind)
    source = models.CharField(max_length=60, db_index=True)
    key = models.CharField(max_length=120, unique=True)
    reversal_of = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT)
    memo = models.CharField(max_length=200, blank=True)
    posted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} {self.source}"


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

    def __str__(self) -> str:
        return f"{self.account_id} {self.amount_fen}"
