"""The seal of a statement: SHA-256 over all that it says, so that a later change of anything shows.

What is hashed is written in ADR 0027: a first line with the head and the sums, then the lines in the order of
their entries, a thousand to a hash. Eight letters of it stand on the paper and in its QR code.
"""

import hashlib
import hmac

from django.db import connection

from payouts.models import PayoutStatement

# No letters or digits that look or sound alike: they are read from paper over the telephone.
ALPHABET = "23456789ABCDEFGHJKLMNPQRTUVWXYZ"
LETTERS = 8

LINES = """
SELECT encode(sha256(coalesce(string_agg(chunk, ''::bytea ORDER BY n), ''::bytea)), 'hex') FROM (
  SELECT n, sha256(convert_to(string_agg(said, chr(10) ORDER BY entry_id), 'UTF8')) AS chunk FROM (
    SELECT entry_id,
           (row_number() OVER (ORDER BY entry_id) - 1) / 1000 AS n,
           concat_ws('|', entry_id, kind, order_line_id, order_number, gross_fen, commission_fen,
                     platform_fee_fen, amount_fen, (extract(epoch FROM posted_at) * 1000000)::bigint) AS said
    FROM {lines}) line
  GROUP BY n) part
"""

_HEAD = (
    "code", "period_id", "farmer_id", "host_id", "payee_shop_id", "payee_name", "gross_fen", "commission_fen",
    "platform_fee_fen", "freight_fen", "coupon_fen", "refund_fen", "correction_fen", "carried_fen",
    "carried_from_id", "net_fen",
)  # fmt: skip


def seal_of(statement: PayoutStatement, *, lines: str) -> str:
    """Return the seal of what a statement says, with the digest of its lines."""
    period = statement.period
    head = [period.shop_id, int(period.starts_at.timestamp()), int(period.ends_at.timestamp())]
    head += [getattr(statement, name) for name in _HEAD]
    if statement.gift_fen:
        # Only then: tallies that were sealed before there were gifts stay genuine.
        head.append(statement.gift_fen)
    said = "\x1f".join("" if value is None else str(value) for value in ["statement/1", *head, lines])
    return hashlib.sha256(said.encode()).hexdigest()


def letters_of(seal: str) -> str:
    """Return the letters of a seal that stand on paper."""
    number, letters = int(seal, 16), ""
    for _ in range(LETTERS):
        number, place = divmod(number, len(ALPHABET))
        letters += ALPHABET[place]
    return letters


def is_unaltered(statement: PayoutStatement) -> bool:
    """Return whether a statement and its lines still say what they said when they were sealed."""
    if not statement.seal:
        return False
    with connection.cursor() as cursor:
        cursor.execute(LINES.format(lines="payouts_statementline WHERE statement_id = %s"), [statement.pk])
        (lines,) = cursor.fetchone()
    return hmac.compare_digest(seal_of(statement, lines=lines), statement.seal)
