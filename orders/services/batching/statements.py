"""The SQL of a batch. Sets go in as JSON, so that a statement is the same for any number of purchases.

Rows are written with every column of their model: what differs between purchases comes from the set, the
rest from one row made by the model itself, defaults included. A column that is added to a model is
therefore written here, too.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection
from django.db.models import Model
from django.db.models.expressions import DatabaseDefault

from common.models import IdempotencyKey, OutboxMessage
from orders.models import CommissionLine, Order, OrderGroup, OrderLine
from shops.models import StockReservation

# A plan that was made while the tables were small must not read them whole when they are large.
BY_INDEX = (
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;"
    " SET LOCAL jit = off; SET LOCAL plan_cache_mode = force_generic_plan"
)
# The locks of placing.py, under the same names. Nobody waits here: a purchase whose buyer is buying elsewhere
# at this moment steps back, and the others go on.
LOCK = """
SELECT e.i,
       pg_try_advisory_xact_lock(
           hashtextextended('user:' || e.buyer || '|' || %(operation)s::text || '|' || e.key, 0)),
       pg_try_advisory_xact_lock(hashtextextended('unpaid|' || e.buyer, 0)),
       pg_try_advisory_xact_lock(
           hashtextextended('buyer_limit|' || e.buyer || '|deal|' || %(deal)s::bigint, 0))
FROM json_to_recordset(%(set)s) AS e(i int, buyer bigint, key text)
"""
# What each purchase finds: its key, its person, its address, what they owe and have of this deal; and the
# numbers that its rows will have.
READ = """
SELECT e.i, known.body_hash, known.answer,
       person.is_active AND left(encode(sha256(convert_to(person.password, 'UTF8')), 'hex'), 16) = e.mark,
       home.region_code, unpaid.n, bought.n,
       nextval(pg_get_serial_sequence('orders_ordergroup', 'id')),
       nextval(pg_get_serial_sequence('orders_order', 'id')),
       nextval(pg_get_serial_sequence('orders_orderline', 'id')),
       nextval(pg_get_serial_sequence('shops_stockreservation', 'id'))
FROM json_to_recordset(%(set)s) AS e(i int, buyer bigint, mark text, key uuid, address bigint)
LEFT JOIN common_idempotencykey AS known
  ON known.actor = 'user:' || e.buyer AND known.operation = %(operation)s AND known.key = e.key
LEFT JOIN accounts_user AS person ON person.id = e.buyer
LEFT JOIN accounts_address AS home ON home.id = e.address AND home.user_id = e.buyer
CROSS JOIN LATERAL (
    SELECT count(DISTINCT o.group_id) AS n
    FROM orders_ordergroup AS g JOIN orders_order AS o ON o.group_id = g.id
    WHERE g.buyer_id = e.buyer AND o.status = ANY(%(payable)s)
) AS unpaid
CROSS JOIN LATERAL (
    SELECT coalesce(sum(l.quantity), 0)::int AS n
    FROM orders_ordergroup AS g JOIN orders_order AS o ON o.group_id = g.id
    JOIN orders_orderline AS l ON l.order_id = o.id
    -- "+ 0": from the buyer's few orders, never from the deal's many lines, whatever the statistics say.
    WHERE g.buyer_id = e.buyer AND l.flash_deal_id + 0 = %(deal)s AND o.status <> 'cancelled'
) AS bought
ORDER BY e.i
"""
LOCK_STOCK = """
SELECT 1 FROM shops_dealstock WHERE id = (SELECT stock_id FROM livestreams_flashdeal WHERE id = %(deal)s)
FOR NO KEY UPDATE
"""


def rows(sql: str, **parameters: Any) -> list[tuple]:
    """Run a statement that the server keeps prepared, and return what it answers."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(sql, parameters, prepare=True)
        return cursor.fetchall() if cursor.description else []


def by_index() -> None:
    """Let this transaction look rows up."""
    with connection.cursor() as cursor:
        cursor.execute(BY_INDEX)


def write(entries: Sequence[Mapping[str, Any]], made_of: Mapping[str, Model]) -> None:
    """Store the rows of these purchases; `made_of` holds one model of each table, as they all are."""
    rows(
        WRITE,
        set=json.dumps(entries),
        # str() of a time keeps its microseconds, which Django's own encoder cuts.
        made=json.dumps({name: _columns(model) for name, model in made_of.items()}, default=str),
    )


def _columns(model: Model) -> dict[str, Any]:
    return {field.column: _value(getattr(model, field.attname)) for field in model._meta.concrete_fields}


def _value(value: Any) -> Any:
    # What the database would put in is put in here: a row that is made whole asks for no default.
    return value.expression.value if isinstance(value, DatabaseDefault) else value


def _insert(name: str, model: type[Model], source: str, **own: str) -> str:
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
        _insert(
            "purchase", OrderGroup, plain,
            id="e.purchase_id", buyer_id="e.buyer_id", total_fen="e.total_fen",
        ),
    )  # fmt: skip
    yield (
        "sale",
        Order,
        _insert(
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
        _insert(
            "line", OrderLine, plain,
            id="e.line_id", order_id="e.sale_id", reservation_id="e.held_id", quantity="e.quantity",
            total_fen="e.goods_fen",
        ),
    )  # fmt: skip
    yield (
        "platform",
        CommissionLine,
        _insert(
            "platform", CommissionLine, plain, order_line_id="e.line_id", amount_fen="e.platform_fen"
        ),
    )  # fmt: skip
    yield (
        "host",
        CommissionLine,
        _insert(
            "host", CommissionLine, "e CROSS JOIN made WHERE e.host_fen IS NOT NULL ORDER BY e.i",
            order_line_id="e.line_id", amount_fen="e.host_fen",
        ),
    )  # fmt: skip
    yield (
        "held",
        StockReservation,
        _insert(
            "held", StockReservation, plain,
            id="e.held_id", quantity="e.quantity", reference="'order_line:' || e.line_id",
        ),
    )  # fmt: skip
    yield (
        "message",
        OutboxMessage,
        _insert(
            "message", OutboxMessage, plain, kwargs="jsonb_build_object('order_id', e.sale_id)"
        ),
    )  # fmt: skip
    yield (
        "known",
        IdempotencyKey,
        _insert(
            "known", IdempotencyKey, plain,
            actor="'user:' || e.buyer_id", key="e.key", body_hash="e.body_hash", answer="e.answer",
        ),
    )  # fmt: skip


def _writing() -> str:
    parts = list(_parts())
    made = ", ".join(
        f"json_populate_record(NULL::{model._meta.db_table}, set.made -> '{name}') AS {name}"
        for name, model, _ in parts
    )
    written = ",\n".join(f"put_{name} AS ({sql})" for name, _, sql in parts)
    return f"""
WITH made AS MATERIALIZED (SELECT {made} FROM (SELECT %(made)s::json AS made) AS set),
e AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(set)s) AS e(
        i int, purchase_id bigint, sale_id bigint, line_id bigint, held_id bigint, number text,
        buyer_id bigint, address_id bigint, note text, quantity int, goods_fen bigint, freight_fen bigint,
        total_fen bigint, platform_fen bigint, host_fen bigint, key uuid, body_hash text, answer jsonb)
),
{written}
SELECT 1
"""  # noqa: S608 (made of our models' names alone)


WRITE = _writing()
