"""Numbers that the rows of a purchase will have, before they are written."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

# A line and its reservation name each other: with their ids known, each is written once and whole.
DRAW = """
SELECT ARRAY(SELECT number FROM orders_order WHERE number = ANY(%(numbers)s)),
       ARRAY(SELECT nextval(pg_get_serial_sequence('orders_orderline', 'id'))
             FROM generate_series(1, %(lines)s)),
       ARRAY(SELECT nextval(pg_get_serial_sequence('shops_stockreservation', 'id'))
             FROM generate_series(1, %(lines)s))
"""


@dataclass(frozen=True)
class Numbers:
    """What the orders of a purchase are called, and the ids of its lines and of their reservations."""

    orders: list[str]
    lines: list[int]
    reservations: list[int]


def draw_numbers(now: datetime, count: int = 1) -> list[str]:
    """Return numbers of orders; whether they are free shows when they are stored."""
    # The date (the village's, not UTC) helps people on the phone; ten random digits cannot be guessed.
    day = f"{now.astimezone(ZoneInfo(settings.TIME_ZONE)):%y%m%d}"
    drawn = secrets.token_bytes(8 * count)
    return [
        f"{day}{int.from_bytes(drawn[at : at + 8], 'big') % 10**10:010d}" for at in range(0, 8 * count, 8)
    ]


def number_purchase(*, now: datetime, orders: int, lines: int) -> Numbers:
    """Draw numbers that are free now for so many orders and lines, in one statement."""
    while True:
        numbers = draw_numbers(now, orders)
        with connection.cursor() as cursor:
            cursor.execute(DRAW, {"numbers": numbers, "lines": lines})
            taken, line_ids, reservation_ids = cursor.fetchone()
        if not taken and len(set(numbers)) == orders:
            return Numbers(numbers, line_ids, reservation_ids)
