"""The chain over the book: complete, in id order, and it shows what was altered (decisions.md 13)."""

import threading
import time

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction

from common.clock import utc_now
from ledger.models import LedgerEntry, LedgerSeal, LedgerSnapshot, LedgerTransaction
from ledger.selectors import balance_of, summed_balance
from ledger.selectors.chain import head, verify_chain
from ledger.services import sealing
from ledger.services.posting import Posting, post
from ledger.services.sealing import seal_settled
from ledger.statuses import Kind, OwnerKind, Purpose
from tests.together import run_together

pytestmark = pytest.mark.django_db(transaction=True)


def pay(number, amount_fen=6800):
    return post(
        kind=Kind.PAYMENT,
        key=f"payment:{number}",
        source=f"payment:{number}",
        postings=[
            Posting(Purpose.CASH, amount_fen, f"payment:{number}"),
            Posting(Purpose.FARMER_PAYABLE, -amount_fen, f"order_line:{number}", OwnerKind.FARMER, 7),
        ],
        now=utc_now(),
    )


def seal():
    """Tick until all is chained: the first looks ahead, a later one chains what has settled.

    Transactions of other databases of the cluster count as running too: a neighbour's test may delay it.
    """
    count = seal_settled(now=utc_now()) + seal_settled(now=utc_now())
    until = time.monotonic() + 60
    while LedgerTransaction.objects.filter(seal=None).exists() and time.monotonic() < until:
        time.sleep(0.05)
        count += seal_settled(now=utc_now())
    return count


def forge(statement):
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        try:
            cursor.execute(statement)
        finally:
            cursor.execute("SET session_replication_role = DEFAULT")


def sealed_ids():
    return list(LedgerSeal.objects.order_by("pk").values_list("transaction_id", flat=True))


def test_every_transaction_is_chained_once_in_order():
    posted = [pay(number).pk for number in range(5)]

    assert seal() == 5
    posted.append(pay(5).pk)
    assert seal() == 1
    assert seal() == 0

    assert sealed_ids() == posted
    assert list(LedgerSeal.objects.order_by("pk").values_list("pk", flat=True)) == [1, 2, 3, 4, 5, 6]
    assert verify_chain() == []


def test_batches_make_the_same_chain(monkeypatch):
    for number in range(7):
        pay(number)
    monkeypatch.setattr(sealing, "BATCH", 2)

    assert seal() == 7

    assert verify_chain() == []
    assert head().pk == 7


def late_commit(job):
    """Post 1 and keep it open; post 2 and commit; do the job; commit 1; return both ids."""
    has_posted, may_commit, ids = threading.Event(), threading.Event(), {}

    def slow():
        with transaction.atomic():
            ids["late"] = pay(1).pk
            has_posted.set()
            may_commit.wait(20)
        connections.close_all()

    thread = threading.Thread(target=slow)
    thread.start()
    assert has_posted.wait(20)
    # Accounts of its own: it must not wait for the first one's balance.
    ids["early"] = post(
        kind=Kind.PAYMENT,
        key="early",
        source="payment:2",
        postings=[
            Posting(Purpose.BUYER_HELD, 5, "payment:2"),
            Posting(Purpose.UNMATCHED, -5, "payment:2"),
        ],
        now=utc_now(),
    ).pk
    assert ids["late"] < ids["early"]
    job()
    may_commit.set()
    thread.join(20)
    return ids["late"], ids["early"]


def test_a_transaction_that_commits_late_keeps_its_place():
    pay(0)
    seal()
    before = sealed_ids()

    def tick_while_it_runs():
        for _ in range(4):
            seal_settled(now=utc_now())
        assert sealed_ids() == before

    late, early = late_commit(tick_while_it_runs)
    seal()

    assert sealed_ids() == [*before, late, early]
    assert verify_chain() == []


def test_control_without_waiting_the_late_one_is_never_chained(monkeypatch):
    pay(0)
    seal()
    before = sealed_ids()
    monkeypatch.setattr(sealing, "_has_settled", lambda sealer: True)

    def tick():
        # Several, for a neighbour's open transaction may hold up the first ones.
        for _ in range(20):
            seal_settled(now=utc_now())
            time.sleep(0.05)

    late, early = late_commit(tick)
    tick()

    assert sealed_ids() == [*before, early]
    assert [(one.kind, one.transaction_id) for one in verify_chain()] == [("slipped_in", late)]


def test_a_number_of_the_database_is_drawn_before_the_id():
    """What the sealer's proof rests on."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef('ledger_stamp_transaction'::regproc)")
        body = cursor.fetchone()[0]
        cursor.execute(
            "SELECT column_default, is_identity FROM information_schema.columns"
            " WHERE table_name = 'ledger_ledgertransaction' AND column_name = 'id'"
        )
        assert cursor.fetchone() == (None, "NO")

    assert 0 < body.index("pg_current_xact_id()") < body.index("nextval('ledger_transaction_ids')")


def test_a_rolled_back_posting_leaves_a_gap_that_holds_nobody_up():
    first = pay(0).pk
    with transaction.atomic():
        gone = pay(1).pk
        transaction.set_rollback(True)
    last = pay(2).pk

    seal()

    assert first < gone < last
    assert sealed_ids() == [first, last]
    assert verify_chain() == []


def test_posting_and_four_sealers_at_once_lose_nothing():
    def poster(start):
        return lambda: [pay(number).pk for number in range(start, start + 15)]

    def sealer():
        return sum(seal_settled(now=utc_now()) for _ in range(10))

    results = run_together(poster(0), poster(100), poster(200), sealer, sealer, sealer, sealer)
    seal()

    assert not [result for result in results if isinstance(result, Exception)], results
    assert sealed_ids() == list(LedgerTransaction.objects.order_by("pk").values_list("pk", flat=True))
    assert len(sealed_ids()) == 45
    assert verify_chain() == []


def test_a_dump_from_another_cluster_does_not_stop_the_sealer():
    """The numbers of this cluster begin lower than those that the dump brought along."""
    pay(0)
    sealing.LedgerSealer.objects.update_or_create(pk=1, defaults={"seen_id": 0, "seen_in": 10**15})

    assert seal() == 1

    assert verify_chain() == []


@pytest.mark.parametrize(
    ("statement", "kinds"),
    [
        ("UPDATE ledger_ledgerentry SET amount_fen = amount_fen * 2 WHERE transaction_id = %s", ["altered"]),
        ("UPDATE ledger_ledgerentry SET source = 'order_line:9' WHERE transaction_id = %s", ["altered"]),
        ("UPDATE ledger_ledgertransaction SET posted_at = posted_at + '1 s' WHERE id = %s", ["altered"]),
        ("UPDATE ledger_ledgertransaction SET kind = 'refund' WHERE id = %s", ["altered"]),
        ("DELETE FROM ledger_ledgerentry WHERE transaction_id = %s", ["altered"]),
        ("DELETE FROM ledger_ledgertransaction WHERE id = %s", ["deleted"]),
        ("DELETE FROM ledger_ledgerseal WHERE transaction_id = %s", ["link_missing", "slipped_in"]),
    ],
)
def test_what_was_altered_behind_the_triggers_is_named(statement, kinds):
    posted = [pay(number).pk for number in range(5)]
    seal()
    assert verify_chain() == []

    forge(statement % posted[2])

    breaks = verify_chain()
    assert [one.kind for one in breaks] == kinds
    assert posted[2] in [one.transaction_id for one in breaks]
    with pytest.raises(CommandError):
        call_command("verify_ledger")


def test_an_owner_who_was_changed_is_named():
    posted = [pay(number).pk for number in range(2)]
    seal()

    forge("UPDATE ledger_ledgeraccount SET owner_id = 8 WHERE owner_kind = 'farmer'")

    assert [(one.kind, one.transaction_id) for one in verify_chain()] == [("altered", pk) for pk in posted]


def test_a_chain_that_was_rewritten_does_not_meet_a_link_noted_elsewhere(capsys):
    for number in range(3):
        pay(number)
    seal()
    noted = f"{head().pk}:{head().digest}"
    call_command("verify_ledger", anchor=noted)

    forge("UPDATE ledger_ledgerentry SET amount_fen = amount_fen * 2")
    forge("UPDATE ledger_ledgeraccount SET balance_fen = balance_fen * 2 WHERE balance_fen IS NOT NULL")
    forge("DELETE FROM ledger_ledgerseal")
    seal()

    call_command("verify_ledger")
    with pytest.raises(CommandError):
        call_command("verify_ledger", anchor=noted)
    assert "other_anchor" in capsys.readouterr().out


def test_what_people_type_is_not_part_of_the_chain():
    posted = pay(0)
    seal()

    forge(f"UPDATE ledger_ledgertransaction SET memo = '' WHERE id = {posted.pk}")

    assert verify_chain() == []


@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id + 1", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
@pytest.mark.parametrize("table", ["ledger_ledgerseal", "ledger_ledgersnapshot"])
def test_links_and_snapshots_stay(statement, table, monkeypatch):
    monkeypatch.setattr(sealing, "SNAPSHOT_EVERY", 1)
    pay(0)
    seal()
    before = (sealed_ids(), LedgerSnapshot.objects.count())

    with pytest.raises(Exception, match="ledger:"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table))

    assert (sealed_ids(), LedgerSnapshot.objects.count()) == before == (sealed_ids(), 1)


def test_busy_accounts_are_a_snapshot_and_what_came_after(monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(sealing, "SNAPSHOT_EVERY", 3)
    for number in range(4):
        pay(number)
    seal()
    first = LedgerSnapshot.objects.get()
    pay(4)
    seal()
    pay(5)

    assert (first.account.purpose, first.balance_fen) == ("cash", 4 * 6800)
    assert LedgerSnapshot.objects.count() == 1
    with django_assert_max_num_queries(3):
        assert balance_of(purpose="cash") == 6 * 6800
    # The snapshot is what is read: entries before it are not summed again.
    forge(f"UPDATE ledger_ledgersnapshot SET balance_fen = 1 WHERE id = {first.pk}")
    assert balance_of(purpose="cash") == 1 + 2 * 6800
    assert summed_balance(first.account) == 6 * 6800
    for number in range(6, 10):
        pay(number)
    forge(f"UPDATE ledger_ledgersnapshot SET balance_fen = {4 * 6800} WHERE id = {first.pk}")
    seal()
    assert list(LedgerSnapshot.objects.order_by("pk").values_list("balance_fen", flat=True)) == [
        4 * 6800,
        10 * 6800,
    ]
    assert LedgerEntry.objects.filter(account=first.account).count() == 10
