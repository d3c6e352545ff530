"""Money that was paid and comes back days later is learnt by asking."""

from datetime import timedelta

import pytest

from ledger.selectors import balance_of, trial_balance
from payouts.models import PayoutTransfer
from payouts.services.transferring import send_transfer
from payouts.services.watching import watch_paid
from tests.factories.payouts import close_week, make_completed
from tests.factories.runs import make_account, started_run, transfer_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid(market, arun, mei, operator, checker, now, providers, settings, request) -> PayoutTransfer:
    way = getattr(request, "param", "alipay")
    settings.PAYOUT_WAYS = ["alipay", "wechat"]
    make_completed(buyer=arun, seller=mei, variant=market.variant, now=now)
    close_week(shop=market.shop, now=now)
    make_account(payee=market.farmer, writer=operator, checker=checker, now=now, method=way)
    sent = transfer_of(started_run(maker=operator, checker=checker, now=now), farmer=market.farmer)
    return send_transfer(transfer_id=sent.pk, now=now)


def asked(providers) -> int:
    return sum("query_transfer" in call for call in providers.state()["calls"])


def test_a_return_is_learnt_within_hours_and_owed_again(market, paid, providers, now):
    assert watch_paid(now=now + timedelta(hours=6)) == 0
    providers.control("settle_transfer", provider="alipay", reference=paid.reference, state="RETURNED")

    assert watch_paid(now=now + timedelta(hours=11)) == 0
    assert watch_paid(now=now + timedelta(hours=12)) == 1

    paid.refresh_from_db()
    assert (paid.status, asked(providers)) == ("returned", 2)
    assert balance_of(purpose="farmer_payable", owner_kind="farmer", owner_id=market.farmer.pk) == -6596
    assert trial_balance().is_right
    assert watch_paid(now=now + timedelta(days=2)) == 0
    assert asked(providers) == 2


def test_it_is_asked_about_for_so_many_days_only(paid, providers, settings, now):
    settings.PAYOUT_WATCH_DAYS = 3

    watch_paid(now=now + timedelta(days=2, hours=23))
    assert asked(providers) == 1
    watch_paid(now=now + timedelta(days=3))

    assert asked(providers) == 1


@pytest.mark.parametrize("paid", ["wechat"], indirect=True)
def test_what_cannot_come_back_is_not_asked_about(paid, providers, now):
    assert watch_paid(now=now + timedelta(days=1)) == 0

    assert (paid.status, asked(providers)) == ("paid", 0)


def test_a_silent_provider_is_asked_again_later_and_nothing_moves(paid, providers, now):
    providers.knobs(errors={"query_transfer": ["SYSTEM_ERROR"]})

    assert watch_paid(now=now + timedelta(hours=6)) == 0

    paid.refresh_from_db()
    assert (paid.status, paid.watched_at) == ("paid", now + timedelta(hours=6))
    watch_paid(now=now + timedelta(hours=7))
    assert asked(providers) == 1
    watch_paid(now=now + timedelta(hours=12))
    assert asked(providers) == 2


def test_an_answer_over_another_sum_returns_nothing(market, paid, providers, now):
    providers.control("settle_transfer", provider="alipay", reference=paid.reference, state="RETURNED")
    PayoutTransfer.objects.filter(pk=paid.pk).update(amount_fen=6595)

    assert watch_paid(now=now + timedelta(hours=6)) == 0

    paid.refresh_from_db()
    assert paid.status == "paid" and "6596" in paid.last_error
    assert balance_of(purpose="farmer_payable", owner_kind="farmer", owner_id=market.farmer.pk) == 0
