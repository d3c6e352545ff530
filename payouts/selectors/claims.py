"""Which payable entries of the book belong to a shop's period: one set-based query (decisions.md 14).

An entry names its document ("order_line:7", "order:3", "gift:5", "shop:2"), and the document its shop. The
book is a lower floor and knows no orders, so the join is made here, in SQL.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from ledger.statuses import Kind, OwnerKind, Purpose
from orders.statuses import CommissionKind
from payouts.models import SettlementPeriod
from payouts.statuses import LineKind

PAYABLE = (
    Purpose.FARMER_PAYABLE,
    Purpose.SHOP_PAYABLE,
    Purpose.HOST_PAYABLE,
    Purpose.FREIGHT_PAYABLE,
    Purpose.COUPON_COST,
)
# Whose money a closing counts: everybody's but the market's own.
PAYEES = (OwnerKind.FARMER, OwnerKind.HOST, OwnerKind.SHOP)
# The market itself moves these between a payee and the bank; they are no earnings.
SENDING = (Kind.PAYOUT, Kind.PAYOUT_RETURNED)

# Where the closing before has looked: everything that was posted before its end and had been committed by
# database transactions older than `seen_before`. Two ranges of two indexes, whatever the size of the book.
_WINDOW = "AND (t.posted_at >= %(since)s OR t.made_in >= %(seen_before)s::text::xid8)"

CLAIMABLE = """
SELECT e.id AS entry_id,
       a.owner_kind,
       a.owner_id,
       CASE WHEN t.kind = %(after_sale)s THEN %(refund)s
            WHEN t.kind = %(gift_posted)s THEN %(gift)s
            WHEN t.kind = %(gift_taken_back)s THEN %(gift_returned)s
            WHEN t.kind <> %(completion)s THEN %(correction)s
            WHEN a.purpose = %(host_payable)s THEN %(host_commission)s
            WHEN a.purpose = %(freight_payable)s THEN %(freight)s
            WHEN a.purpose = %(coupon_cost)s THEN %(coupon)s
            ELSE %(sale)s END AS kind,
       -e.amount_fen AS amount_fen,
       t.posted_at,
       l.id AS order_line_id,
       coalesce(o.number, '') AS order_number,
       l.total_fen AS line_fen,
       l.term_sheet_id,
       g.id AS gift_id
FROM ledger_ledgertransaction t
JOIN ledger_ledgerentry e ON e.transaction_id = t.id
JOIN ledger_ledgeraccount a
  ON a.id = e.account_id AND a.purpose = ANY(%(payable)s) AND a.owner_kind = ANY(%(owner_kinds)s)
LEFT JOIN orders_orderline l
  ON l.id = CASE WHEN e.source LIKE 'order_line:%%' THEN substr(e.source, 12)::bigint END
LEFT JOIN orders_order o
  ON o.id = coalesce(
       l.order_id, CASE WHEN e.source LIKE 'order:%%' THEN substr(e.source, 7)::bigint END)
LEFT JOIN livestreams_gift g
  ON g.id = CASE WHEN e.source LIKE 'gift:%%' THEN substr(e.source, 6)::bigint END
LEFT JOIN livestreams_livesession v ON v.id = g.session_id
WHERE t.posted_at < %(before)s
  {window}
  AND t.kind <> ALL(%(sending)s)
  AND (o.shop_id = %(shop)s OR e.source = %(shop_source)s OR v.shop_id = %(shop)s)
  AND NOT EXISTS (SELECT 1 FROM payouts_statementline s WHERE s.entry_id = e.id)
"""

_FIRST_OF_MANY = """
SELECT 1 FROM ledger_ledgertransaction t WHERE t.posted_at < %(before)s {window} OFFSET %(than)s LIMIT 1
"""


@dataclass(frozen=True, order=True)
class Payee:
    """Whose account: farmer, host or shop, and its id."""

    owner_kind: str
    owner_id: int


def claimable(*, period: SettlementPeriod, kinds: Sequence[OwnerKind] = PAYEES) -> tuple[str, dict]:
    """Return the statement, with its values, that reads every unclaimed payable entry of a period.

    Of these kinds of payees. What the period before has seen is not read again, however large the book is.
    """
    return _statement(period.shop_id, period.ends_at, _seen_by_the_last(period), kinds)


def is_large(*, period: SettlementPeriod, than: int) -> bool:
    """Return whether a closing has to look at more than so many transactions of the book."""
    seen = _seen_by_the_last(period)
    values = {"before": period.ends_at, "than": than} | _window_of(seen)
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_OF_MANY.format(window=_WINDOW if seen else ""), values)
        return cursor.fetchone() is not None


def claimable_payees(*, shop_id: int, before: datetime) -> list[Payee]:
    """Return who has unclaimed payable entries of a shop posted before an instant, in the whole book."""
    statement, values = _statement(shop_id, before, None, PAYEES)
    with connection.cursor() as cursor:
        # The statement is ours, what is looked for goes in as values.
        cursor.execute(f"SELECT DISTINCT owner_kind, owner_id FROM ({statement}) claim", values)  # noqa: S608
        return sorted(Payee(*row) for row in cursor.fetchall())


def oldest_running_transaction() -> int:
    """Return the number below which every database transaction has ended."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        return cursor.fetchone()[0]


def _seen_by_the_last(period: SettlementPeriod) -> tuple[datetime, int] | None:
    last = (
        SettlementPeriod.objects.filter(shop_id=period.shop_id, ends_at__lte=period.starts_at)
        .exclude(pk=period.pk)
        .order_by("-ends_at")
        .first()
    )
    if last is None or last.seen_before is None:
        return None
    # A book restored into another server counts its transactions anew: then everything is read once.
    is_of_this_server = last.seen_before <= oldest_running_transaction()
    return (last.ends_at, last.seen_before) if is_of_this_server else None


def _window_of(seen: tuple[datetime, int] | None) -> dict:
    return {"since": seen[0], "seen_before": str(seen[1])} if seen else {}


def _statement(
    shop_id: int, before: datetime, seen: tuple[datetime, int] | None, kinds: Sequence[OwnerKind]
) -> tuple[str, dict]:
    values = {
        "shop": shop_id,
        "shop_source": f"shop:{shop_id}",
        "before": before,
        "payable": [str(purpose) for purpose in PAYABLE],
        "owner_kinds": [str(kind) for kind in kinds],
        "sending": [str(kind) for kind in SENDING],
        "after_sale": Kind.AFTER_SALE,
        "completion": Kind.COMPLETION,
        "gift_posted": Kind.GIFT,
        "gift_taken_back": Kind.GIFT_RETURNED,
        "gift": LineKind.GIFT,
        "gift_returned": LineKind.GIFT_RETURNED,
        "host_payable": Purpose.HOST_PAYABLE,
        "freight_payable": Purpose.FREIGHT_PAYABLE,
        "coupon_cost": Purpose.COUPON_COST,
        "refund": LineKind.REFUND,
        "correction": LineKind.CORRECTION,
        "host_commission": LineKind.HOST_COMMISSION,
        "freight": LineKind.FREIGHT,
        "coupon": LineKind.COUPON,
        "sale": LineKind.SALE,
        "host": CommissionKind.HOST,
        "platform": CommissionKind.PLATFORM,
    }
    values |= _window_of(seen)
    return CLAIMABLE.format(window=_WINDOW if seen else ""), {
        name: str(value) if hasattr(value, "label") else value for name, value in values.items()
    }
