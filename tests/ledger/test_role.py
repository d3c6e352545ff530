"""The role that serves in production cannot change the book (decisions.md 13)."""

import os
import time
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from common.clock import utc_now
from ledger.models import LedgerEntry, LedgerSeal
from ledger.services.posting import Posting, post
from ledger.services.sealing import seal_settled
from ledger.statuses import Kind, OwnerKind, Purpose

pytestmark = pytest.mark.django_db(transaction=True)

SCRIPT = Path(settings.BASE_DIR) / "deploy" / "database-role.sql"
# A role belongs to the whole cluster, which the processes of the tests share.
NAME = f"market_app_{os.getpid()}"


@pytest.fixture
def served(monkeypatch):
    """Let Django speak to the database as the role of deploy/database-role.sql."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {NAME} LOGIN")
        cursor.execute(SCRIPT.read_text().replace("market_app", NAME))
    owner = connection.settings_dict["USER"]
    post_one()
    connection.close()
    connection.settings_dict["USER"] = NAME
    yield
    connection.close()
    connection.settings_dict["USER"] = owner
    with connection.cursor() as cursor:
        cursor.execute(f"DROP OWNED BY {NAME}")
        cursor.execute(f"DROP ROLE {NAME}")


def post_one(number=1):
    return post(
        kind=Kind.PAYMENT,
        key=f"payment:{number}",
        source=f"payment:{number}",
        postings=[
            Posting(Purpose.CASH, 6800, f"payment:{number}"),
            Posting(Purpose.FARMER_PAYABLE, -6800, f"order_line:{number}", OwnerKind.FARMER, 7),
        ],
        now=utc_now(),
    )


def test_the_role_posts_and_seals(served):
    post_one(2)

    until = time.monotonic() + 60
    while LedgerSeal.objects.count() < 2 and time.monotonic() < until:
        seal_settled(now=utc_now())
    assert LedgerSeal.objects.count() == 2
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == (NAME,)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_ledgerentry SET amount_fen = 1",
        "DELETE FROM ledger_ledgerentry",
        "TRUNCATE ledger_ledgerentry CASCADE",
        "UPDATE ledger_ledgertransaction SET memo = 'x'",
        "DELETE FROM ledger_ledgertransaction",
        "TRUNCATE ledger_ledgertransaction CASCADE",
        "UPDATE ledger_ledgerseal SET digest = ''",
        "DELETE FROM ledger_ledgerseal",
        "TRUNCATE ledger_ledgerseal",
        "DELETE FROM ledger_ledgersnapshot",
        "UPDATE ledger_ledgeraccount SET owner_id = 8 WHERE owner_kind = 'farmer'",
        "DELETE FROM ledger_ledgeraccount",
        "UPDATE common_auditentry SET reason = ''",
        "DELETE FROM common_auditentry",
        "ALTER TABLE ledger_ledgerentry DISABLE TRIGGER ALL",
        "ALTER TABLE ledger_ledgerentry DISABLE TRIGGER ledger_append_only",
        "DROP TRIGGER ledger_append_only ON ledger_ledgerentry",
        "DROP TABLE ledger_ledgerentry CASCADE",
        "CREATE OR REPLACE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "CREATE TRIGGER early BEFORE INSERT ON ledger_ledgerentry EXECUTE FUNCTION ledger_refuse()",
        "SET session_replication_role = replica",
        "ALTER ROLE market_app SUPERUSER",
        "INSERT INTO django_migrations (app, name, applied) VALUES ('ledger', 'x', now())",
    ],
)
def test_the_role_cannot_change_the_book_nor_what_guards_it(served, statement):
    with pytest.raises(Exception) as refused, connection.cursor() as cursor:
        cursor.execute(statement.replace("market_app", NAME))

    assert isinstance(refused.value.__cause__, psycopg.errors.InsufficientPrivilege)
    assert list(LedgerEntry.objects.order_by("pk").values_list("amount_fen", flat=True)) == [6800, -6800]
