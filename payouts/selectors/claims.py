"""Which payable entries of the book belong to a shop's period: one set-based query (decisions.md 14).

An entry names its document ("order_line:7", "order:3"), and the document its shop. The book is a lower
floor and knows no orders, so the join is made here, in SQL.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from ledger.statuses import Purpose

PAYABLE = (
    Purpose.FARMER_PAYABLE,
    Purpose.SHOP_PAYABLE,
    Purpose.HOST_PAYABLE,
    Purpose.FREIGHT_PAYABLE,
    Purpose.COUPON_COST,
)

_CLAIMABLE = """
WITH document AS (
  SELECT 'order:' || o.id AS source, o.id AS order_id, NULL::bigint AS order_line_id
    FROM orders_order o WHERE o.shop_id = %(shop)s AND o.paid_at IS NOT NULL
  UNION ALL
  SELECT 'order_line:' || l.id, o.id, l.id
    FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
    WHERE o.shop_id = %(shop)s AND o.paid_at IS NOT NULL
)
SELECT {columns}
FROM document d
JOIN ledger_ledgerentry e ON e.source = d.source
JOIN ledger_ledgeraccount a ON a.id = e.account_id AND a.purpose = ANY(%(payable)s)
JOIN ledger_ledgertransaction t ON t.id = e.transaction_id AND t.posted_at < %(before)s
JOIN orders_order o ON o.id = d.order_id
WHERE NOT EXISTS (SELECT 1 FROM payouts_statementline s WHERE s.entry_id = e.id)
{rest}
"""


@dataclass(frozen=True, order=True)
class Payee:
    """Whose account: farmer, host or shop, and its id."""

    owner_kind: str
    owner_id: int


@dataclass(frozen=True)
class Claim:
    """One payable entry that no statement holds yet; `amount_fen` is what the payee earns (credit > 0)."""

    entry_id: int
    purpose: str
    amount_fen: int
    transaction_kind: str
    posted_at: datetime
    order_number: str
    order_line_id: int | None


def claimable_payees(*, shop_id: int, before: datetime) -> list[Payee]:
    """Return who has unclaimed payable entries of a shop posted before an instant."""
    rows = _rows("DISTINCT a.owner_kind, a.owner_id", "", shop_id=shop_id, before=before)
    return sorted(Payee(*row) for row in rows)


def claimable_entries(*, shop_id: int, before: datetime, payee: Payee) -> list[Claim]:
    """Return one payee's unclaimed payable entries of a shop posted before an instant, oldest first."""
    rows = _rows(
        "e.id, a.purpose, -e.amount_fen, t.kind, t.posted_at, o.number, d.order_line_id",
        "AND a.owner_kind = %(owner_kind)s AND a.owner_id = %(owner_id)s ORDER BY t.posted_at, e.id",
        shop_id=shop_id,
        before=before,
        owner_kind=payee.owner_kind,
        owner_id=payee.owner_id,
    )
    return [Claim(*row) for row in rows]


def _rows(columns: str, rest: str, *, shop_id: int, before: datetime, **values: str | int) -> list[tuple]:
    statement = _CLAIMABLE.format(columns=columns, rest=rest)
    values |= {"shop": shop_id, "before": before, "payable": [str(purpose) for purpose in PAYABLE]}
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()
