"""The claims of a closing, gathered once in the database and written payee by payee, never through Python.

A closing of a million lines reads the book once, into a table of its own database session; a killed run loses
the table and nothing else, for the next one gathers what is not claimed yet.
"""

from dataclasses import dataclass

from django.db import connection, transaction

from payouts.models import PayoutStatement, SettlementPeriod
from payouts.selectors.claims import Payee, claimable
from payouts.selectors.seals import LINES
from payouts.statuses import LineKind

_GATHER = """
CREATE TEMP TABLE payouts_claim AS
SELECT c.entry_id, c.owner_kind, c.owner_id, c.kind, c.posted_at, c.order_line_id, c.order_number,
       c.amount_fen,
       CASE c.kind WHEN %(sale)s THEN l.total_fen WHEN %(host_commission)s THEN c.amount_fen ELSE 0 END
         AS gross_fen,
       CASE c.kind WHEN %(sale)s THEN coalesce(h.amount_fen, 0) ELSE 0 END AS commission_fen,
       CASE c.kind WHEN %(sale)s THEN coalesce(p.amount_fen, 0) ELSE 0 END AS platform_fee_fen
FROM ({claimable}) c
LEFT JOIN orders_orderline l ON l.id = c.order_line_id
LEFT JOIN orders_commissionline h ON h.order_line_id = l.id AND h.kind = %(host)s
LEFT JOIN orders_commissionline p ON p.order_line_id = l.id AND p.kind = %(platform)s
ORDER BY c.owner_id, c.owner_kind COLLATE "C", c.entry_id
"""

_SUMS = """
SELECT coalesce(sum(gross_fen), 0),
       coalesce(sum(commission_fen), 0),
       coalesce(sum(platform_fee_fen), 0),
       coalesce(sum(amount_fen) FILTER (WHERE kind = %(freight)s), 0),
       coalesce(sum(amount_fen) FILTER (WHERE kind = %(coupon)s), 0),
       coalesce(sum(amount_fen) FILTER (WHERE kind = %(refund)s), 0),
       coalesce(sum(amount_fen) FILTER (WHERE kind = %(correction)s), 0),
       coalesce(sum(amount_fen), 0),
       min(entry_id) FILTER (WHERE kind = %(sale)s AND
         gross_fen - commission_fen - platform_fee_fen IS DISTINCT FROM amount_fen),
       ({digest})
FROM {claims}
"""
_OF_PAYEE = "payouts_claim WHERE owner_kind = %(owner_kind)s AND owner_id = %(owner_id)s"

_WRITE = """
INSERT INTO payouts_statementline (statement_id, entry_id, kind, order_line_id, order_number, gross_fen,
                                   commission_fen, platform_fee_fen, amount_fen, posted_at)
SELECT %(statement)s, entry_id, kind, order_line_id, order_number, gross_fen,
       commission_fen, platform_fee_fen, amount_fen, posted_at
FROM payouts_claim WHERE owner_kind = %(owner_kind)s AND owner_id = %(owner_id)s
ORDER BY entry_id
"""


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
    correction_fen: int
    amount_fen: int
    wrong_entry: int | None
    lines_digest: str

    @property
    def columns(self) -> dict[str, int]:
        """Return the columns of a statement."""
        names = ("gross", "commission", "platform_fee", "freight", "coupon", "refund", "correction")
        return {f"{name}_fen": getattr(self, f"{name}_fen") for name in names}


@transaction.atomic
def gather_claims(*, period: SettlementPeriod) -> list[Payee]:
    """Read every claim of a period into a table of this database session; return the payees, in order."""
    statement, values = claimable(period=period)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS payouts_claim")
        # Joins and a sort of a million rows once a week; the setting ends with this transaction.
        cursor.execute("SET LOCAL work_mem = '64MB'")
        cursor.execute(_GATHER.format(claimable=statement), values)
        cursor.execute("CREATE INDEX ON payouts_claim (owner_id, owner_kind)")
        cursor.execute("ANALYZE payouts_claim")
        cursor.execute("SELECT DISTINCT owner_kind, owner_id FROM payouts_claim ORDER BY 1, 2")
        return [Payee(*row) for row in cursor.fetchall()]


def forget_claims() -> None:
    """Drop the table of the claims."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS payouts_claim")


def sums_of(payee: Payee) -> Sums:
    """Return what the gathered claims of a payee add up to."""
    kinds = {kind.value: kind.value for kind in LineKind}
    with connection.cursor() as cursor:
        statement = _SUMS.format(claims=_OF_PAYEE, digest=LINES.format(lines=_OF_PAYEE))
        cursor.execute(statement, kinds | _named(payee))
        *sums, wrong_entry, digest = cursor.fetchone()
    return Sums(*(int(amount) for amount in sums), wrong_entry=wrong_entry, lines_digest=digest)


def write_lines(*, statement: PayoutStatement, payee: Payee) -> None:
    """Write the gathered claims of a payee as the lines of a statement; an entry is claimed once for ever."""
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, {"statement": statement.pk} | _named(payee))


def _named(payee: Payee) -> dict[str, str | int]:
    return {"owner_kind": payee.owner_kind, "owner_id": payee.owner_id}
