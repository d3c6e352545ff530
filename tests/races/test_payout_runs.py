"""Two operators on one run; each with a control that shows what the lock is for."""

import threading

import pytest
from django.db import IntegrityError

from common.clock import utc_now
from common.errors import MoveRefused
from ledger.models import LedgerTransaction
from payouts.errors import NothingToPay
from payouts.models import Payout, PayoutRun, PayoutTransfer
from payouts.services import running, transferring
from payouts.services.banking import make_bank_file, take_bank_answer
from payouts.services.handing_out import hand_out
from payouts.services.keeping_accounts import write_account
from payouts.services.paying import approve_payout, mark_paid
from payouts.services.running import approve_run, start_run
from tests.factories.payouts import close_week, make_live_sale
from tests.factories.runs import FACTS, make_account, new_run, started_run, transfer_of
from tests.factories.shops import make_person, make_photo
from tests.together import run_together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people():
    return [make_person(name=f"复核{number}", is_staff=True) for number in range(3)]


@pytest.fixture
def earned(market, arun, mei):
    now = utc_now()
    make_live_sale(market=market, buyer=arun, seller=mei, now=now)
    close_week(shop=market.shop, now=now)
    return market


def account(market, people, method="cash"):
    return make_account(
        payee=market.farmer, writer=people[0], checker=people[1], now=utc_now(), method=method
    )


def test_two_makers_at_once_put_each_payout_into_one_run(earned, people):
    results = run_together(*(lambda one=one: new_run(maker=one, now=utc_now()) for one in people))

    assert sum(isinstance(one, NothingToPay) for one in results) == 2, results
    assert PayoutRun.objects.count() == 1
    assert PayoutTransfer.objects.count() == 3


def test_control_without_the_lock_the_database_stops_the_second_maker(earned, people, monkeypatch):
    both_have_looked = threading.Barrier(2)
    real = running.accounts_of

    def look(payouts):
        found = real(payouts)
        both_have_looked.wait(10)
        return found

    manager = type(Payout.objects)
    queryset = type(Payout.objects.all())
    monkeypatch.setattr(queryset, "select_for_update", lambda self, *a, **k: self)
    monkeypatch.setattr(manager, "select_for_update", lambda self, **k: self.get_queryset(), raising=False)
    monkeypatch.setattr(running, "accounts_of", look)

    results = run_together(*(lambda one=one: new_run(maker=one, now=utc_now()) for one in people[:2]))

    assert sum(isinstance(one, IntegrityError) for one in results) == 1, results
    assert PayoutTransfer.objects.count() == 3


def test_two_checkers_and_two_starters_at_once_act_once(earned, people):
    account(earned, people)
    run = new_run(maker=people[0], now=utc_now())

    approved = run_together(
        *(
            lambda one=one: approve_run(actor=one, run_id=run.pk, total_fen=6256, now=utc_now()).status
            for one in people[1:]
        )
    )
    started = run_together(
        *(lambda one=one: start_run(actor=one, run_id=run.pk, now=utc_now()).status for one in people)
    )

    assert "approved" in approved
    assert sum(isinstance(one, MoveRefused) for one in approved) == 1
    assert sum(isinstance(one, MoveRefused) for one in started) == 2


def cash_due(market, people) -> PayoutTransfer:
    account(market, people)
    return transfer_of(started_run(maker=people[0], checker=people[1], now=utc_now()), farmer=market.farmer)


def givers(transfer, people):
    """The maker and a third operator count the same cash out at once, each with a receipt."""
    photos = {one: make_photo(user=one, is_private=True).pk for one in (people[0], people[2])}
    return [
        lambda one=one, photo=photo: hand_out(
            actor=one, transfer_id=transfer.pk, receipt_id=photo, number="7", now=utc_now()
        )
        for one, photo in photos.items()
    ]


def test_two_operators_paying_cash_at_once_pay_once(earned, people):
    transfer = cash_due(earned, people)

    results = run_together(*givers(transfer, people))

    assert sum(isinstance(one, MoveRefused) for one in results) == 1, results
    assert LedgerTransaction.objects.filter(kind="payout").count() == 1
    assert PayoutTransfer.objects.filter(status="paid").count() == 1


def test_control_without_locks_and_moves_both_hand_cash_out(earned, people, monkeypatch):
    transfer = cash_due(earned, people)
    both_have_looked = threading.Barrier(2)
    real = transferring.prepare
    queryset = type(PayoutTransfer.objects.all())
    monkeypatch.setattr(queryset, "select_for_update", lambda self, *a, **k: self)
    for model in (Payout, PayoutRun, PayoutTransfer):
        monkeypatch.setattr(
            type(model.objects), "select_for_update", lambda self, **k: self.get_queryset(), raising=False
        )

    def prepare(*given):
        both_have_looked.wait(10)
        return real(*given)

    monkeypatch.setattr("payouts.services.handing_out.prepare", prepare)
    monkeypatch.setattr(transferring, "check_move", lambda *given: None)

    results = run_together(*givers(transfer, people))

    # Both believe that they have paid: two hands hold the money, and the book knows of one.
    assert [one.status for one in results if isinstance(one, PayoutTransfer)] == ["paid", "paid"], results
    assert LedgerTransaction.objects.filter(kind="payout").count() == 1


def test_a_hand_payment_and_a_run_at_once_do_not_both_take_a_payout(earned, people):
    account(earned, people, "bank")
    payout = Payout.objects.get(statement__farmer=earned.farmer)
    approve_payout(actor=people[0], payout_id=payout.pk, now=utc_now())

    results = run_together(
        lambda: mark_paid(actor=people[1], payout_id=payout.pk, reference="1", now=utc_now()),
        lambda: new_run(maker=people[2], now=utc_now()),
    )

    payout.refresh_from_db()
    assert payout.status == "paid", results
    assert not payout.transfers.exists()


def test_a_change_of_account_and_the_bank_file_at_once(earned, people):
    """Either the old account is in the file and stays approved, or it is out and waits for review."""
    account(earned, people, "bank")
    make_account(payee=earned.host, writer=people[0], checker=people[1], now=utc_now(), method="bank")
    run = started_run(maker=people[0], checker=people[1], now=utc_now())

    made, _written = run_together(
        lambda: make_bank_file(actor=people[0], run_id=run.pk, layout="csv", now=utc_now()),
        lambda: write_account(
            actor=people[2], payee=earned.farmer, facts=FACTS["cash"], reason="lost", now=utc_now()
        ),
    )

    farmer = transfer_of(run, farmer=earned.farmer)
    is_written = farmer.reference in made.content.decode()
    assert (farmer.status, farmer.payout.status) == (
        ("sending", "processing") if is_written else ("left_out", "pending")
    )


def test_the_same_answer_taken_in_twice_at_once_pays_once(earned, people):
    account(earned, people, "bank")
    run = started_run(maker=people[0], checker=people[1], now=utc_now())
    make_bank_file(actor=people[0], run_id=run.pk, layout="csv", now=utc_now())
    content = f"流水号,金额,结果\n{transfer_of(run, farmer=earned.farmer).reference},62.56,成功".encode()

    reports = run_together(
        *(
            lambda one=one: take_bank_answer(actor=one, run_id=run.pk, content=content, now=utc_now())
            for one in people
        )
    )

    assert sorted((one.paid, one.known) for one in reports) == [(0, 1), (0, 1), (1, 0)]
    assert LedgerTransaction.objects.filter(kind="payout").count() == 1
