"""Time: services take `now` as an argument; only doors ask the clock."""

import time
from datetime import datetime, timedelta

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


class DatabaseClock:
    """PostgreSQL's wall clock for a thread that asks often: read once in a second, in between carried on."""

    SECONDS = 1.0

    def __init__(self):
        self._read: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        """Return the database's time; errors of the database come through."""
        if self._read is None or time.monotonic() - self._read[1] > self.SECONDS:
            self._read = database_now(), time.monotonic()
        then, second = self._read
        return then + timedelta(seconds=time.monotonic() - second)
