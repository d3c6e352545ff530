"""The claims of a closing, gathered once in the database and written payee by payee, never through Python.

A closing of a million lines reads the book once, into a table of its own database session; a killed run loses
the table and nothing else, for the next one gathers what is not claimed yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection, transaction
from django.db.models import Field, Model

from payouts.models import Payout, PayoutStatement, SettlementPeriod
from payouts.selectors.claims import Payee, claimable
from payouts.selectors.payees import FIELDS
from payouts.selectors.seals import LINES
from payouts.statuses import LineKind

_GATHER = """
CREATE TEMP TABLE payouts_claim AS
SELECT c.entry_id, c.owner_kind, c.owner_id, c.kind, c.posted_at, c.order_line_id, c.order_number,
       c.amount_fen,
       CASE c.kind WHEN %(sale)s THEN coalesce(a.gross_fen, l.total_fen)
                   WHEN %(host_commission)s THEN c.amount_fen
                   WHEN %(gift)s THEN g.amount_fen WHEN %(gift_returned)s THEN -g.amount_fen
                   ELSE 0 END AS gross_fen,
       CASE c.kind WHEN %(sale)s THEN coalesce(a.host_fen, h.amount_fen, 0) ELSE 0 END AS commission_fen,
       CASE c.kind WHEN %(sale)s THEN coalesce(a.platform_fen, p.amount_fen, 0)
                   WHEN %(gift)s THEN g.platform_fen WHEN %(gift_returned)s THEN -g.platform_fen
                   ELSE 0 END AS platform_fee_fen
FROM ({claimable}) c
LEFT JOIN orders_orderline l ON l.id = c.order_line_id
LEFT JOIN orders_commissionline h ON h.order_line_id = l.id AND h.kind = %(host)s
LEFT JOIN orders_commissionline p ON p.order_line_id = l.id AND p.kind = %(platform)s
LEFT JOIN livestreams_gift g ON g.id = c.gift_id
-- Of goods that many farmers share, the part of each.
LEFT JOIN (
    SELECT order_line_id, farmer_id, sum(gross_fen) AS gross_fen, sum(host_fen) AS host_fen,
           sum(platform_fen) AS platform_fen
    FROM orders_lotallocation WHERE gross_fen IS NOT NULL GROUP BY 1, 2
) a ON l.term_sheet_id IS NOT NULL AND a.order_line_id = l.id
   AND coalesce(a.farmer_id, 0) = CASE c.owner_kind WHEN 'farmer' THEN c.owner_id ELSE 0 END
ORDER BY c.owner_id, c.owner_kind COLLATE "C", c.entry_id
"""

# Some hundreds of payees at a time: what they add up to, and what their lines contribute to their seals.
_SUMS = """
SELECT owner_kind, owner_id,
       coalesce(sum(gross_fen) FILTER (WHERE kind NOT IN (%(gift)s, %(gift_returned)s)), 0),
       coalesce(sum(commission_fen), 0),
       coalesce(sum(platform_fee_fen), 0),
       coalesce(sum(amount_fen) FILTER (WHERE kind = %(freight)s), 0),
       coalesce(sum(amount_fen) FILTER (WHERE kind = %(coupon)s), 0),
       coalesce(sum(amount_fen) FILTER (WHERE kind = %(refund)s), 0),
       coalesce(sum(gross_fen) FILTER (WHERE kind IN (%(gift)s, %(gift_returned)s)), 0),
       coalesce(sum(amount_fen) FILTER (WHERE kind = %(correction)s), 0),
       coalesce(sum(amount_fen), 0),
       min(entry_id) FILTER (WHERE kind IN (%(sale)s, %(gift)s, %(gift_returned)s) AND
         gross_fen - commission_fen - platform_fee_fen IS DISTINCT FROM amount_fen)
FROM payouts_claim
WHERE (owner_kind, owner_id) IN (SELECT * FROM unnest(%(kinds)s::text[], %(ids)s::bigint[]))
GROUP BY 1, 2
"""
_DIGESTS = """
SELECT owner_kind, owner_id, ({digest})
FROM unnest(%(kinds)s::text[], %(ids)s::bigint[]) AS payee (owner_kind, owner_id)
"""
_OF_PAYEE = "payouts_claim c WHERE c.owner_kind = payee.owner_kind AND c.owner_id = payee.owner_id"

# A statement with its lines and its payout in one statement of SQL, planned once a closing. The lock on the
# period makes two closers take turns; the second meets the statement of the first and writes nothing. The
# commit need not wait for the disk: nobody is told before a later commit that does, and the log is one.
_PREPARE = """
PREPARE {name} ({types}) AS
WITH period AS MATERIALIZED (
  SELECT id, set_config('synchronous_commit', 'off', true) FROM payouts_settlementperiod
  WHERE id = ${period} AND status = 'closing' FOR UPDATE
), made AS (
  INSERT INTO payouts_payoutstatement ({statement}) SELECT {statement_values} FROM period
  ON CONFLICT (period_id, {payee}) DO NOTHING
  RETURNING id, net_fen
), lines AS (
  INSERT INTO payouts_statementline (statement_id, entry_id, kind, order_line_id, order_number, gross_fen,
                                     commission_fen, platform_fee_fen, amount_fen, posted_at)
  SELECT made.id, c.entry_id, c.kind, c.order_line_id, c.order_number, c.gross_fen,
         c.commission_fen, c.platform_fee_fen, c.amount_fen, c.posted_at
  FROM made JOIN payouts_claim c ON c.owner_kind = ${owner_kind} AND c.owner_id = ${owner_id}
  ORDER BY c.entry_id
), payout AS (
  INSERT INTO payouts_payout ({payout}) SELECT {payout_values} FROM made WHERE made.net_fen > 0
)
SELECT id FROM made
"""
_PREPARED = "payouts_settle_"


@dataclass(frozen=True)
class Sums:
    """What a payee's claims add up to, in fen; `wrong_entry` is not what its order line froze.

    `lines_digest` is what the lines contribute to the seal.
    """

    gross_fen: int
    commission_fen: int
    platform_fee_fen: int
    freight_fen: int
    coupon_fen: int
    refund_fen: int
    gift_fen: int
    correction_fen: int
    amount_fen: int
    wrong_entry: int | None
    lines_digest: str

    @property
    def columns(self) -> dict[str, int]:
        """Return the columns of a statement."""
        names = ("gross", "commission", "platform_fee", "freight", "coupon", "refund", "gift", "correction")
        return {f"{name}_fen": getattr(self, f"{name}_fen") for name in names}


@transaction.atomic
def gather_claims(*, period: SettlementPeriod) -> list[Payee]:
    """Read every claim of a period into a table of this database session; return the payees, in order."""
    statement, values = claimable(period=period)
    with connection.cursor() as cursor:
        _forget_plans(cursor)
        cursor.execute("DROP TABLE IF EXISTS payouts_claim")
        # Joins and a sort of a million rows once a week; the setting ends with this transaction.
        cursor.execute("SET LOCAL work_mem = '64MB'")
        cursor.execute(_GATHER.format(claimable=statement), values)
        cursor.execute("CREATE INDEX ON payouts_claim (owner_id, owner_kind, entry_id)")
        cursor.execute("ANALYZE payouts_claim")
        for field in FIELDS.values():
            _plan(cursor, field)
        cursor.execute("SELECT DISTINCT owner_kind, owner_id FROM payouts_claim ORDER BY 1, 2")
        return [Payee(*row) for row in cursor.fetchall()]


def forget_claims() -> None:
    """Drop the table of the claims, and what was planned over it."""
    with connection.cursor() as cursor:
        _forget_plans(cursor)
        cursor.execute("DROP TABLE IF EXISTS payouts_claim")


def sums_of(payees: Sequence[Payee]) -> dict[Payee, Sums]:
    """Return what the gathered claims of some payees add up to."""
    values = {kind.value: kind.value for kind in LineKind} | {
        "kinds": [payee.owner_kind for payee in payees],
        "ids": [payee.owner_id for payee in payees],
    }
    with connection.cursor() as cursor:
        cursor.execute(_DIGESTS.format(digest=LINES.format(lines=_OF_PAYEE)), values)
        digests = {Payee(kind, pk): digest for kind, pk, digest in cursor.fetchall()}
        cursor.execute(_SUMS, values)
        rows = cursor.fetchall()
    return {
        Payee(kind, pk): Sums(
            *(int(amount) for amount in sums), wrong_entry=wrong, lines_digest=digests[Payee(kind, pk)]
        )
        for kind, pk, *sums, wrong in rows
    }


def write_statement(*, statement: PayoutStatement, payout: Payout, payee: Payee, field: str) -> bool:
    """Write a statement, the gathered claims of its payee as its lines, and its payout when there is money.

    False, and nothing written, when the period is not being closed or has the statement already. `field`
    is the column that names the payee.
    """
    values = [*_values(statement, _fields(PayoutStatement)), *_values(payout, _fields(Payout)[1:])]
    values += [statement.period_id, payee.owner_kind, payee.owner_id]
    with connection.cursor() as cursor:
        cursor.execute(f"EXECUTE {_PREPARED}{field} ({', '.join(['%s'] * len(values))})", values)
        return cursor.fetchone() is not None


def _plan(cursor: Any, field: str) -> None:
    """Plan the writing for one kind of payee; the columns are those of the models, whatever they have."""
    statement, payout = _fields(PayoutStatement), _fields(Payout)
    types = [each.db_type(connection) for each in (*statement, *payout[1:])] + ["bigint", "text", "bigint"]
    first, last = len(statement), len(statement) + len(payout) - 1
    text = _PREPARE.format(
        name=_PREPARED + field,
        types=", ".join(types),
        payee=field,
        statement=", ".join(each.column for each in statement),
        statement_values=", ".join(f"${place}" for place in range(1, first + 1)),
        payout=", ".join(each.column for each in payout),
        payout_values=", ".join(["made.id", *(f"${place}" for place in range(first + 1, last + 1))]),
        period=last + 1,
        owner_kind=last + 2,
        owner_id=last + 3,
    )
    cursor.execute(text)


@cache
def _fields(model: type[Model]) -> list[Field]:
    """Return the columns to write, of a payout its statement first."""
    fields = [field for field in model._meta.concrete_fields if not field.primary_key and not field.generated]
    return sorted(fields, key=lambda field: field.name != "statement")


def _values(thing: Model, fields: Sequence[Field]) -> list[Any]:
    return [field.get_db_prep_save(getattr(thing, field.attname), connection) for field in fields]


def _forget_plans(cursor: Any) -> None:
    cursor.execute("SELECT name FROM pg_prepared_statements WHERE name LIKE %s", [f"{_PREPARED}%"])
    for (name,) in cursor.fetchall():
        cursor.execute(f"DEALLOCATE {name}")
