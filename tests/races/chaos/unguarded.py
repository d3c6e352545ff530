"""The same doors without the guard of stock: look first, write afterwards. What the control runs."""

# ruff: noqa: E402 (models can be imported once Django is set up: this file is a server's entry)

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "villagemarket.settings")
django.setup()

from django.db import connection

from livestreams.services import taking
from orders.services import placing
from orders.services.batching import batch
from shops.errors import SoldOut
from shops.models import StockReservation
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


def _reserve(*, variant_id, quantity, reference, expires_at, now) -> StockReservation:
    _look_and_write("shops_variantstock", variant_id, quantity)
    return StockReservation.objects.create(
        variant_id=variant_id, quantity=quantity, reference=reference, expires_at=expires_at, created_at=now
    )


def _take_units(*, deal_id: int, quantity: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT stock_id FROM livestreams_flashdeal WHERE id = %s", [deal_id])
        stock_id = cursor.fetchone()[0]
    _look_and_write("shops_dealstock", stock_id, quantity)


placing.stock.reserve = _reserve
taking.take_units = batch.take_units = _take_units
