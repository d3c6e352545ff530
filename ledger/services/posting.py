"""Posting to the book: the only way in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q

from common.errors import NotFound
from ledger.errors import AlreadyReversed, PostingConflict, ReversalRefused, Unbalanced
from ledger.models import LedgerAccount, LedgerEntry, LedgerTransaction
from ledger.statuses import Kind, OwnerKind


@dataclass(frozen=True)
class Posting:
    """One line to post: debit positive, credit negative, in fen."""

    purpose: str
    amount_fen: int
    source: str
    owner_kind: str = OwnerKind.SYSTEM
    owner_id: int = 0

    @property
    def owner(self) -> tuple[str, str, int]:
        """Return what names the account."""
        return (str(self.purpose), str(self.owner_kind), self.owner_id)


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
    # A second caller waits here on the unique key until the first has committed, and then finds its entries.
    posted, created = LedgerTransaction.objects.get_or_create(
        key=key,
        defaults={"kind": kind, "source": source, "posted_at": now, "memo": memo, "reversal_of": reversal_of},
    )
    accounts = _accounts_of(lines)
    wanted = [(accounts[line.owner], line.amount_fen, line.source) for line in lines]
    if not created:
        found = posted.entries.values_list("account_id", "amount_fen", "source")
        if (posted.kind, posted.source) != (kind, source) or sorted(found) != sorted(wanted):
            raise PostingConflict()
        return posted
    LedgerEntry.objects.bulk_create(
        LedgerEntry(transaction=posted, account_id=account_id, amount_fen=amount_fen, source=line_source)
        for account_id, amount_fen, line_source in wanted
    )
    _move_balances(wanted)
    return posted


@transaction.atomic
def reverse(*, transaction_id: int, memo: str, now: datetime) -> LedgerTransaction:
    """Post the opposite of a transaction, once.

    A mistake is never edited (rules.md 6). NotFound; AlreadyReversed; ReversalRefused for a reversal: post
    the right thing anew.
    """
    original = LedgerTransaction.objects.filter(pk=transaction_id).first()
    if original is None:
        raise NotFound()
    if original.reversal_of_id is not None:
        raise ReversalRefused()
    if LedgerTransaction.objects.filter(reversal_of=original).exists():
        raise AlreadyReversed()
    return post(
        kind=Kind.REVERSAL,
        key=f"reversal:{original.pk}",
        source=original.source,
        postings=opposites_of(original),
        now=now,
        memo=memo,
        reversal_of=original,
    )


def opposites_of(posted: LedgerTransaction) -> list[Posting]:
    """Return what takes every line of a transaction back."""
    return [
        Posting(
            purpose=entry.account.purpose,
            amount_fen=-entry.amount_fen,
            source=entry.source,
            owner_kind=entry.account.owner_kind,
            owner_id=entry.account.owner_id,
        )
        for entry in posted.entries.select_related("account").order_by("pk")
    ]


def _accounts_of(lines: Sequence[Posting]) -> dict[tuple[str, str, int], int]:
    # Sorted: two first postings that make the same accounts wait for each other, they never deadlock.
    owners = sorted({line.owner for line in lines})
    named = Q()
    for purpose, owner_kind, owner_id in owners:
        named |= Q(purpose=purpose, owner_kind=owner_kind, owner_id=owner_id)
    found = LedgerAccount.objects.filter(named).values_list("purpose", "owner_kind", "owner_id", "pk")
    accounts = {(purpose, owner_kind, owner_id): pk for purpose, owner_kind, owner_id, pk in found}
    for owner in owners:
        if owner not in accounts:
            purpose, owner_kind, owner_id = owner
            account, _ = LedgerAccount.objects.get_or_create(
                purpose=purpose,
                owner_kind=owner_kind,
                owner_id=owner_id,
                defaults={"balance_fen": None if owner_kind == OwnerKind.SYSTEM else 0},
            )
            accounts[owner] = account.pk
    return accounts


def _move_balances(wanted: Sequence[tuple[int, int, str]]) -> None:
    sums: dict[int, int] = {}
    for account_id, amount_fen, _ in wanted:
        sums[account_id] = sums.get(account_id, 0) + amount_fen
    # Ascending pk: the one lock order of rules.md 2. Busy system accounts have no row to fight for.
    for account_id in sorted(sums):
        LedgerAccount.objects.filter(pk=account_id, balance_fen__isnull=False).update(
            balance_fen=F("balance_fen") + sums[account_id]
        )
