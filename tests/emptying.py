"""Empty the tables after a test with real commits, quicker than TRUNCATE of all of them and making them anew.

A table without a page was never written to. The others are locked against writers first, so that a thread
that still commits is waited for. What migrations make for every model (content types, permissions) stays.
"""

import functools

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from psycopg import sql

# Dead rows are read again each time, and nothing else cleans up in the cluster of the tests.
VACUUM_FROM_BYTES = 512 * 1024
_WRITTEN = """
    SELECT relname, pg_relation_size(oid) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relname = ANY(%s) AND pg_relation_size(oid) > 0
    ORDER BY relname
"""


@functools.cache
def tables() -> list[str]:
    """Return every table of ours whose rows a test may have made."""
    kept = {Permission._meta.db_table, ContentType._meta.db_table}
    return sorted(
        set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - kept
    )


def empty_tables() -> None:
    """Delete every row of every table, also where triggers forbid it to everyone else."""
    with connection.cursor() as cursor:
        cursor.execute(_WRITTEN, [tables()])
        written = dict(cursor.fetchall())
        if not written:
            return
        names = [sql.Identifier(name) for name in written]
        with transaction.atomic():
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(
                sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(sql.SQL(",").join(names))
            )
            cursor.execute(sql.SQL(";").join(sql.SQL("DELETE FROM {}").format(name) for name in names))
        large = [sql.Identifier(name) for name, size in written.items() if size > VACUUM_FROM_BYTES]
        if large:
            cursor.execute(sql.SQL("VACUUM {}").format(sql.SQL(",").join(large)))
