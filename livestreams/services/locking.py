"""Locks by name, for what has no row yet: two sales of one second, two words about one person."""

from django.db import connection


def lock(name: str) -> None:
    """Hold the name until the transaction ends; others wait (at most the connection's lock_timeout)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
