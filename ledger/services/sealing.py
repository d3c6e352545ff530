"""The one sealer: chains committed transactions in id order, in batches, beside the posting path.

An id is drawn before its transaction commits, so a lower id may appear after a higher one. Two steps a tick
keep the chain in order and without holes:
1. look ahead: note the highest id that is visible, and then a database transaction number drawn afterwards.
   Every transaction draws its number before its id (trigger ledger_stamp), so whoever may still bring a lower
   id has a lower number than the one noted;
2. a tick later: once every transaction with a lower number has ended, all ids up to the noted one are final.
"""

import logging
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Max

from ledger.models import LedgerSeal, LedgerSealer, LedgerTransaction
from ledger.selectors.chain import GENESIS, contents, head, next_digest

logger = logging.getLogger(__name__)

BATCH = 1000
SNAPSHOT_EVERY = 1000

_HAS_SETTLED = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::numeric >= %s"
# A number above the present one comes from another cluster, whose dump this database was filled from.
_LOOK_AHEAD = """
UPDATE ledger_ledgersealer SET seen_id = %s, seen_in = pg_current_xact_id()::text::numeric
WHERE id = 1 AND (pg_snapshot_xmin(pg_current_snapshot())::text::numeric >= seen_in
                  OR seen_in > pg_current_xact_id()::text::numeric)
"""
_SNAPSHOT = """
INSERT INTO ledger_ledgersnapshot (account_id, upto_id, balance_fen, taken_at)
SELECT a.id, %(upto)s, coalesce(s.balance_fen, 0) + sum(e.amount_fen), %(now)s
FROM ledger_ledgeraccount a
LEFT JOIN LATERAL (SELECT upto_id, balance_fen FROM ledger_ledgersnapshot
                   WHERE account_id = a.id ORDER BY upto_id DESC LIMIT 1) s ON true
JOIN ledger_ledgerentry e ON e.account_id = a.id
  AND e.transaction_id > coalesce(s.upto_id, 0) AND e.transaction_id <= %(upto)s
WHERE a.balance_fen IS NULL
GROUP BY a.id, s.balance_fen
HAVING count(*) >= %(every)s
"""


def seal_settled(*, now: datetime) -> int:
    """Chain what became final since the last tick, then look ahead; return how many were chained.

    Locks nothing that posting needs. Of two sealers at once the second does nothing.
    """
    LedgerSealer.objects.get_or_create(pk=1)
    count = 0
    while done := _seal_batch(now):
        count += done
    if count:
        _take_snapshots(now)
        newest = head()
        # Kept outside the database by whoever keeps the log: see verify_ledger --anchor.
        logger.info("book sealed up to link %s, digest %s", newest.pk, newest.digest)
    _look_ahead()
    return count


@transaction.atomic(durable=True)
def _seal_batch(now: datetime) -> int:
    sealer = LedgerSealer.objects.select_for_update(skip_locked=True).filter(pk=1).first()
    if sealer is None or not _has_settled(sealer):
        return 0
    last = head()
    place, before = (last.pk, last.digest) if last else (0, GENESIS)
    ids = list(
        LedgerTransaction.objects.filter(pk__gt=last.transaction_id if last else 0, pk__lte=sealer.seen_id)
        .order_by("pk")
        .values_list("pk", flat=True)[:BATCH]
    )
    said = contents(ids)
    links = []
    for pk in ids:
        place, before = place + 1, next_digest(before, said[pk])
        links.append(LedgerSeal(pk=place, transaction_id=pk, digest=before, sealed_at=now))
    LedgerSeal.objects.bulk_create(links)
    return len(links)


def _has_settled(sealer: LedgerSealer) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_HAS_SETTLED, [sealer.seen_in])
        return cursor.fetchone()[0]


def _look_ahead() -> None:
    seen_id = LedgerTransaction.objects.aggregate(highest=Max("pk"))["highest"] or 0
    # A transaction of its own, begun after the look: its number is above those of all who drew ids before.
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(_LOOK_AHEAD, [seen_id])


@transaction.atomic(durable=True)
def _take_snapshots(now: datetime) -> None:
    LedgerSealer.objects.select_for_update().get(pk=1)
    newest = head()
    with connection.cursor() as cursor:
        cursor.execute(_SNAPSHOT, {"upto": newest.transaction_id, "now": now, "every": SNAPSHOT_EVERY})
