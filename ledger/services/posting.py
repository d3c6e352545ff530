"""Posting to the book: the only way in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F

from ledger.errors import PostingConflict, Unbalanced
from ledger.models import LedgerAccount, LedgerEntry, LedgerTransaction
from ledger.statuses import OwnerKind


@dataclass(frozen=True)
class Posting:
    """One line to post: debit positive, credit negative, in fen."""

    purpose: str
    amount_fen: int
    source: str
    owner_kind: str = OwnerKind.SYSTEM
    owner_id: int = 0


@transaction.atomic
def post(
    *,
    kind: str,
    key: str,
    source: str,
    postings: Sequence[Posting],
    now: datetime,
    memo: str = "",
    reversal_of: LedgerTransaction | None = None,
) -> LedgerTransaction:
    """Post a balanced transaction once per key and move the cached balances of owner accounts.

    Zero amounts are left out. The same key with the same lines returns the first transaction; with
    other lines it raises PostingConflict. Unbalanced or fewer than two lines raise Unbalanced.
    """
    lines = [line for line in postings if line.amount_fen != 0]
    if len(lines) < 2 or sum(line.amount_fen for line in lines) != 0:
        raise Unbalanced()
    posted, created = LedgerTransaction.objects.get_or_create(
        key=key,
        defaults={"kind": kind, "source": source, "posted_at": now, "memo": memo, "reversal_of": reversal_of},
    )
    accounts = _accounts_of(lines)
    wanted = [
        (accounts[line.purpose, line.owner_kind, line.owner_id], line.amount_fen, line.source)
        for line in lines
    ]
    if not created:
        found = posted.entries.values_list("account_id", "amount_fen", "source")
        if sorted(found) != sorted(wanted):
            raise PostingConflict()
        return posted
    LedgerEntry.objects.bulk_create(
        LedgerEntry(transaction=posted, account_id=account_id, amount_fen=amount_fen, source=line_source)
        for account_id, amount_fen, line_source in wanted
    )
    _move_balances(wanted)
    return posted


def _accounts_of(lines: Sequence[Posting]) -> dict[tuple[str, str, int], int]:
    accounts = {}
    for line in lines:
        owner = (line.purpose, line.owner_kind, line.owner_id)
        if owner not in accounts:
            cached = None if line.owner_kind == OwnerKind.SYSTEM else 0
            account, _ = LedgerAccount.objects.get_or_create(
                purpose=line.purpose,
                owner_kind=line.owner_kind,
                owner_id=line.owner_id,
                defaults={"balance_fen": cached},
            )
            accounts[owner] = account.pk
    return accounts


def _move_balances(wanted: Sequence[tuple[int, int, str]]) -> None:
    sums: dict[int, int] = {}
    for account_id, amount_fen, _ in wanted:
        sums[account_id] = sums.get(account_id, 0) + amount_fen
    # Ascending pk: the one lock order of rules.md 2.
    for account_id in sorted(sums):
        LedgerAccount.objects.filter(pk=account_id, balance_fen__isnull=False).update(
            balance_fen=F("balance_fen") + sums[account_id]
        )
