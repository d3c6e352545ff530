"""The address of a test's own database, for the processes that a test starts."""

from urllib.parse import quote

from django.db import connection


def database_url() -> str:
    """Return this worker's test database as a DATABASE_URL; its folder may hold spaces."""
    parts = connection.get_connection_params()
    return f"postgresql://{parts['user']}@/{parts['dbname']}?host={quote(str(parts['host']))}"
