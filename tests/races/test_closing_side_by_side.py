"""A large period is closed by shares, each in a database session of its own."""

import pytest
from django.db import connection
from django.db.models import Sum

from common.clock import utc_now
from ledger.selectors.book import trial_balance
from ledger.statuses import OwnerKind
from notifications.models import Notification
from payouts.errors import StatementMismatchError
from payouts.models import Payout, PayoutStatement, StatementLine
from payouts.services import closing
from payouts.services.opening import open_period_for
from tests.factories.payouts import make_completed, make_live_sale, statement_of
from tests.factories.shops import authorize_shop, make_farmer, make_product
from tests.together import run_together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def due(market, arun, mei, monkeypatch):
    """Two farmers, the shop and the host have something to get, and that is many."""
    monkeypatch.setattr(closing, "LARGE", 1)
    now = utc_now()
    farmer = make_farmer(village=market.village, name="农户")
    authorize_shop(farmer=farmer, shop=market.shop)
    product = make_product(shop=market.shop, farmer=farmer, price_fen=1000)
    make_completed(buyer=arun, seller=mei, variant=product.variants.get(), now=now)
    make_live_sale(market=market, buyer=arun, seller=mei, now=now)
    return open_period_for(shop=market.shop, now=now)


@pytest.fixture
def sessions(monkeypatch):
    """The database sessions that settled, by kind of payee."""
    found, real = {}, closing._settle

    def settle(period, known, sums, now):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            found.setdefault(known.payee.owner_kind, set()).add(cursor.fetchone()[0])
        return real(period, known, sums, now)

    monkeypatch.setattr(closing, "_settle", settle)
    return found


def said():
    """What all statements say, by payee."""
    return {
        statement.payee_name: (
            statement.gross_fen, statement.commission_fen, statement.platform_fee_fen, statement.freight_fen,
            statement.net_fen, sorted(statement.lines.values_list("entry_id", "kind", "amount_fen")),
        )
        for statement in PayoutStatement.objects.all()
    }  # fmt: skip


def test_two_sessions_make_the_tallies_that_one_makes(due, sessions, monkeypatch, drain_outbox):
    with monkeypatch.context() as patch:
        patch.setattr(closing, "_finish", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            closing.close_period(period=due, now=due.ends_at)
    side_by_side, used = said(), dict(sessions)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE payouts_payout, payouts_statementline, payouts_payoutstatement CASCADE")
    sessions.clear()
    monkeypatch.setattr(closing, "LARGE", 1000)

    closed = closing.close_period(period=due, now=due.ends_at)
    drain_outbox()

    assert closed.status == "closed"
    assert len(side_by_side) == 4
    assert side_by_side == said()
    assert used[OwnerKind.HOST] == used[OwnerKind.SHOP] != used[OwnerKind.FARMER]
    assert len(set.union(*used.values())) == 2
    assert len(set.union(*sessions.values())) == 1
    assert Notification.objects.filter(kind="statement_issued").count() == 4
    assert trial_balance().is_right


def test_two_closers_with_two_sessions_each_make_one_statement_a_payee(due, sessions):
    def close():
        return closing.close_period(period=due, now=due.ends_at).status

    results = run_together(close, close)

    assert results == ["closed", "closed"]
    assert PayoutStatement.objects.count() == Payout.objects.count() == 4
    lines = StatementLine.objects.aggregate(fen=Sum("amount_fen"))["fen"]
    assert PayoutStatement.objects.aggregate(fen=Sum("net_fen"))["fen"] == lines
    assert len(set.union(*sessions.values())) >= 2


@pytest.mark.parametrize("kind", [OwnerKind.FARMER, OwnerKind.SHOP])
def test_a_share_that_fails_leaves_the_other_done_and_the_period_unfinished(due, market, monkeypatch, kind):
    real = closing._settle

    def settle(period, known, sums, now):
        if known.payee.owner_kind == kind:
            raise StatementMismatchError("broken")
        return real(period, known, sums, now)

    with monkeypatch.context() as patch:
        patch.setattr(closing, "_settle", settle)
        with pytest.raises(StatementMismatchError, match="broken"):
            closing.close_period(period=due, now=due.ends_at)
    due.refresh_from_db()
    done = PayoutStatement.objects.count()

    assert due.status == "closing"
    assert done == (2 if kind == OwnerKind.FARMER else 3)

    assert closing.close_period(period=due, now=due.ends_at).status == "closed"
    assert PayoutStatement.objects.count() == 4
    assert statement_of(due, farmer=market.farmer).lines.count() == 1


def test_a_share_that_loses_its_database_ends_the_closing_for_a_later_one(due, monkeypatch):
    real = closing._settle

    def lose(period, known, sums, now):
        if known.payee.owner_kind == OwnerKind.FARMER:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return real(period, known, sums, now)

    with monkeypatch.context() as patch:
        patch.setattr(closing, "_settle", lose)
        assert closing.close_due_periods(now=due.ends_at) == []
    due.refresh_from_db()
    assert due.status == "closing"
    assert not PayoutStatement.objects.exclude(farmer=None).exists()

    assert closing.close_due_periods(now=due.ends_at) == [due.pk]
    assert PayoutStatement.objects.count() == Payout.objects.count() == 4
