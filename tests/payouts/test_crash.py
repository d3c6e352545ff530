"""A closing killed at any place is finished by the next run: one statement a payee, no fen twice."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings
from django.db.models import Count, Sum

from ledger.models import LedgerEntry
from notifications.models import Notification
from payouts.models import Payout, PayoutStatement, SettlementPeriod, StatementLine
from payouts.services.closing import close_due_periods
from payouts.services.opening import open_period_for
from tests.addresses import database_url
from tests.factories.payouts import make_completed
from tests.factories.shops import authorize_shop, make_farmer, make_product

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
    for number in range(4):
        farmer = make_farmer(village=market.village, name=f"农户{number}")
        authorize_shop(farmer=farmer, shop=market.shop)
        product = make_product(shop=market.shop, farmer=farmer, price_fen=1000 + number)
        make_completed(buyer=arun, seller=mei, variant=product.variants.get(), now=now, quantity=2)
    make_completed(buyer=arun, seller=mei, variant=market.variant, now=now)
    period = open_period_for(shop=market.shop, now=now)
    end = period.ends_at + timedelta(seconds=1)

    child = subprocess.run(
        [sys.executable, "-c", CHILD, place, str(after), end.isoformat()],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "villagemarket.settings"},
        capture_output=True,
        timeout=60,
    )

    assert child.returncode == -9, child.stderr.decode()
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
    assert PayoutStatement.objects.count() == Payout.objects.count() == 6
    assert Notification.objects.filter(kind="statement_issued").count() == 6
    payable = LedgerEntry.objects.filter(account__purpose__endswith="payable")
    claimed = StatementLine.objects.aggregate(lines=Count("entry", distinct=True), fen=Sum("amount_fen"))
    assert claimed["lines"] == StatementLine.objects.count() == payable.count()
    assert claimed["fen"] == -payable.aggregate(fen=Sum("amount_fen"))["fen"]
    assert PayoutStatement.objects.aggregate(fen=Sum("net_fen"))["fen"] == claimed["fen"]
