"""Time: services take `now` as an argument; only doors ask the clock."""

from datetime import datetime

from django.db import connection
from django.utils import timezone


def utc_now() -> datetime:
    """Return the current time, aware, in UTC."""
    return timezone.now()


def database_now() -> datetime:
    """Return PostgreSQL's wall clock, the one clock that all processes share (reservations, deals)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]
