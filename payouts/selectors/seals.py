"""The seal of a statement: SHA-256 over all that it says, so that a later change of anything shows.

What is hashed is written in ADR 0027: a first line with the head and the sums, then the lines in the order of
their entries, a thousand to a hash. Eight letters of it stand on the paper and in its QR code.
"""

import hashlib
import hmac
from collections.abc import Iterator

from django.db import connection

from payouts.models import PayoutStatement

# No letters or digits that look or sound alike: they are read from paper over the telephone.
ALPHABET = "23456789ABCDEFGHJKLMNPQRTUVWXYZ"
LETTERS = 8

CHUNK = 1000
# Of lines: what a thousand of them say, and of those the whole. Once for the closing, once for the check.
CHUNK_DIGEST = """
sha256(convert_to(string_agg(
  concat_ws('|', entry_id, kind, order_line_id, order_number, gross_fen, commission_fen, platform_fee_fen,
            amount_fen, (extract(epoch FROM posted_at) * 1000000)::bigint),
  chr(10) ORDER BY entry_id), 'UTF8'))
"""
DIGEST = "encode(sha256(coalesce(string_agg(chunk_digest, ''::bytea ORDER BY chunk), ''::bytea)), 'hex')"

_DIGEST_OF_STATEMENT = f"""
SELECT {DIGEST} FROM (
  SELECT chunk, {CHUNK_DIGEST} AS chunk_digest FROM (
    SELECT *, (row_number() OVER (ORDER BY entry_id) - 1) / {CHUNK} AS chunk
    FROM payouts_statementline WHERE statement_id = %s) line
  GROUP BY chunk) part
"""  # noqa: S608 (put together of our own text)

_DIGESTS = f"""
SELECT statement_id, {DIGEST} FROM (
  SELECT statement_id, chunk, {CHUNK_DIGEST} AS chunk_digest FROM (
    SELECT *, (row_number() OVER (PARTITION BY statement_id ORDER BY entry_id) - 1) / {CHUNK} AS chunk
    FROM payouts_statementline WHERE statement_id > %s AND statement_id <= %s) line
  GROUP BY statement_id, chunk) part
GROUP BY statement_id
"""  # noqa: S608 (put together of our own text)
AT_ONCE = 500

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
        cursor.execute(_DIGEST_OF_STATEMENT, [statement.pk])
        (lines,) = cursor.fetchone()
    return hmac.compare_digest(seal_of(statement, lines=lines), statement.seal)


def altered_statements() -> Iterator[int]:
    """Give the ids of sealed statements that no longer say what was sealed, some hundreds to a question."""
    sealed = PayoutStatement.objects.exclude(seal="").select_related("period").order_by("pk")
    last, nothing = 0, hashlib.sha256().hexdigest()
    while batch := list(sealed.filter(pk__gt=last)[:AT_ONCE]):
        with connection.cursor() as cursor:
            cursor.execute(_DIGESTS, [last, batch[-1].pk])
            digests = dict(cursor.fetchall())
        for statement in batch:
            if seal_of(statement, lines=digests.get(statement.pk, nothing)) != statement.seal:
                yield statement.pk
        last = batch[-1].pk
