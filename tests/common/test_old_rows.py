"""Rows of an older market go through the migrations and mean the same afterwards.

A clone of the template database is taken back to before all of them, filled by SQL as it was then, and taken
forward to today's, once for all tests.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from psycopg import sql

from tests.conftest import TEMPLATE_DATABASE

LONG_AGO = datetime(2026, 9, 1, 8, tzinfo=UTC)
FILL = {
    "boolean": False, "bigint": 0, "integer": 0, "smallint": 0, "jsonb": "{}", "date": LONG_AGO.date(),
    "timestamp with time zone": LONG_AGO, "double precision": 0,
}  # fmt: skip


BEFORE = (
    ("shops", "0007_shop_standing"),
    ("payouts", "0003_coupons"),
    ("orders", "0005_coupon_offered"),
    ("livestreams", "0004_what_sends_over_rtmp"),
    ("common", "0002_outboxmessage_swept_at"),
)


class Past:
    """A whole market's database at some migration."""

    def __init__(self, connection) -> None:
        self.connection = connection
        self.numbers = iter(range(1, 1000))

    def go_back(self) -> None:
        """Unapply everything that came after any of these migrations."""
        executor = MigrationExecutor(self.connection)
        executor.migrate(list(BEFORE))

    def come_back(self) -> None:
        """Apply everything up to today."""
        executor = MigrationExecutor(self.connection)
        executor.migrate(executor.loader.graph.leaf_nodes())

    def go_on_to(self, *migrations: tuple[str, str]) -> None:
        """Apply what leads to these, and nothing else."""
        MigrationExecutor(self.connection).migrate(list(migrations))

    def insert(self, table: str, **values: Any) -> int:
        """Write a row; what its table asks for beyond that is empty, nought, a word or a row of its own."""
        asked = self.rows(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s"
            " AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'",
            table,
        )
        parents = dict(self.rows(
            "SELECT a.attname, c.confrelid::regclass::text FROM pg_constraint c"
            " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]"
            " WHERE c.contype = 'f' AND c.conrelid = %s::regclass",
            table,
        ))  # fmt: skip
        for name, kind in asked:
            if name in parents and name not in values:
                values[name] = self.insert(parents[name])
            word = "" if name.endswith(("_by", "note", "memo")) else f"w{next(self.numbers)}"
            values.setdefault(name, FILL.get(kind, word))
        names = sql.SQL(", ").join(map(sql.Identifier, values))
        places = sql.SQL(", ").join(sql.Placeholder() for _ in values)
        with self.connection.cursor() as cursor:
            cursor.execute(
                sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING *").format(
                    sql.Identifier(table), names, places
                ),
                list(values.values()),
            )
            return cursor.fetchone()[0]

    def rows(self, text: str, *values: Any) -> list[tuple]:
        """Read."""
        with self.connection.cursor() as cursor:
            cursor.execute(text, values)
            return cursor.fetchall()


@pytest.fixture(scope="module")
def past(django_db_setup, django_db_blocker) -> Iterator[Past]:
    """A clone of today's database, in the place of the tests' own."""
    name = f"market_past_{os.environ.get('PYTEST_XDIST_WORKER', 'gw0')}"
    own = settings.DATABASES["default"]
    with (
        django_db_blocker.unblock(),
        psycopg.connect(host=own["HOST"], user=own["USER"], dbname="postgres", autocommit=True) as server,
    ):
        database, template = sql.Identifier(name), sql.Identifier(TEMPLATE_DATABASE)
        server.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(database, template)
        )
        usual = connections["default"]
        clone = usual.copy(alias="default")
        clone.settings_dict = usual.settings_dict | {"NAME": name}
        connections["default"] = clone
        try:
            yield Past(clone)
        finally:
            clone.close()
            connections["default"] = usual
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))


@dataclass(frozen=True)
class Old:
    """What was there before, by id: lots, and lines of orders that were sent or wait."""

    now: Past
    lots: list[list[int]]
    lines: list[list[int]]
    cases: list[int]


@pytest.fixture(scope="module")
def old(past) -> Old:
    past.go_back()
    person = past.insert("accounts_user", is_active=True, phone="13800000001")
    shop = past.insert("shops_shop", status="open", name="云岭合作社")
    # 8 of 15 are gone; 8 of 10, over two lots; all; four more are there than came; nothing was sold.
    lots = [
        bring(past, shop, 10, 5, available=4, reserved=1, in_deals=2),
        bring(past, shop, 5, 5, available=2),
        bring(past, shop, 3, 1, available=0),
        bring(past, shop, 3, 2, available=9),
        bring(past, shop, 7, available=7),
    ]
    lines = [
        buy(past, person, shop, "shipped", "SF1"),
        buy(past, person, shop, "completed", "SF2", "SF3"),
        buy(past, person, shop, "paid"),
    ]
    host = past.insert("shops_host", name="卓玛", user_id=person, status="active")
    write_tallies(past, host, shop)
    for status in ("draft", "scheduled", "ended", "cancelled"):
        past.insert("livestreams_livesession", shop_id=shop, host_id=host, status=status, created_at=LONG_AGO)
    past.insert("django_session", session_key="k" * 32, session_data="", expire_date=LONG_AGO)
    past.go_on_to(("orders", "0016_case_offers"))
    cases = [ask_back(past, lines[0], is_restocked=back) for back in (True, False)]
    past.come_back()
    return Old(past, lots, lines, cases)


def goods(past: Past, shop: int) -> int:
    """Make something to sell, without stock."""
    product = past.insert("shops_product", shop_id=shop, status="published")
    return past.insert("shops_variant", product_id=product, price_fen=6800)


def bring(
    past: Past, shop: int, *units: int, available: int, reserved: int = 0, in_deals: int = 0
) -> list[int]:
    """Make goods with a stock, and a lot a day."""
    variant = goods(past, shop)
    past.insert(
        "shops_variantstock", variant_id=variant, available=available, reserved=reserved, in_deals=in_deals
    )
    return [
        past.insert(
            "shops_lot", variant_id=variant, shop_id=shop, quantity=each, status="available",
            declared_at=LONG_AGO.replace(day=day),
        )
        for day, each in enumerate(units, start=1)
    ]  # fmt: skip


def buy(past: Past, person: int, shop: int, status: str, *parcels: str) -> list[int]:
    """Make an order of three units and of two, in as many parcels."""
    group = past.insert("orders_ordergroup", buyer_id=person, total_fen=34_000)
    order = past.insert(
        "orders_order", group_id=group, shop_id=shop, status=status, goods_fen=34_000, total_fen=34_000
    )
    lines = [
        past.insert(
            "orders_orderline", order_id=order, variant_id=goods(past, shop), quantity=units,
            price_fen=6800, total_fen=6800 * units,
        )
        for units in (3, 2)
    ]  # fmt: skip
    for number in parcels:
        past.insert("orders_shipment", order_id=order, tracking_number=number, status="shipped")
    return lines


def ask_back(past: Past, lines: list[int], *, is_restocked: bool) -> int:
    """Make a granted case about two units of an order's first line."""
    [(order,)] = past.rows("SELECT order_id FROM orders_orderline WHERE id = %s", lines[0])
    case = past.insert(
        "orders_aftersalecase", order_id=order, kind="refund_only", reason="quality", status="closed",
        amount_fen=13_600, is_restocked=is_restocked,
    )  # fmt: skip
    past.insert(
        "orders_aftersaleline", case_id=case, order_line_id=lines[0], quantity=2, amount_fen=13_600,
        worth_fen=13_600,
    )  # fmt: skip
    return case


def write_tallies(past: Past, host: int, shop: int) -> None:
    """Make a tally of a farmer, one of a host and one of the shop."""
    farmer = past.insert("shops_farmer", name="扎西")
    period = past.insert(
        "payouts_settlementperiod", shop_id=shop, status="closed", ends_at=LONG_AGO.replace(day=8)
    )
    for payee in ({"farmer_id": farmer}, {"host_id": host}, {"payee_shop_id": shop}):
        past.insert("payouts_payoutstatement", period_id=period, status="issued", **payee)


def test_lots_say_what_is_left_of_them(old):
    """shops 0008: what was sold before there were counters is gone from the oldest lots first."""
    some, over, gone, more, kept = old.lots

    assert old.now.rows("SELECT id, quantity, taken, lost, status FROM shops_lot ORDER BY id") == [
        (some[0], 10, 0, 8, "available"), (some[1], 5, 0, 0, "available"),
        (over[0], 5, 0, 5, "depleted"), (over[1], 5, 0, 3, "available"),
        (gone[0], 3, 0, 3, "depleted"), (gone[1], 1, 0, 1, "depleted"),
        (more[0], 3, 0, 0, "available"), (more[1], 6, 0, 0, "available"),
        (kept[0], 7, 0, 0, "available"),
    ]  # fmt: skip
    assert old.now.rows("SELECT count(DISTINCT code), min(length(code)) FROM shops_lot") == [(9, 10)]


def test_what_was_sent_whole_is_sent_to_the_last_unit(old):
    """orders 0006: an order went out in one parcel; of two, the last is the one that counts."""
    sent, twice, waiting = old.lines

    assert old.now.rows(
        "SELECT p.tracking_number, l.line_id, l.quantity FROM orders_shipmentline l"
        " JOIN orders_shipment p ON p.id = l.shipment_id ORDER BY l.line_id"
    ) == [("SF1", sent[0], 3), ("SF1", sent[1], 2), ("SF3", twice[0], 3), ("SF3", twice[1], 2)]
    assert old.now.rows("SELECT id, shipped_units, withdrawn_units FROM orders_orderline ORDER BY id") == [
        (sent[0], 3, 0), (sent[1], 2, 0), (twice[0], 3, 0), (twice[1], 2, 0),
        (waiting[0], 0, 0), (waiting[1], 0, 0),
    ]  # fmt: skip


def test_a_case_that_brought_goods_back_brought_all_of_them_back(old):
    """orders 0017: units on the shelf are counted line by line, and were all or none before."""
    restocked, kept = old.cases

    found = old.now.rows("SELECT case_id, quantity, shelf_units FROM orders_aftersaleline ORDER BY case_id")

    assert found == [(restocked, 2, 2), (kept, 2, 0)]


def test_tallies_keep_the_names_of_their_payees(old):
    """payouts 0004: the name is part of the tally, whatever the payee is called later."""
    assert old.now.rows("SELECT payee_name, status FROM payouts_payoutstatement ORDER BY id") == [
        ("扎西", "issued"), ("卓玛", "issued"), ("云岭合作社", "issued"),
    ]  # fmt: skip


def test_what_is_public_was_announced_when_it_was_made(old):
    """livestreams 0005: nobody noted when; a draft and what was called off were never announced."""
    found = old.now.rows("SELECT status, announced_at, revision, reminded_for FROM livestreams_livesession")

    assert sorted(found, key=lambda row: row[0]) == [
        ("cancelled", None, 0, None), ("draft", None, 0, None), ("ended", LONG_AGO, 0, None),
        ("scheduled", LONG_AGO, 0, None),
    ]  # fmt: skip


def test_who_was_signed_in_is_found_by_what_a_grant_tells(old):
    """common 0003: old sessions are in the index of digests."""
    digest = hashlib.sha256(b"k" * 32).hexdigest()
    question = "SELECT session_key FROM django_session WHERE encode(sha256(session_key::bytea), 'hex') = %s"

    assert old.now.rows(question, digest) == [("k" * 32,)]
    found = old.now.rows(
        "SELECT indisvalid FROM pg_index WHERE indexrelid = 'django_session_digest'::regclass"
    )
    assert found == [(True,)]
