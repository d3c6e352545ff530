"""The chain over the book: what each link says, and whether it still says so."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from django.db.models import Exists, OuterRef

from ledger.models import LedgerEntry, LedgerSeal, LedgerTransaction

GENESIS = "0" * 64
CHUNK = 1000


@dataclass(frozen=True)
class Break:
    """Where book and chain differ: `kind` is altered, deleted, slipped_in, link_missing or other_anchor."""

    kind: str
    transaction_id: int
    expected: str
    found: str


def next_digest(before: str, content: str) -> str:
    """Return the digest of the link after `before` for a transaction that says `content`."""
    return hashlib.sha256(f"{before}\n{content}".encode()).hexdigest()


def contents(ids: Sequence[int]) -> dict[int, str]:
    """Return what each transaction says, in one fixed spelling; memos stay out: people type them."""
    entries: dict[int, list[list[Any]]] = {pk: [] for pk in ids}
    rows = LedgerEntry.objects.filter(transaction_id__in=ids).order_by("pk")
    for row in rows.values_list(
        "transaction_id", "pk", "account__purpose", "account__owner_kind", "account__owner_id",
        "amount_fen", "source",
    ):  # fmt: skip
        entries[row[0]].append(list(row[1:]))
    found = LedgerTransaction.objects.filter(pk__in=ids).values_list(
        "pk", "kind", "source", "key", "reversal_of_id", "posted_at"
    )
    return {
        pk: json.dumps(
            [pk, kind, source, key, reversal_of_id, posted_at.astimezone(UTC).isoformat(), entries[pk]],
            ensure_ascii=True,
            separators=(",", ":"),
        )
        for pk, kind, source, key, reversal_of_id, posted_at in found
    }


def head() -> LedgerSeal | None:
    """Return the newest link; noted outside the database, it proves everything before it."""
    return LedgerSeal.objects.order_by("-pk").first()


def verify_chain(*, anchor: tuple[int, str] | None = None) -> list[Break]:
    """Return every transaction that is not what was sealed, each once.

    After a break the sealed digest is believed, so that one altered row does not hide the next. `anchor` is
    (place, digest) of a link noted elsewhere: a chain that was rewritten from somewhere on does not meet it.
    """
    breaks = list(_walk())
    if anchor is not None:
        place, digest = anchor
        link = LedgerSeal.objects.filter(pk=place).first()
        if link is None or link.digest != digest:
            breaks.append(
                Break("other_anchor", link.transaction_id if link else 0, digest, link.digest if link else "")
            )
    return breaks + list(_slipped_in())


def _walk() -> Iterator[Break]:
    before, place = GENESIS, 0
    while links := list(LedgerSeal.objects.filter(pk__gt=place).order_by("pk")[:CHUNK]):
        said = contents([link.transaction_id for link in links])
        for link in links:
            if link.pk != place + 1:
                yield Break("link_missing", link.transaction_id, str(place + 1), str(link.pk))
                # What the missing link said is unknown, so this one cannot be recomputed.
                before, place = link.digest, link.pk
                continue
            content = said.get(link.transaction_id)
            digest = next_digest(before, content) if content is not None else ""
            if digest != link.digest:
                kind = "altered" if content is not None else "deleted"
                yield Break(kind, link.transaction_id, link.digest, digest)
            before, place = link.digest, link.pk


def _slipped_in() -> Iterator[Break]:
    newest = head()
    if newest is None:
        return
    unsealed = LedgerTransaction.objects.filter(pk__lt=newest.transaction_id).exclude(
        Exists(LedgerSeal.objects.filter(transaction_id=OuterRef("pk")))
    )
    for pk in unsealed.order_by("pk").values_list("pk", flat=True):
        yield Break("slipped_in", pk, "", "")
