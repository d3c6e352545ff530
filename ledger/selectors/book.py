"""Reads of the book. Debits are positive, credits negative, in fen."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import F, QuerySet, Sum, Value
from django.db.models.functions import Coalesce
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from common.errors import Invalid
from ledger.errors import BadWindow
from ledger.models import LedgerAccount, LedgerEntry

MAX_ROWS = 20_000


@dataclass(frozen=True)
class StatementRow:
    """One entry and what the account held after it, in fen."""

    entry: LedgerEntry
    balance_fen: int


@dataclass(frozen=True)
class AccountStatement:
    """An account between two instants: opening + Σ entries = closing, in fen."""

    account: LedgerAccount
    opening_fen: int
    entries: list[LedgerEntry]
    closing_fen: int

    @property
    def rows(self) -> list[StatementRow]:
        """Return the entries with the balance after each."""
        rows, balance_fen = [], self.opening_fen
        for entry in self.entries:
            balance_fen += entry.amount_fen
            rows.append(StatementRow(entry, balance_fen))
        return rows

    @property
    def debit_fen(self) -> int:
        """Return the sum of the debits."""
        return sum(entry.amount_fen for entry in self.entries if entry.amount_fen > 0)

    @property
    def credit_fen(self) -> int:
        """Return the sum of the credits, below zero."""
        return sum(entry.amount_fen for entry in self.entries if entry.amount_fen < 0)


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
    snapshot = account.snapshots.order_by("-upto_id").first()
    if snapshot is None:
        return _sum(account.entries.all())
    return snapshot.balance_fen + _sum(account.entries.filter(transaction_id__gt=snapshot.upto_id))


def summed_balance(account: LedgerAccount) -> int:
    """Return the sum of an account's entries in fen, whatever is cached."""
    return _sum(account.entries.all())


def account_statement(*, account: LedgerAccount, starts_at: datetime, ends_at: datetime) -> AccountStatement:
    """Return what moved an account in starts_at ≤ posted < ends_at, in the order of posting.

    BadWindow unless it begins before it ends; Invalid for more entries than one page can hold.
    """
    if starts_at >= ends_at:
        raise BadWindow()
    opening_fen = _sum(account.entries.filter(transaction__posted_at__lt=starts_at))
    entries = list(
        account.entries.filter(transaction__posted_at__gte=starts_at, transaction__posted_at__lt=ends_at)
        .select_related("transaction")
        .order_by("transaction__posted_at", "pk")[: MAX_ROWS + 1]
    )
    if len(entries) > MAX_ROWS:
        raise Invalid(_("That is too much for one statement. Please choose fewer days."))
    closing_fen = opening_fen + sum(entry.amount_fen for entry in entries)
    return AccountStatement(
        account=account, opening_fen=opening_fen, entries=entries, closing_fen=closing_fen
    )


def statement_table(statement: AccountStatement) -> Iterator[list]:
    """Return a statement as rows of a table: headings, opening, entries, closing; amounts are yuan."""
    yield [
        _("posted"), _("kind"), _("document"), _("posting"), _("debit"), _("credit"), _("balance"), _("memo")
    ]  # fmt: skip
    yield ["", _("opening balance"), "", "", "", "", yuan(statement.opening_fen), ""]
    for row in statement.rows:
        entry, posted = row.entry, row.entry.transaction
        amount = yuan(abs(entry.amount_fen))
        yield [
            localtime(posted.posted_at).isoformat(sep=" ", timespec="seconds"),
            posted.get_kind_display(),
            entry.source,
            str(posted.pk),
            amount if entry.amount_fen > 0 else "",
            amount if entry.amount_fen < 0 else "",
            yuan(row.balance_fen),
            posted.memo,
        ]
    yield ["", _("closing balance"), "", "", "", "", yuan(statement.closing_fen), ""]


def yuan(amount_fen: int) -> Decimal:
    """Return fen as an exact number of yuan, for table programs."""
    return Decimal(amount_fen).scaleb(-2)


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
