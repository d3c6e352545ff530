"""The page of a run keeps up while a worker pays it."""

import pytest

from common.clock import utc_now
from payouts.models import PayoutTransfer
from payouts.services.transferring import send_transfer
from tests.factories.payouts import close_week, make_completed
from tests.factories.providers import providers, providers_process
from tests.factories.runs import make_account, new_run, started_run, transfer_of
from tests.factories.shops import make_person

__all__ = ["providers", "providers_process"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def checker(db):
    return make_person(name="复核员", phone="13800000099", is_staff=True, is_superuser=True)


@pytest.fixture
def earned(market, arun, mei, operator, checker, providers, settings, client):
    settings.PAYOUT_WAYS = ["wechat", "alipay", "cash"]
    now = utc_now()
    make_completed(buyer=arun, seller=mei, variant=market.variant, now=now)
    close_week(shop=market.shop, now=now)
    client.force_login(checker)
    return market


def look(client, run) -> tuple[str | None, tuple[int, int, int]]:
    page = client.get(f"/admin/payouts/payoutrun/{run.pk}/change/")
    board = page.context["board"]
    return page.headers.get("Refresh"), (board.moving, board.waiting_for_payees, board.failed)


def test_it_looks_again_while_money_is_on_its_way_and_stops_when_it_waits_for_people(
    earned, client, providers, operator, checker
):
    make_account(payee=earned.farmer, writer=operator, checker=checker, now=utc_now(), method="wechat")
    draft = new_run(maker=operator, now=utc_now())
    assert look(client, draft) == (None, (1, 0, 0))
    PayoutTransfer.objects.all().delete()
    draft.delete()
    run = started_run(maker=operator, checker=checker, now=utc_now())
    sent = transfer_of(run, farmer=earned.farmer)
    assert look(client, run) == ("5", (1, 0, 0))
    providers.control("transfer_state", provider="wechatpay", state="PENDING")

    send_transfer(transfer_id=sent.pk, now=utc_now())

    assert look(client, run) == (None, (0, 1, 0))
    providers.control("settle_transfer", provider="wechatpay", reference=sent.reference, state="FAIL")
    PayoutTransfer.objects.filter(pk=sent.pk).update(status="failed")
    assert look(client, run) == (None, (0, 0, 1))


def test_cash_does_not_make_it_look_again(earned, client, operator, checker):
    make_account(payee=earned.farmer, writer=operator, checker=checker, now=utc_now(), method="cash")

    run = started_run(maker=operator, checker=checker, now=utc_now())

    assert look(client, run) == (None, (0, 0, 0))
