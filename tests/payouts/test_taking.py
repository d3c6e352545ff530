"""WeChat gives money only to who takes it: a page for the payee, and what happens when nobody does."""

from datetime import timedelta

import pytest

from ledger.selectors import balance_of
from notifications.models import Notification
from payments.errors import GatewayUnavailable
from payouts.models import Payout, PayoutTransfer
from payouts.services.transferring import follow_transfers, send_transfer, settle_transfer
from payouts.transfers.base import Facts
from tests.factories.payouts import close_week, make_completed
from tests.factories.runs import make_account, started_run, transfer_of
from tests.factories.shops import make_person
from tests.providersim.keys import MERCHANT_ID, WECHAT_APP

pytestmark = pytest.mark.django_db
PACKAGE = "affffddafdfafddffda=="
WECHAT = {"user-agent": "Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.50"}


@pytest.fixture
def ready(market, arun, mei, operator, checker, now, providers, settings) -> PayoutTransfer:
    settings.PAYOUT_WAYS = ["wechat"]
    make_completed(buyer=arun, seller=mei, variant=market.variant, now=now)
    close_week(shop=market.shop, now=now)
    make_account(payee=market.farmer, writer=operator, checker=checker, now=now, method="wechat")
    providers.control("transfer_state", provider="wechatpay", state="PENDING")
    return transfer_of(started_run(maker=operator, checker=checker, now=now), farmer=market.farmer)


@pytest.fixture
def waiting(ready, now) -> PayoutTransfer:
    return send_transfer(transfer_id=ready.pk, now=now)


@pytest.fixture
def tashi(market):
    user = make_person(name="扎西", phone="13800000077")
    market.farmer.user = user
    market.farmer.save(update_fields=["user"])
    market.farmer.contact.user = user
    market.farmer.contact.save(update_fields=["user"])
    return user


def pages(transfer) -> tuple[str, str, str]:
    pk = transfer.payout.statement_id
    return (
        f"/desk/statements/{pk}/",
        f"/desk/statements/{pk}/take/",
        f"/api/v1/payout-statements/{pk}/taking/",
    )


def owed(market) -> int:
    return -balance_of(purpose="farmer_payable", owner_kind="farmer", owner_id=market.farmer.pk)


def test_the_payee_is_told_and_takes_it_in_wechat(market, tashi, ready, providers, client, now):
    waiting = send_transfer(transfer_id=ready.pk, now=now)

    assert (waiting.status, waiting.package, waiting.to_confirm_at) == ("sending", PACKAGE, now)
    assert waiting.waits_for_payee and owed(market) == 6596
    told = Notification.objects.get(kind="payout_to_take")
    tally, take, api = pages(waiting)
    assert (told.contact, told.url) == (market.farmer.contact, take)
    assert "65.96" in told.title
    client.force_login(tashi)
    assert f'href="{take}"' in client.get(tally).content.decode()
    page = client.get(take, headers=WECHAT)
    assert page.context["bridge"].count(PACKAGE) == 1 and page["Cache-Control"] == "no-store"
    assert 'data-call="requestMerchantTransfer"' in page.content.decode()
    assert client.get(api).json() == {
        "merchant_id": MERCHANT_ID, "app_id": WECHAT_APP, "package": PACKAGE, "amount_fen": 6596,
        "sent_at": client.get(api).json()["sent_at"],
    }  # fmt: skip
    providers.control("settle_transfer", provider="wechatpay", reference=waiting.reference, state="SUCCESS")

    assert follow_transfers(now=now + timedelta(minutes=2)) == 1

    assert owed(market) == 0
    assert client.get(take).status_code == client.get(api).status_code == 404
    assert f'href="{take}"' not in client.get(tally).content.decode()


def test_outside_wechat_the_page_leads_there_and_shows_no_package(tashi, waiting, client):
    client.force_login(tashi)

    page = client.get(pages(waiting)[1])

    assert (page.status_code, page.context["bridge"]) == (200, "")
    assert PACKAGE not in page.content.decode()


def test_nobody_else_sees_what_opens_it(market, tashi, waiting, client, mei, zoya, arun, operator):
    tally, take, api = pages(waiting)
    for person in (mei, zoya, arun, operator):
        client.force_login(person)
        assert client.get(take, headers=WECHAT).status_code == 404
        assert client.get(api).status_code == 404
    # Who prints the tally sees how it stands, and no button.
    client.force_login(mei)
    shown = client.get(tally).content.decode()
    assert "data-to-take" in shown and take not in shown and PACKAGE not in shown


def test_the_package_of_an_answer_that_was_lost_is_asked_for_under_the_same_number(
    market, ready, providers, now
):
    providers.knobs(hang_up=["transfer"])
    with pytest.raises(GatewayUnavailable):
        send_transfer(transfer_id=ready.pk, now=now)
    assert PayoutTransfer.objects.get(pk=ready.pk).package == ""

    follow_transfers(now=now + timedelta(minutes=2))

    found = PayoutTransfer.objects.get(pk=ready.pk)
    assert (found.status, found.package) == ("sending", PACKAGE)
    state = providers.state()
    assert state["effects"]["wechatpay"]["transfer"] == 1
    assert state["calls"] == [
        "wechatpay:transfer", "wechatpay:query_transfer", "wechatpay:transfer",
    ]  # fmt: skip
    # Known from now on: the next look only asks, and nobody is told twice.
    follow_transfers(now=now + timedelta(hours=1))
    assert providers.state()["calls"][3:] == ["wechatpay:query_transfer"]
    assert Notification.objects.filter(kind="payout_to_take").count() == 1


def test_what_is_not_taken_in_time_is_owed_again_with_the_reason_and_told(
    market, waiting, providers, operator, checker, now
):
    providers.control(
        "settle_transfer", provider="wechatpay", reference=waiting.reference, state="FAIL",
        reason="OVERDUE_CLOSE",
    )  # fmt: skip

    assert follow_transfers(now=now + timedelta(days=1)) == 1

    waiting.refresh_from_db()
    assert (waiting.status, waiting.last_error, waiting.waits_for_payee) == ("failed", "OVERDUE_CLOSE", False)
    assert (Payout.objects.get(pk=waiting.payout_id).status, owed(market)) == ("failed", 6596)
    told = Notification.objects.get(kind="payout_not_taken")
    assert told.contact == market.farmer.contact and "65.96" in told.title
    again = transfer_of(started_run(maker=operator, checker=checker, now=now), farmer=market.farmer)
    sent = send_transfer(transfer_id=again.pk, now=now + timedelta(days=1))
    assert sent.waits_for_payee and sent.reference != waiting.reference
    assert Notification.objects.filter(kind="payout_to_take").count() == 2


def test_a_cancelled_one_is_owed_again(market, waiting, providers, now):
    providers.control("settle_transfer", provider="wechatpay", reference=waiting.reference, state="CANCELLED")

    assert follow_transfers(now=now + timedelta(hours=1)) == 1

    assert (PayoutTransfer.objects.get(pk=waiting.pk).status, owed(market)) == ("failed", 6596)


def test_an_answer_over_another_sum_offers_nothing(ready, providers, now):
    providers.knobs(lose=["transfer"])
    with pytest.raises(GatewayUnavailable):
        send_transfer(transfer_id=ready.pk, now=now)

    facts = Facts(ready.reference, "in_transit", 6595, waits_for_payee=True, package=PACKAGE)
    settle_transfer(transfer_id=ready.pk, facts=facts, now=now)

    found = PayoutTransfer.objects.get(pk=ready.pk)
    assert (found.package, found.to_confirm_at) == ("", None)
    assert not Notification.objects.filter(kind="payout_to_take").exists()
