"""The same doors without the guard of stock: look first, write afterwards. What the control runs."""

# ruff: noqa: E402 (models can be imported once Django is set up: this file is a server's entry)

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "villagemarket.settings")
django.setup()

from django.db import connection

from orders.services import placing
from orders.services.batching import statements
from shops.errors import SoldOut
from villagemarket.asgi import application as doors
from villagemarket.wsgi import application as pages

__all__ = ["doors", "pages"]


def _look_and_write(table: str, pk: int, quantity: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT available FROM {table} WHERE {_key(table)} = %s", [pk])
        available = cursor.fetchone()[0]
        if available < quantity:
            raise SoldOut()
        cursor.execute(
            f"UPDATE {table} SET available = %s, reserved = reserved + %s WHERE {_key(table)} = %s",
            [available - quantity, quantity, pk],
        )


def _key(table: str) -> str:
    return "variant_id" if table == "shops_variantstock" else "id"


def _take_of_variant(*, variant_id: int, quantity: int) -> None:
    _look_and_write("shops_variantstock", variant_id, quantity)


def _take_of_deal(*, deal_id: int, quantity: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT stock_id FROM livestreams_flashdeal WHERE id = %s", [deal_id])
        stock_id = cursor.fetchone()[0]
    _look_and_write("shops_dealstock", stock_id, quantity)


placing.stock.take_units = _take_of_variant
placing.take_units = _take_of_deal
statements.TAKE_ALL = """
WITH looked AS MATERIALIZED (
    SELECT stock.id, stock.available FROM shops_dealstock AS stock
    JOIN livestreams_flashdeal AS deal ON deal.stock_id = stock.id
    WHERE deal.id = $2::bigint AND stock.available >= $1::int
), taken AS (
    UPDATE shops_dealstock AS stock SET available = looked.available - $1, reserved = stock.reserved + $1
    FROM looked WHERE stock.id = looked.id RETURNING 1
) SELECT 1 / count(*) FROM taken
"""
