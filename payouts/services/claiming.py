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

from ledger.statuses import OwnerKind
from payouts.models import Payout, PayoutStatement, SettlementPeriod
from payouts.selectors.claims import PAYEES, Payee, claimable
from payouts.selectors.payees import FIELDS
from payouts.selectors.seals import CHUNK, CHUNK_DIGEST, DIGEST
from payouts.statuses import LineKind

# In the order of the payees, each one's entries a thousand to a chunk, as their seals are made of them.
_GATHER = """
CREATE TEMP TABLE payouts_claim AS
SELECT c.entry_id, c.owner_kind COLLATE "C" AS owner_kind, c.owner_id, c.kind, c.posted_at,
       c.order_line_id, c.order_number, c.amount_fen,
       CASE c.kind WHEN %(sale)s THEN coalesce(a.gross_fen, c.line_fen)
                   WHEN %(host_commission)s THEN c.amount_fen
                   WHEN %(gift)s THEN g.amount_fen WHEN %(gift_returned)s THEN -g.amount_fen
                   ELSE 0 END AS gross_fen,
       CASE c.kind WHEN %(sale)s THEN coalesce(a.host_fen, h.amount_fen, 0) ELSE 0 END AS commission_fen,
       CASE c.kind WHEN %(sale)s THEN coalesce(a.platform_fen, p.amount_fen, 0)
                   WHEN %(gift)s THEN g.platform_fen WHEN %(gift_returned)s THEN -g.platform_fen
                   ELSE 0 END AS platform_fee_fen,
       (row_number() OVER (PARTITION BY c.owner_id, c.owner_kind COLLATE "C" ORDER BY c.entry_id) - 1)
         / {chunk} AS chunk
FROM ({claimable}) c
LEFT JOIN orders_commissionline h
  ON c.kind = %(sale)s AND h.order_line_id = c.order_line_id AND h.kind = %(host)s
LEFT JOIN orders_commissionline p
  ON c.kind = %(sale)s AND p.order_line_id = c.order_line_id AND p.kind = %(platform)s
LEFT JOIN livestreams_gift g ON g.id = c.gift_id
-- Of goods that many farmers share, the part of each.
LEFT JOIN (
    SELECT order_line_id, farmer_id, sum(gross_fen) AS gross_fen, sum(host_fen) AS host_fen,
           sum(platform_fen) AS platform_fen
    FROM orders_lotallocation WHERE gross_fen IS NOT NULL GROUP BY 1, 2
) a ON c.term_sheet_id IS NOT NULL AND a.order_line_id = c.order_line_id
   AND coalesce(a.farmer_id, 0) = CASE c.owner_kind WHEN 'farmer' THEN c.owner_id ELSE 0 END
ORDER BY c.owner_id, c.owner_kind COLLATE "C", c.entry_id
"""
_ORDER = "owner_id, owner_kind, chunk, entry_id"

# Every payee's sums and what their lines contribute to their seal, in one pass over the claims.
_ADD_UP = f"""
CREATE TEMP TABLE payouts_claim_sum AS
SELECT owner_kind, owner_id,
       coalesce(sum(gross_fen), 0)::bigint AS gross_fen,
       sum(commission_fen)::bigint AS commission_fen,
       sum(platform_fee_fen)::bigint AS platform_fee_fen,
       coalesce(sum(freight_fen), 0)::bigint AS freight_fen,
       coalesce(sum(coupon_fen), 0)::bigint AS coupon_fen,
       coalesce(sum(refund_fen), 0)::bigint AS refund_fen,
       coalesce(sum(gift_fen), 0)::bigint AS gift_fen,
       coalesce(sum(correction_fen), 0)::bigint AS correction_fen,
       sum(amount_fen)::bigint AS amount_fen,
       min(wrong_entry) AS wrong_entry,
       {DIGEST} AS lines_digest
FROM (
  SELECT owner_kind, owner_id, chunk,
         sum(gross_fen) FILTER (WHERE kind NOT IN (%(gift)s, %(gift_returned)s)) AS gross_fen,
         sum(commission_fen) AS commission_fen,
         sum(platform_fee_fen) AS platform_fee_fen,
         sum(amount_fen) FILTER (WHERE kind = %(freight)s) AS freight_fen,
         sum(amount_fen) FILTER (WHERE kind = %(coupon)s) AS coupon_fen,
         sum(amount_fen) FILTER (WHERE kind = %(refund)s) AS refund_fen,
         sum(gross_fen) FILTER (WHERE kind IN (%(gift)s, %(gift_returned)s)) AS gift_fen,
         sum(amount_fen) FILTER (WHERE kind = %(correction)s) AS correction_fen,
         sum(amount_fen) AS amount_fen,
         min(entry_id) FILTER (WHERE kind IN (%(sale)s, %(gift)s, %(gift_returned)s) AND
           gross_fen - commission_fen - platform_fee_fen IS DISTINCT FROM amount_fen) AS wrong_entry,
         {CHUNK_DIGEST} AS chunk_digest
  FROM payouts_claim GROUP BY owner_id, owner_kind, chunk) part
GROUP BY 1, 2
"""  # noqa: S608 (put together of our own text)
_SUMS = """
SELECT owner_kind, owner_id, gross_fen, commission_fen, platform_fee_fen, freight_fen, coupon_fen, refund_fen,
       gift_fen, correction_fen, amount_fen, wrong_entry, lines_digest
FROM payouts_claim_sum
WHERE (owner_kind, owner_id) IN (SELECT * FROM unnest(%(kinds)s::text[], %(ids)s::bigint[]))
"""

# A statement with its lines and its payout in one statement of SQL, planned once a closing. The lock keeps
# the period from being closed meanwhile; of two closers the second meets the statement of the first, waits
# for its end and writes nothing. The commit need not wait for the disk: nobody is told before a later commit
# that does, and the log is one.
_PREPARE = """
PREPARE {name} ({types}) AS
WITH period AS MATERIALIZED (
  SELECT id, set_config('synchronous_commit', 'off', true) FROM payouts_settlementperiod
  WHERE id = ${period} AND status = 'closing' FOR SHARE
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
  ORDER BY c.chunk, c.entry_id
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
def gather_claims(*, period: SettlementPeriod, kinds: Sequence[OwnerKind]) -> list[Payee]:
    """Read every claim of these kinds of payees into a table of this database session.

    Returns the payees, in order.
    """
    statement, values = claimable(period=period, kinds=kinds)
    values |= {kind.value: kind.value for kind in LineKind}
    with connection.cursor() as cursor:
        _forget(cursor)
        # Joins and a sort of a million rows once a week; these settings end with this transaction.
        cursor.execute("SET LOCAL work_mem = '64MB'")
        cursor.execute("SET LOCAL default_statistics_target = 10")
        if set(kinds) != set(PAYEES):
            # Another session reads the other half at this moment: helpers of a plan would only wait for it.
            cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")
        if "since" not in values:
            # The whole book: row by row is never the way, whatever an empty table of lines promises.
            cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(_GATHER.format(claimable=statement, chunk=CHUNK), values)
        cursor.execute(f"CREATE INDEX ON payouts_claim ({_ORDER})")
        cursor.execute(f"ANALYZE payouts_claim ({_ORDER})")
        cursor.execute(_ADD_UP, values)
        cursor.execute("CREATE UNIQUE INDEX ON payouts_claim_sum (owner_kind, owner_id)")
        for kind in kinds:
            _plan(cursor, FIELDS[kind])
        cursor.execute("SELECT owner_kind, owner_id FROM payouts_claim_sum ORDER BY 1, 2")
        return [Payee(*row) for row in cursor.fetchall()]


def forget_claims() -> None:
    """Drop the tables of the claims, and what was planned over them."""
    with connection.cursor() as cursor:
        _forget(cursor)


def sums_of(payees: Sequence[Payee]) -> dict[Payee, Sums]:
    """Return what the gathered claims of some payees add up to."""
    kinds, ids = [payee.owner_kind for payee in payees], [payee.owner_id for payee in payees]
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, {"kinds": kinds, "ids": ids})
        return {Payee(kind, pk): Sums(*sums) for kind, pk, *sums in cursor.fetchall()}


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


def _forget(cursor: Any) -> None:
    cursor.execute("SELECT name FROM pg_prepared_statements WHERE name LIKE %s", [f"{_PREPARED}%"])
    for (name,) in cursor.fetchall():
        cursor.execute(f"DEALLOCATE {name}")
    cursor.execute("DROP TABLE IF EXISTS payouts_claim, payouts_claim_sum")
