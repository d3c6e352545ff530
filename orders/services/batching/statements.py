"""The SQL of a batch. Sets go in as arrays, so that a statement is the same for any number of purchases.

Rows are written with every column of their model: what differs between purchases comes from the set, the
rest from one row made by the model itself, defaults included. A column that is added to a model is
therefore written here, too.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from django.db import DataError, OperationalError, connection, transaction
from django.db import Error as AnyDatabaseError
from django.db.models import Model
from django.db.models.expressions import DatabaseDefault
from psycopg.pq import TransactionStatus

from common.models import IdempotencyKey, OutboxMessage
from common.sessions import DIGEST_SQL
from livestreams.services.taking import TAKE
from orders.models import CommissionLine, Order, OrderGroup, OrderLine
from shops.models import StockReservation

# Takes the units of all, or fails: nothing behind it in the same message runs, not even the COMMIT.
TAKE_ALL = f"""
WITH taken AS ({TAKE % {"units": "$1::int", "deal": "$2::bigint"}} RETURNING 1) SELECT 1 / count(*) FROM taken
"""  # noqa: S608 (the parameters' names alone)
# What each connection of ours has prepared: the names by the statements.
_prepared: WeakKeyDictionary[psycopg.Connection, dict[str, str]] = WeakKeyDictionary()
# What differs between purchases, and its type.
ENTRY = {
    "purchase_id": "bigint", "sale_id": "bigint", "line_id": "bigint", "held_id": "bigint", "number": "text",
    "buyer_id": "bigint", "address_id": "bigint", "quantity": "int", "goods_fen": "bigint",
    "freight_fen": "bigint", "total_fen": "bigint", "platform_fen": "bigint", "host_fen": "bigint",
    "key": "uuid", "body_hash": "text", "note": "text", "answer": "jsonb",
}  # fmt: skip


class NotTaken(Exception):
    """Fewer units are left than all of these want, the deal is over, or somebody else holds the row."""


# A plan is made once, perhaps while the tables are small; it must not read them whole when they are large.
BY_INDEX = """
SELECT set_config(name, 'off', true)
FROM unnest('{enable_seqscan,enable_hashjoin,enable_mergejoin,jit}'::text[]) AS name
UNION ALL SELECT set_config('plan_cache_mode', 'force_generic_plan', true)
"""
# The locks of placing.py, under the same names. Nobody waits here: a purchase whose buyer is buying elsewhere
# at this moment steps back, and the others go on.
LOCK = """
SELECT pg_try_advisory_xact_lock(hashtextextended('user:' || e.buyer || '|' || $1 || '|' || e.key, 0)),
       pg_try_advisory_xact_lock(hashtextextended('unpaid|' || e.buyer, 0))
FROM unnest($2::bigint[], $3::uuid[]) WITH ORDINALITY AS e(buyer, key, i)
ORDER BY e.i
"""


def next_id(table: str) -> str:
    """Return what draws the next id of a table."""
    # In brackets of its own it is looked up once, not for every row.
    return f"nextval((SELECT pg_get_serial_sequence('{table}', 'id'))::regclass)"


# Each a question of its own: in a join a plan that was made while there were few sessions would read all.
SESSION = f"""
SELECT TRUE FROM django_session WHERE {DIGEST_SQL} = e.sign_in AND expire_date > clock_timestamp() LIMIT 1
"""  # noqa: S608 (a constant)
BEARER = """
SELECT TRUE FROM accounts_apitoken AS token
WHERE token.digest = e.sign_in AND token.user_id + 0 = e.buyer AND token.revoked_at IS NULL
  AND token.expires_at > clock_timestamp() LIMIT 1
"""
# With a LIMIT of its own no plan can read the keys of everybody first, as one did that was made without any.
KNOWN = """
LEFT JOIN LATERAL (
    SELECT one.body_hash, one.answer FROM common_idempotencykey AS one
    WHERE one.actor = 'user:' || e.buyer AND one.operation = $4 AND one.key = e.key LIMIT 1
) AS known ON TRUE
"""
# The mark of the purchase's person, if still signed in.
MARK = f"""
CASE WHEN person.is_active AND coalesce(({SESSION}), ({BEARER}), FALSE)
     THEN left(encode(sha256(convert_to(person.password, 'UTF8')), 'hex'), 16) END
"""
# What each purchase finds: its key, its person (if still signed in), its address, what they owe and have of
# this deal; and the numbers that its rows will have. What is added to columns changes nothing: a buyer's
# purchases are few, so they are read by the buyer's number and never by anything else, whatever the
# statistics say.
READ = f"""
SELECT known.body_hash, known.answer, {MARK}, home.region_code, own.unpaid, own.bought,
       {next_id("orders_ordergroup")}, {next_id("orders_order")},
       {next_id("orders_orderline")}, {next_id("shops_stockreservation")}
FROM unnest($1::bigint[], $2::uuid[], $3::bigint[], $7::text[])
     WITH ORDINALITY AS e(buyer, key, address, sign_in, i)
{KNOWN}LEFT JOIN accounts_user AS person ON person.id = e.buyer
LEFT JOIN accounts_address AS home ON home.id = e.address AND home.user_id + 0 = e.buyer
CROSS JOIN LATERAL (
    SELECT count(DISTINCT g.id) FILTER (WHERE o.status = ANY($5)) AS unpaid,
           coalesce(sum(l.quantity) FILTER (WHERE o.status <> 'cancelled'), 0)::int AS bought
    FROM orders_ordergroup AS g JOIN orders_order AS o ON o.group_id = g.id
    LEFT JOIN orders_orderline AS l ON l.order_id = o.id AND l.flash_deal_id + 0 = $6
    WHERE g.buyer_id = e.buyer
) AS own
ORDER BY e.i
"""  # noqa: S608 (names of tables and columns alone)
LOCK_STOCK = """
SELECT 1 FROM shops_dealstock WHERE id = (SELECT stock_id FROM livestreams_flashdeal WHERE id = $1)
FOR NO KEY UPDATE
"""


@contextmanager
def one_transaction() -> Iterator[None]:
    """One transaction, whose BEGIN goes with the first message and whose COMMIT with the last (`write`).

    Each way to the database and back is waited for by the whole crowd. What is not written is rolled back.
    """
    if connection.in_atomic_block:
        with transaction.atomic():
            yield
        return
    try:
        yield
    finally:
        raw = connection.connection
        if raw is not None and raw.info.transaction_status != TransactionStatus.IDLE:
            try:
                with connection.wrap_database_errors:
                    raw.execute("ROLLBACK")
            except AnyDatabaseError:
                connection.close()


def _is_own() -> bool:
    # Inside somebody else's transaction theirs decides.
    return not connection.in_atomic_block


def ask(
    *statements: tuple[str, Sequence[Any]], begins: bool = False, ends: bool = False
) -> list[list[tuple]]:
    """Send these in one message, let them run one after the other, and return what each answers.

    The server keeps them prepared: to plan them costs more than to run them, and Django prepares nothing.
    With `begins` they open the transaction of `one_transaction`, with `ends` they commit it: where one of
    them fails, those after it do not run.
    """
    connection.ensure_connection()
    raw = connection.connection
    names = _prepared.setdefault(raw, {})
    with connection.wrap_database_errors, raw.cursor() as cursor:
        calls = []
        for sql, parameters in statements:
            if sql not in names:
                cursor.execute(f"PREPARE batch_{len(names)} AS {sql}")
                names[sql] = f"batch_{len(names)}"
            places = f"({', '.join(['%s'] * len(parameters))})" if parameters else ""
            calls.append(f"EXECUTE {names[sql]}{places}")
        if begins and _is_own():
            calls.insert(0, "BEGIN")
        if ends and _is_own():
            calls.append("COMMIT")
        cursor.execute("; ".join(calls), [one for _, parameters in statements for one in parameters])
        answers = []
        while True:
            if cursor.description is not None:
                answers.append(cursor.fetchall())
            if not cursor.nextset():
                return answers


def array_of(values: Iterable[Any]) -> str:
    """Return PostgreSQL's spelling of an array of numbers, UUIDs or other words without commas and quotes."""
    return "{" + ",".join("NULL" if value is None else str(value) for value in values) + "}"


def write(entries: Sequence[Sequence[Any]], made: str, *, deal_id: int, units: int) -> list[int]:
    """Store the rows of these purchases, take their units, commit; return the ids of their outbox messages.

    `made` holds as JSON one row of each table, as they all are. An entry has the values of ENTRY, in its
    order. NotTaken, with nothing written, when the deal has fewer units or is over.
    """
    *plain, notes, answers = zip(*entries, strict=True)
    rows = (made, *map(array_of, plain), json.dumps(notes), f"[{','.join(answers)}]")
    # The row of stock comes last, so that whoever else wants it waits shortly.
    return end_with((WRITE, rows), (TAKE_ALL, [units, deal_id]))


def end_with(*statements: tuple[str, Sequence[Any]]) -> list[int]:
    """Send what ends the transaction; return the ids of the first answer.

    NotTaken, with nothing kept, where a count of units divides by zero or a row is locked for too long.
    """
    try:
        written, *_ = ask(*statements, ends=True)
    except DataError as error:
        if isinstance(error.__cause__, psycopg.errors.DivisionByZero):
            raise NotTaken() from error
        raise
    except OperationalError as error:
        if isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
            raise NotTaken() from error
        raise
    return [pk for (pk,) in written]


def columns_of(model: Model) -> dict[str, Any]:
    """Return what a model writes, by column."""
    return {field.column: _value(getattr(model, field.attname)) for field in model._meta.concrete_fields}


def _value(value: Any) -> Any:
    # What the database would put in is put in here: a row that is made whole asks for no default.
    return value.expression.value if isinstance(value, DatabaseDefault) else value


def insert(name: str, model: type[Model], source: str, **own: str) -> str:
    """One INSERT: the columns of `own` from the set, a key of None by the database, the rest as made."""
    table = model._meta.db_table
    columns, values = [], []
    for field in model._meta.concrete_fields:
        if field.primary_key and field.column not in own:
            continue
        columns.append(f'"{field.column}"')
        values.append(own.get(field.column, f'(made.{name})."{field.column}"'))
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {source}"  # noqa: S608 (our models' names)


def _parts() -> Iterator[tuple[str, type[Model], str]]:
    plain = "e CROSS JOIN made ORDER BY e.i"
    yield (
        "purchase",
        OrderGroup,
        insert(
            "purchase", OrderGroup, plain,
            id="e.purchase_id", buyer_id="e.buyer_id", total_fen="e.total_fen",
        ),
    )  # fmt: skip
    yield (
        "sale",
        Order,
        insert(
            "sale", Order,
            "e CROSS JOIN made JOIN accounts_address AS home ON home.id = e.address_id ORDER BY e.i",
            id="e.sale_id", number="e.number", group_id="e.purchase_id", goods_fen="e.goods_fen",
            freight_fen="e.freight_fen", total_fen="e.total_fen", recipient="home.recipient",
            phone="home.phone", region_code="home.region_code", region="home.region",
            address="home.detail", note="e.note",
        ),
    )  # fmt: skip
    yield (
        "line",
        OrderLine,
        insert(
            "line", OrderLine, plain,
            id="e.line_id", order_id="e.sale_id", reservation_id="e.held_id", quantity="e.quantity",
            total_fen="e.goods_fen",
        ),
    )  # fmt: skip
    yield (
        "platform",
        CommissionLine,
        insert(
            "platform", CommissionLine, plain, order_line_id="e.line_id", amount_fen="e.platform_fen"
        ),
    )  # fmt: skip
    yield (
        "host",
        CommissionLine,
        insert(
            "host", CommissionLine, "e CROSS JOIN made WHERE e.host_fen IS NOT NULL ORDER BY e.i",
            order_line_id="e.line_id", amount_fen="e.host_fen",
        ),
    )  # fmt: skip
    yield (
        "held",
        StockReservation,
        insert(
            "held", StockReservation, plain,
            id="e.held_id", quantity="e.quantity", reference="'order_line:' || e.line_id",
        ),
    )  # fmt: skip
    yield (
        "message",
        OutboxMessage,
        insert(
            "message", OutboxMessage, plain, kwargs="jsonb_build_object('order_id', e.sale_id)"
        )
        + " RETURNING id",
    )  # fmt: skip
    yield (
        "known",
        IdempotencyKey,
        insert(
            "known", IdempotencyKey, plain,
            actor="'user:' || e.buyer_id", key="e.key", body_hash="e.body_hash", answer="e.answer",
        ),
    )  # fmt: skip


def made_of(parts: Iterable[tuple[str, type[Model], str]]) -> str:
    """Return what reads the row of each table that all of a batch have in common."""
    made = ", ".join(
        f"json_populate_record(NULL::{model._meta.db_table}, set.made -> '{name}') AS {name}"
        for name, model, _ in parts
    )
    return f"made AS MATERIALIZED (SELECT {made} FROM (SELECT $1::json AS made) AS set)"  # noqa: S608 (our models' names)


def _writing() -> str:
    parts = list(_parts())
    plain = [f"unnest(${place}::{kind}[])" for place, kind in enumerate(ENTRY.values(), 2)]
    # These two hold any text.
    plain[-2:] = [
        f"json_array_elements_text(${len(ENTRY)}::json)",
        f"jsonb_array_elements(${len(ENTRY) + 1}::jsonb)",
    ]
    written = ",\n".join(f"put_{name} AS ({sql})" for name, _, sql in parts)
    return f"""
WITH {made_of(parts)},
e AS MATERIALIZED (
    SELECT * FROM ROWS FROM ({", ".join(plain)}) WITH ORDINALITY AS e({", ".join(ENTRY)}, i)
),
{written}
SELECT id FROM put_message ORDER BY id
"""  # noqa: S608 (made of our models' names alone)


WRITE = _writing()
