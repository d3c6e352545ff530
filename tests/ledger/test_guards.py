"""The database itself keeps the book (decisions.md 13); shown by real commits and raw SQL."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum

from ledger.models import LedgerAccount, LedgerEntry, LedgerTransaction
from ledger.services.posting import Posting, post
from ledger.statuses import Kind, OwnerKind, Purpose

pytestmark = pytest.mark.django_db(transaction=True)


def pay(now, key="payment:1", amount_fen=6800):
    return post(
        kind=Kind.PAYMENT,
        key=key,
        source="payment:1",
        postings=[
            Posting(Purpose.CASH, amount_fen, "payment:1"),
            Posting(Purpose.FARMER_PAYABLE, -amount_fen, "payment:1", OwnerKind.FARMER, 7),
        ],
        now=now,
    )


def test_lone_transaction_is_refused_at_commit(now):
    with pytest.raises(IntegrityError, match="0 entries"), transaction.atomic():
        LedgerTransaction.objects.create(kind=Kind.PAYMENT, source="x", key="lone", posted_at=now)

    assert not LedgerTransaction.objects.exists()


def test_single_entry_is_refused_at_commit(now):
    with pytest.raises(IntegrityError, match="1 entries"), transaction.atomic():
        account = LedgerAccount.objects.create(purpose=Purpose.CASH, owner_kind=OwnerKind.SYSTEM)
        made = LedgerTransaction.objects.create(kind=Kind.PAYMENT, source="x", key="one", posted_at=now)
        LedgerEntry.objects.create(transaction=made, account=account, amount_fen=1, source="x")

    assert not LedgerEntry.objects.exists()


def test_entries_that_do_not_sum_to_zero_are_refused_at_commit(now):
    with pytest.raises(IntegrityError, match="sum to 1"), transaction.atomic():
        account = LedgerAccount.objects.create(purpose=Purpose.CASH, owner_kind=OwnerKind.SYSTEM)
        made = LedgerTransaction.objects.create(kind=Kind.PAYMENT, source="x", key="off", posted_at=now)
        LedgerEntry.objects.create(transaction=made, account=account, amount_fen=2, source="x")
        LedgerEntry.objects.create(transaction=made, account=account, amount_fen=-1, source="x")

    assert not LedgerEntry.objects.exists()


def test_entries_cannot_join_after_the_checks_were_made_early(now):
    with pytest.raises(IntegrityError, match="sum to 5"), transaction.atomic():
        posted = pay(now)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        account = posted.entries.first().account
        LedgerEntry.objects.create(transaction=posted, account=account, amount_fen=5, source="x")

    assert not LedgerEntry.objects.exists()


def test_entries_cannot_join_a_committed_transaction(now):
    posted = pay(now)
    account = posted.entries.first().account

    with pytest.raises(IntegrityError, match="same database transaction"), transaction.atomic():
        LedgerEntry.objects.create(transaction=posted, account=account, amount_fen=5, source="x")
        LedgerEntry.objects.create(transaction=posted, account=account, amount_fen=-5, source="x")

    assert LedgerEntry.objects.count() == 2


def test_the_maker_cannot_be_forged(now):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_ledgertransaction (kind, source, key, memo, posted_at, made_in)"
            " VALUES ('payment', 'x', 'forged', '', now(), '1'::xid8)"
            " RETURNING made_in = pg_current_xact_id()"
        )
        assert cursor.fetchone() == (True,)
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_ledgerentry SET amount_fen = amount_fen + 1",
        "DELETE FROM ledger_ledgerentry",
        "TRUNCATE ledger_ledgerentry CASCADE",
        "UPDATE ledger_ledgertransaction SET memo = 'changed'",
        "DELETE FROM ledger_ledgertransaction",
        "TRUNCATE ledger_ledgertransaction CASCADE",
        "UPDATE ledger_ledgeraccount SET owner_id = 8 WHERE owner_kind = 'farmer'",
        "UPDATE ledger_ledgeraccount SET purpose = 'shop_payable' WHERE owner_kind = 'farmer'",
        "DELETE FROM ledger_ledgeraccount",
        "TRUNCATE ledger_ledgeraccount CASCADE",
        "INSERT INTO ledger_ledgeraccount (purpose, owner_kind, owner_id, balance_fen)"
        " VALUES ('farmer_payable', 'farmer', 99, 100)",
    ],
)
def test_changing_the_book_is_refused(now, statement):
    pay(now)
    before = list(LedgerEntry.objects.values_list("account_id", "amount_fen"))

    with pytest.raises(IntegrityError, match="ledger:"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert list(LedgerEntry.objects.values_list("account_id", "amount_fen")) == before
    assert LedgerEntry.objects.aggregate(total=Sum("amount_fen"))["total"] == 0
    assert LedgerAccount.objects.get(owner_kind="farmer").balance_fen == -6800


def test_an_unused_account_may_go(now):
    account = LedgerAccount.objects.create(
        purpose=Purpose.HOST_PAYABLE, owner_kind=OwnerKind.HOST, owner_id=3, balance_fen=0
    )

    account.delete()

    assert not LedgerAccount.objects.filter(owner_kind="host").exists()
