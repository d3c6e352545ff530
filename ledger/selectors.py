"""Reads of the book. Debits are positive, credits negative, in fen."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from ledger.models import LedgerAccount, LedgerEntry


@dataclass(frozen=True)
class AccountStatement:
    """An account between two instants: opening + Σ entries = closing, in fen."""

    account: LedgerAccount
    opening_fen: int
    entries: list[LedgerEntry]
    closing_fen: int


@dataclass(frozen=True)
class TrialBalance:
    """What each purpose holds; a book in order has total_fen = 0 and no account whose cache is wrong."""

    by_purpose: dict[str, int]
    total_fen: int
    wrong_accounts: list[int]

    @property
    def is_right(self) -> bool:
        """Return whether the book balances and every cached balance is the sum of its entries."""
        return self.total_fen == 0 and not self.wrong_accounts


def balance_of(*, purpose: str, owner_kind: str = "system", owner_id: int = 0) -> int:
    """Return the balance of an account in fen; 0 when it was never used."""
    account = LedgerAccount.objects.filter(purpose=purpose, owner_kind=owner_kind, owner_id=owner_id).first()
    if account is None:
        return 0
    if account.balance_fen is not None:
        return account.balance_fen
    return _sum(account.entries.all())


def summed_balance(account: LedgerAccount) -> int:
    """Return the sum of an account's entries in fen, whatever is cached."""
    return _sum(account.entries.all())


def account_statement(*, account: LedgerAccount, starts_at: datetime, ends_at: datetime) -> AccountStatement:
    """Return what moved an account in starts_at ≤ posted < ends_at."""
    opening_fen = _sum(account.entries.filter(transaction__posted_at__lt=starts_at))
    entries = list(
        account.entries.filter(transaction__posted_at__gte=starts_at, transaction__posted_at__lt=ends_at)
        .select_related("transaction")
        .order_by("transaction__posted_at", "pk")
    )
    closing_fen = opening_fen + sum(entry.amount_fen for entry in entries)
    return AccountStatement(
        account=account, opening_fen=opening_fen, entries=entries, closing_fen=closing_fen
    )


def trial_balance() -> TrialBalance:
    """Return the sums of the whole book by purpose, their total, and the accounts whose cache is off."""
    sums = LedgerEntry.objects.order_by().values_list("account__purpose").annotate(total=Sum("amount_fen"))
    by_purpose = {purpose: int(total) for purpose, total in sums}
    cached = LedgerAccount.objects.exclude(balance_fen=None)
    wrong = cached.annotate(summed=Coalesce(Sum("entries__amount_fen"), Value(0))).exclude(
        summed=F("balance_fen")
    )
    return TrialBalance(
        by_purpose=by_purpose,
        total_fen=sum(by_purpose.values()),
        wrong_accounts=list(wrong.order_by("pk").values_list("pk", flat=True)),
    )


def _sum(entries: QuerySet) -> int:
    return int(entries.aggregate(total=Sum("amount_fen"))["total"] or 0)
