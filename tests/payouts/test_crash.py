"""A closing killed at any place is finished by the next run: one statement a payee, no fen twice."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import Count, Sum

from ledger.models import LedgerEntry
from ledger.selectors import trial_balance
from notifications.models import Notification
from payouts.models import Payout, PayoutStatement, SettlementPeriod, StatementLine
from payouts.services.closing import close_due_periods
from payouts.services.opening import open_period_for
from shops.models import Farmer, Host
from tests.addresses import database_url
from tests.factories.payouts import make_completed
from tests.factories.shops import authorize_shop, make_farmer, make_product
from tests.together import held, run_together, those_who_wait

CHILD = """
import os, signal, sys
import django
django.setup()
from datetime import datetime
from payouts.services import closing, telling
from payouts.models import SettlementPeriod

place, after, now = sys.argv[1], int(sys.argv[2]), datetime.fromisoformat(sys.argv[3])
calls = 0

def dying(real, before):
    def run(*args, **kwargs):
        global calls
        calls += 1
        if before and calls > after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*args, **kwargs)
        if not before and calls > after:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return run

if place == "start":
    closing._begin = dying(closing._begin, before=False)
elif place == "gathered":
    closing.gather_claims = dying(closing.gather_claims, before=False)
elif place == "between":
    closing._settle = dying(closing._settle, before=False)
elif place == "written":
    closing.write_statement = dying(closing.write_statement, before=False)
elif place == "telling":
    telling.tell_issued = dying(telling.tell_issued, before=False)
else:
    closing._finish = dying(closing._finish, before=True)
period = closing.close_period(period=SettlementPeriod.objects.get(status="open"), now=now)
telling.tell_period(period_id=period.pk, now=now)
"""


def earned_by_six(market, arun, mei, now) -> SettlementPeriod:
    """Five farmers and the shop have something to get."""
    for number in range(4):
        farmer = make_farmer(village=market.village, name=f"农户{number}")
        authorize_shop(farmer=farmer, shop=market.shop)
        product = make_product(shop=market.shop, farmer=farmer, price_fen=1000 + number)
        make_completed(buyer=arun, seller=mei, variant=product.variants.get(), now=now, quantity=2)
    make_completed(buyer=arun, seller=mei, variant=market.variant, now=now)
    return open_period_for(shop=market.shop, now=now)


def closing(place, after, end) -> subprocess.Popen:
    """A worker that closes what is open, and kills itself at a place."""
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, place, str(after), end.isoformat()],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "villagemarket.settings"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def everything_is_there_once():
    assert PayoutStatement.objects.count() == Payout.objects.count() == 6
    assert Notification.objects.filter(kind="statement_issued").count() == 6
    payable = LedgerEntry.objects.filter(account__purpose__endswith="payable")
    claimed = StatementLine.objects.aggregate(lines=Count("entry", distinct=True), fen=Sum("amount_fen"))
    assert claimed["lines"] == StatementLine.objects.count() == payable.count()
    assert claimed["fen"] == -payable.aggregate(fen=Sum("amount_fen"))["fen"]
    assert PayoutStatement.objects.aggregate(fen=Sum("net_fen"))["fen"] == claimed["fen"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("place", "after", "done"),
    [
        ("start", 0, 0),
        ("gathered", 0, 0),
        ("between", 0, 1),
        ("written", 1, 2),
        ("between", 2, 3),
        ("telling", 0, 6),
        ("end", 0, 6),
    ],
)
def test_killed_closing_is_finished_by_the_next_run(market, arun, mei, now, place, after, done, drain_outbox):
    period = earned_by_six(market, arun, mei, now)
    end = period.ends_at + timedelta(seconds=1)

    child = closing(place, after, end)
    _said, complaint = child.communicate(timeout=60)

    assert child.returncode == -9, complaint.decode()
    period.refresh_from_db()
    assert period.status == ("closed" if place == "telling" else "closing")
    assert PayoutStatement.objects.count() == done
    assert SettlementPeriod.objects.filter(status="open").count() == 1
    first = set(PayoutStatement.objects.values_list("pk", "code", "net_fen"))

    assert close_due_periods(now=end) == ([] if place == "telling" else [period.pk])
    drain_outbox()

    period.refresh_from_db()
    assert period.status == "closed"
    assert first <= set(PayoutStatement.objects.values_list("pk", "code", "net_fen"))
    everything_is_there_once()


def same_statement(period, farmer):
    """The statement itself waits: somebody is writing the one of this payee and period."""
    PayoutStatement.objects.create(period=period, farmer=farmer, code="X", issued_at=period.ends_at)


def same_line(period, farmer):
    """The statement is written, its line waits: somebody claims the same entry."""
    other = PayoutStatement.objects.create(period=period, host=Host.objects.first(), code="X")
    entry = LedgerEntry.objects.get(account__owner_kind="farmer", account__owner_id=farmer.pk)
    StatementLine.objects.create(
        statement=other, entry=entry, kind="sale", amount_fen=0, posted_at=period.ends_at
    )


def same_farmer(period, farmer):
    """All is written, its end waits: the database looks whether the payee is still there."""
    Farmer.objects.select_for_update().get(pk=farmer.pk)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ends", ["goes on", "is lost"])
@pytest.mark.parametrize("work", [same_statement, same_line, same_farmer])
def test_killed_within_the_writing_of_one_statement(market, arun, mei, now, work, ends, drain_outbox):
    """The worker dies while the database writes for its third payee; that session ends well, or is lost."""
    period = earned_by_six(market, arun, mei, now)
    end = period.ends_at + timedelta(seconds=1)
    farmers = [market.farmer, *Farmer.objects.filter(name__startswith="农户").order_by("pk")]
    with held(work, period, farmers[2]) as undo:
        child = closing("end", 99, end)
        ((pid, query),) = those_who_wait(1)
        child.kill()
        child.communicate(timeout=20)
        assert child.returncode == -9
        assert query.startswith("EXECUTE payouts_settle_farmer_id")
        assert PayoutStatement.objects.count() == Payout.objects.count() == 2
        assert StatementLine.objects.count() == 2

        if ends == "is lost":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
            undo()
            assert PayoutStatement.objects.count() == Payout.objects.count() == 2
            closed = close_due_periods(now=end)
        else:
            # The next run begins while the database still writes for a worker that is dead.
            closed, waiting = run_together(
                lambda: close_due_periods(now=end), lambda: (those_who_wait(2), undo())[0]
            )
            assert waiting[0] == (pid, query)
    drain_outbox()

    assert closed == [period.pk]
    period.refresh_from_db()
    assert period.status == "closed"
    everything_is_there_once()
    nets = dict(PayoutStatement.objects.values_list("payee_name", "net_fen"))
    # What each sold less the market's 3 %, and the freight of five orders.
    assert [nets[farmer.name] for farmer in farmers] == [6596, 1940, 1942, 1944, 1946]
    assert PayoutStatement.objects.get(payee_shop=market.shop).net_fen == 5 * 800
    assert [statement.lines.count() for statement in PayoutStatement.objects.exclude(farmer=None)] == [1] * 5
    assert set(Payout.objects.values_list("statement__payee_name", "amount_fen")) == set(nets.items())
    assert trial_balance().is_right
