"""What commits while a period is being closed, or after it, lands in the next one: once, never nowhere."""

import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import Count

from common.clock import utc_now
from ledger.models import LedgerEntry
from orders.services.receiving import receive_order
from payouts.models import PayoutStatement, SettlementPeriod, StatementLine
from payouts.selectors import claims
from payouts.services import closing
from payouts.services.opening import open_period_for
from tests.factories.orders import make_shipped
from tests.factories.payouts import make_completed, statement_of
from tests.together import run_together

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def receiving_slowly(buyer, order, now):
    """Receive an order at an instant, in a transaction that commits only when the block has ended."""
    posted, may_commit = threading.Event(), threading.Event()
    failures = []

    def receive():
        try:
            with transaction.atomic():
                receive_order(buyer=buyer, number=order.number, now=now)
                posted.set()
                assert may_commit.wait(20)
        except Exception as failure:
            failures.append(failure)
        finally:
            connection.close()

    thread = threading.Thread(target=receive)
    thread.start()
    try:
        assert posted.wait(20), failures
        yield
    finally:
        may_commit.set()
        thread.join(20)
    assert failures == []


def close_following(shop):
    period = SettlementPeriod.objects.get(shop=shop, status="open")
    return closing.close_period(period=period, now=period.ends_at)


def lines_of(period):
    return list(StatementLine.objects.filter(statement__period=period).values_list("order_number", flat=True))


def twice_claimed_or_left():
    payable = LedgerEntry.objects.filter(account__purpose__endswith="payable")
    claimed = StatementLine.objects.values("entry").annotate(times=Count("statement"))
    return payable.filter(statement_line=None).count(), claimed.filter(times__gt=1).count()


@pytest.fixture
def two_orders(market, arun, mei):
    now = utc_now()
    make_completed(buyer=arun, seller=mei, variant=market.variant, now=now)
    late = make_shipped(buyer=arun, seller=mei, variant=market.variant, now=now, quantity=2)
    return open_period_for(shop=market.shop, now=now), late, now


def test_posted_before_the_end_and_committed_after_the_close_lands_in_the_next_period(
    two_orders, market, arun
):
    period, late, now = two_orders
    with receiving_slowly(arun, late, now):
        closed = closing.close_period(period=period, now=period.ends_at)
    assert late.number not in lines_of(closed)

    following = close_following(market.shop)

    assert statement_of(closed, farmer=market.farmer).net_fen == 6596
    assert statement_of(following, farmer=market.farmer).net_fen == 13192
    assert set(lines_of(following)) == {late.number}
    assert twice_claimed_or_left() == (0, 0)


def test_control_by_the_clock_alone_the_late_commit_is_on_no_tally(two_orders, market, arun, monkeypatch):
    period, late, now = two_orders
    monkeypatch.setattr(claims, "_WINDOW", "AND t.posted_at >= %(since)s")
    with receiving_slowly(arun, late, now):
        closing.close_period(period=period, now=period.ends_at)

    following = close_following(market.shop)

    assert lines_of(following) == []
    assert twice_claimed_or_left() == (2, 0)


@pytest.mark.parametrize("place", ["gather_claims", "sums_of", "write_statement"])
def test_committed_in_the_midst_of_a_close_is_claimed_once(two_orders, market, arun, mei, monkeypatch, place):
    period, late, now = two_orders
    real, done = getattr(closing, place), []

    def meanwhile(*args, **kwargs):
        if not done:
            done.append(run_together(lambda: receive_order(buyer=arun, number=late.number, now=now).status))
        return real(*args, **kwargs)

    monkeypatch.setattr(closing, place, meanwhile)
    closed = closing.close_period(period=period, now=period.ends_at)
    following = close_following(market.shop)

    assert done == [["completed"]]
    sums = [
        sum(
            PayoutStatement.objects.filter(period=one, farmer=market.farmer).values_list("net_fen", flat=True)
        )
        for one in (closed, following)
    ]
    assert sums == ([19788, 0] if place == "gather_claims" else [6596, 13192])
    assert twice_claimed_or_left() == (0, 0)


def test_a_killed_close_leaves_what_came_meanwhile_to_the_next_period(two_orders, market, arun, monkeypatch):
    """The payee has the tally already when the second run finds one more entry of theirs."""
    period, late, now = two_orders
    monkeypatch.setattr(closing, "_finish", lambda *arguments: (_ for _ in ()).throw(KeyboardInterrupt))
    with receiving_slowly(arun, late, now), pytest.raises(KeyboardInterrupt):
        closing.close_period(period=period, now=period.ends_at)
    monkeypatch.undo()

    closed = closing.close_period(period=period, now=period.ends_at + timedelta(minutes=5))
    following = close_following(market.shop)

    assert closed.status == "closed"
    assert statement_of(closed, farmer=market.farmer).net_fen == 6596
    assert statement_of(following, farmer=market.farmer).net_fen == 13192
    assert twice_claimed_or_left() == (0, 0)


def test_a_closer_that_was_overtaken_writes_nothing_into_a_closed_period(
    two_orders, market, arun, monkeypatch
):
    """One has gathered and sleeps; another closes the period, and the next one begins; the first wakes."""
    period, late, now = two_orders
    real, slept = closing.sums_of, []

    def sleep(payees):
        if not slept:
            slept.append(True)
            receive_order(buyer=arun, number=late.number, now=now)
            slept.append(run_together(lambda: closing.close_period(period=period, now=period.ends_at).status))
        return real(payees)

    monkeypatch.setattr(closing, "sums_of", sleep)
    closed = closing.close_period(period=period, now=period.ends_at)
    following = close_following(market.shop)

    assert slept[1] == ["closed"]
    assert closed.status == "closed"
    assert statement_of(closed, farmer=market.farmer).net_fen == 19788
    assert lines_of(following) == []
    assert twice_claimed_or_left() == (0, 0)
