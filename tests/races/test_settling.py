"""Two closers, two operators at once; each with a control that shows what the lock is for."""

import threading

import pytest
from django.db import IntegrityError

from common.clock import utc_now
from common.errors import MoveRefused
from common.models import AuditEntry
from ledger.models import LedgerTransaction
from notifications.models import Notification
from payouts.models import Payout, PayoutStatement, SettlementPeriod, StatementLine
from payouts.services import claiming, closing, paying
from payouts.services.opening import open_period_for
from shops.models import Farmer
from tests.factories.payouts import close_week, make_completed, make_live_sale, statement_of
from tests.factories.runs import make_account
from tests.factories.shops import authorize_shop, make_farmer, make_person, make_product
from tests.together import held, run_together, those_who_wait

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def due(market, arun, mei):
    now = utc_now()
    for number in range(3):
        farmer = make_farmer(village=market.village, name=f"农户{number}")
        authorize_shop(farmer=farmer, shop=market.shop)
        product = make_product(shop=market.shop, farmer=farmer, price_fen=1000)
        make_completed(buyer=arun, seller=mei, variant=product.variants.get(), now=now)
    return open_period_for(shop=market.shop, now=now)


def close(period):
    return lambda: closing.close_period(period=period, now=period.ends_at).status


def test_two_closers_at_once_make_one_statement_a_payee(due, drain_outbox):
    results = run_together(close(due), close(due), close(due))

    assert set(results) == {"closed"}, results
    assert PayoutStatement.objects.count() == Payout.objects.count() == 4
    assert StatementLine.objects.count() == 6
    drain_outbox()
    assert Notification.objects.filter(kind="statement_issued").count() == 4
    assert SettlementPeriod.objects.filter(status="open").count() == 1


def test_control_without_the_guards_closers_collide(due, monkeypatch):
    """The database still refuses a second statement; lock and conflict clause let both runs end well."""
    guarded = claiming._PREPARE
    unguarded = guarded.replace("ON CONFLICT (period_id, {payee}) DO NOTHING", "").replace(" FOR SHARE", "")
    assert unguarded != guarded
    monkeypatch.setattr(claiming, "_PREPARE", unguarded)
    both_have_looked = threading.Barrier(2)
    real = closing.sums_of

    def look(payees):
        found = real(payees)
        both_have_looked.wait(10)
        return found

    monkeypatch.setattr(closing, "sums_of", look)
    results = run_together(close(due), close(due))

    assert any(isinstance(result, (IntegrityError, threading.BrokenBarrierError)) for result in results), (
        results
    )
    assert StatementLine.objects.values("entry").distinct().count() == StatementLine.objects.count()


def finished_while_a_tally_is_written(due, drain_outbox, *, waits: bool) -> tuple[int, int, int]:
    """A closer writes for its third farmer, another ends the period: tallies counted, told and there."""
    third = Farmer.objects.order_by("pk").last()
    with held(lambda: Farmer.objects.select_for_update().get(pk=third.pk)) as undo:

        def finish():
            those_who_wait(1)
            closing._finish(due.pk, due.ends_at)
            undo()

        jobs = [close(due), finish]
        if waits:
            jobs.append(lambda: (those_who_wait(2), undo()))
        assert not [result for result in run_together(*jobs) if isinstance(result, Exception)]
    drain_outbox()
    counted = AuditEntry.objects.get(action="payouts.close_period").after["statements"]
    told = Notification.objects.filter(kind="statement_issued").count()
    return counted, told, PayoutStatement.objects.count()


def test_a_period_does_not_end_while_a_tally_is_still_written(due, drain_outbox):
    counted, told, there = finished_while_a_tally_is_written(due, drain_outbox, waits=True)

    assert counted == told == there >= 3


def test_control_without_the_lock_a_tally_comes_after_the_end(due, drain_outbox, monkeypatch):
    monkeypatch.setattr(claiming, "_PREPARE", claiming._PREPARE.replace(" FOR SHARE", ""))

    counted, _, there = finished_while_a_tally_is_written(due, drain_outbox, waits=False)

    assert (counted, there) == (2, 3)


@pytest.fixture
def approved(market, arun, mei, operator):
    now = utc_now()
    make_live_sale(market=market, buyer=arun, seller=mei, now=now)
    payout = statement_of(close_week(shop=market.shop, now=now), farmer=market.farmer).payout
    writer = make_person(name="会计", is_staff=True)
    make_account(payee=market.farmer, writer=writer, checker=operator, now=now)
    return paying.approve_payout(actor=operator, payout_id=payout.pk, now=now)


def payers(payout, count):
    people = [make_person(name=f"复核{number}", is_staff=True) for number in range(count)]
    return [
        lambda person=person: (
            paying.mark_paid(
                actor=person, payout_id=payout.pk, reference=f"by {person.pk}", now=utc_now()
            ).reference
        )
        for person in people
    ]


def test_two_operators_paying_at_once_pay_once(approved):
    results = run_together(*payers(approved, 4))

    paid = [result for result in results if isinstance(result, str)]
    assert len(paid) == 1
    assert sum(isinstance(result, MoveRefused) for result in results) == 3, results
    approved.refresh_from_db()
    assert (approved.status, approved.reference) == ("paid", paid[0])
    assert LedgerTransaction.objects.filter(kind="payout").count() == 1
    assert AuditEntry.objects.filter(action="payouts.mark_paid").count() == 1


def test_control_without_the_lock_both_operators_believe_that_they_paid(approved, monkeypatch):
    both_have_looked = threading.Barrier(2)

    def unlocked(actor, payout_id):
        payout = Payout.objects.get(pk=payout_id)
        both_have_looked.wait(10)
        return payout

    monkeypatch.setattr(paying, "_locked", unlocked)

    results = run_together(*payers(approved, 2))

    assert all(isinstance(result, str) for result in results), results
    assert AuditEntry.objects.filter(action="payouts.mark_paid").count() == 2
