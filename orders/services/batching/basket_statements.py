"""The SQL of a batch of baskets: purchases, their orders and their lines, each a set of its own."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Model

from common.models import IdempotencyKey, OutboxMessage
from orders.models import CommissionLine, Order, OrderGroup, OrderLine
from orders.services.batching.statements import KNOWN, MARK, array_of, end_with, insert, made_of, next_id
from shops.models import StockReservation

# A batch does not wait long for one row while others wait for it.
LOCK_MS = 200
SOON = f"SELECT set_config('lock_timeout', '{LOCK_MS}ms', true)"
# As statements.READ, without a deal. What a buyer owes is asked purchase by purchase: a join that was planned
# while there were few orders would go through those of everybody.
READ = f"""
SELECT known.body_hash, known.answer, {MARK}, home.region_code,
       (SELECT count(*) FROM orders_ordergroup AS g WHERE g.buyer_id = e.buyer AND (
            SELECT bool_or(o.status = ANY($5)) FROM orders_order AS o WHERE o.group_id = g.id)),
       {next_id("orders_ordergroup")}
FROM unnest($1::bigint[], $2::uuid[], $3::bigint[], $6::text[])
     WITH ORDINALITY AS e(buyer, key, address, sign_in, i)
{KNOWN}LEFT JOIN accounts_user AS person ON person.id = e.buyer
LEFT JOIN accounts_address AS home ON home.id = e.address AND home.user_id + 0 = e.buyer
ORDER BY e.i
"""  # noqa: S608 (names of tables and columns alone)
# Numbers of as many orders, lines and reservations as the lines may need.
DRAW = f"""
SELECT {next_id("orders_order")}, {next_id("orders_orderline")}, {next_id("shops_stockreservation")}
FROM generate_series(1, $1::int)
"""  # noqa: S608 (names of tables alone)
# Whose rows somebody else holds is told by their absence; those who want them step back.
LOCK_FREE = """
SELECT variant_id FROM shops_variantstock WHERE variant_id = ANY($1::bigint[])
ORDER BY variant_id FOR NO KEY UPDATE SKIP LOCKED
"""
# Ascending, whatever plan the UPDATE has: nobody waits in a circle (rules.md 2).
LOCK_ALL = """
SELECT 1 FROM shops_variantstock WHERE variant_id = ANY($1::bigint[]) ORDER BY variant_id FOR NO KEY UPDATE
"""
# The units of all, or an error: nothing behind it in the same message runs, not even the COMMIT.
TAKE_EACH = """
WITH taken AS (
    UPDATE shops_variantstock AS stock
    SET available = stock.available - wanted.units, reserved = stock.reserved + wanted.units
    FROM unnest($1::bigint[], $2::int[]) AS wanted(variant_id, units)
    WHERE stock.variant_id = wanted.variant_id AND stock.available >= wanted.units RETURNING 1
)
SELECT 1 / (count(*) = cardinality($1::bigint[]))::int FROM taken
"""
# What differs between purchases, between their orders, between their lines, and its type; text comes last.
PURCHASE = {
    "id": "bigint", "buyer_id": "bigint", "total_fen": "bigint", "key": "uuid", "body_hash": "text",
    "answer": "jsonb",
}  # fmt: skip
SALE = {
    "id": "bigint", "purchase_id": "bigint", "number": "text", "shop_id": "bigint", "goods_fen": "bigint",
    "freight_fen": "bigint", "total_fen": "bigint", "address_id": "bigint", "note": "words",
}  # fmt: skip
LINE = {
    "id": "bigint", "sale_id": "bigint", "held_id": "bigint", "variant_id": "bigint", "farmer_id": "bigint",
    "sheet_id": "bigint", "price_fen": "bigint", "quantity": "int", "total_fen": "bigint",
    "platform_fen": "bigint", "title": "words", "variant_name": "words",
}  # fmt: skip
SETS = {"p": PURCHASE, "s": SALE, "l": LINE}


def write(
    purchases: Sequence[tuple],
    sales: Sequence[tuple],
    lines: Sequence[tuple],
    made: str,
    units: Mapping[int, int],
) -> list[int]:
    """Store these rows, take the units of each variant, commit; return the ids of the orders' messages.

    `made` holds as JSON what all rows of a table have in common; the others have the values of PURCHASE,
    SALE and LINE in their order. NotTaken, with nothing written, where a variant has fewer units.
    """
    rows = [made]
    for entries, columns in zip((purchases, sales, lines), SETS.values(), strict=True):
        rows += map(_spelled, zip(*entries, strict=True), columns.values())
    variants = sorted(units)
    ids = array_of(variants)
    # The rows of stock come last, so that whoever else wants them waits shortly.
    return end_with((WRITE, rows), (LOCK_ALL, [ids]), (TAKE_EACH, [ids, array_of(map(units.get, variants))]))


def _spelled(values: Sequence[Any], kind: str) -> str:
    if kind == "jsonb":
        return f"[{','.join(values)}]"
    return json.dumps(values) if kind == "words" else array_of(values)


def _parts() -> Iterator[tuple[str, type[Model], str]]:
    def part(name: str, model: type[Model], source: str, **own: str) -> tuple[str, type[Model], str]:
        # The set's letter names its columns as it names itself.
        return name, model, insert(name, model, f"{source} ORDER BY {source[0]}.i", **own)

    yield part(
        "purchase", OrderGroup, "p CROSS JOIN made", id="p.id", buyer_id="p.buyer_id", total_fen="p.total_fen"
    )
    yield part(
        "sale", Order, "s CROSS JOIN made JOIN accounts_address AS home ON home.id = s.address_id",
        id="s.id", number="s.number", group_id="s.purchase_id", shop_id="s.shop_id", goods_fen="s.goods_fen",
        freight_fen="s.freight_fen", total_fen="s.total_fen", recipient="home.recipient", phone="home.phone",
        region_code="home.region_code", region="home.region", address="home.detail", note="s.note",
    )  # fmt: skip
    yield part(
        "line", OrderLine, "l CROSS JOIN made",
        id="l.id", order_id="l.sale_id", variant_id="l.variant_id", farmer_id="l.farmer_id",
        reservation_id="l.held_id", term_sheet_id="l.sheet_id", title="l.title",
        variant_name="l.variant_name", price_fen="l.price_fen", quantity="l.quantity",
        total_fen="l.total_fen",
    )  # fmt: skip
    yield part(
        "share", CommissionLine, "l CROSS JOIN made", order_line_id="l.id", amount_fen="l.platform_fen"
    )
    yield part(
        "held", StockReservation, "l CROSS JOIN made",
        id="l.held_id", variant_id="l.variant_id", quantity="l.quantity", reference="'order_line:' || l.id",
    )  # fmt: skip
    name, model, sql = part(
        "message", OutboxMessage, "s CROSS JOIN made", kwargs="jsonb_build_object('order_id', s.id)"
    )
    yield name, model, sql + " RETURNING id"
    yield part(
        "known", IdempotencyKey, "p CROSS JOIN made",
        actor="'user:' || p.buyer_id", key="p.key", body_hash="p.body_hash", answer="p.answer",
    )  # fmt: skip


def _writing() -> str:
    parts = list(_parts())
    spelling = {
        "jsonb": "jsonb_array_elements(${}::jsonb)", "words": "json_array_elements_text(${}::json)",
    }  # fmt: skip
    sets, place = [], 2
    for letter, columns in SETS.items():
        values = []
        for kind in columns.values():
            values.append(spelling.get(kind, f"unnest(${{}}::{kind}[])").format(place))
            place += 1
        sets.append(
            f"{letter} AS MATERIALIZED (SELECT * FROM ROWS FROM ({', '.join(values)})"  # noqa: S608
            f" WITH ORDINALITY AS {letter}({', '.join(columns)}, i))"
        )
    written = ",\n".join(f"put_{name} AS ({sql})" for name, _, sql in parts)
    head = ",\n".join((made_of(parts), *sets))
    return f"WITH {head},\n{written}\nSELECT id FROM put_message ORDER BY id"


WRITE = _writing()
