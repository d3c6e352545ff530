"""What providers say about transfers by themselves: real messages, and every way of spoiling one."""

import json
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

from ledger.models import LedgerTransaction
from ledger.selectors import balance_of, trial_balance
from payments.models import PaymentCallback
from payouts.models import Payout, PayoutTransfer
from payouts.services.transferring import follow_transfers, send_transfer
from tests.factories.payouts import close_week, make_completed
from tests.factories.providers import providers_online
from tests.factories.runs import make_account, started_run, transfer_of
from tests.factories.sandbox import wait_until
from tests.providersim.keys import ALIPAY_APP, MERCHANT_ID
from tests.providersim.signing import alipay_form, wechat_event, wechat_headers

__all__ = ["providers_online"]
pytestmark = pytest.mark.django_db(transaction=True)
GATEWAY = {"alipay": "alipay", "wechat": "wechatpay"}
SAID = {"wechat": {"code": "SUCCESS", "message": ""}, "alipay": b"success"}
TYPE = {"wechat": "application/json", "alipay": "application/x-www-form-urlencoded"}


@pytest.fixture(params=["alipay", "wechat"])
def way(request) -> str:
    return request.param


@pytest.fixture
def waiting(market, arun, mei, operator, checker, now, providers, settings, way) -> PayoutTransfer:
    """A transfer that the provider has taken and not carried out yet."""
    settings.PAYOUT_WAYS = ["alipay", "wechat"]
    make_completed(buyer=arun, seller=mei, variant=market.variant, now=now)
    close_week(shop=market.shop, now=now)
    make_account(payee=market.farmer, writer=operator, checker=checker, now=now, method=way)
    sent = transfer_of(started_run(maker=operator, checker=checker, now=now), farmer=market.farmer)
    providers.control("transfer_state", provider=GATEWAY[way], state="PENDING")
    return send_transfer(transfer_id=sent.pk, now=now)


class Forge:
    """Signs as the provider does, or not quite."""

    def __init__(self, way: str, providers):
        self.way, self.key = way, providers.keys["platform" if way == "wechat" else "alipay"]
        self.door = f"/api/v1/payouts/callbacks/{GATEWAY[way]}/"

    def content(self, transfer: PayoutTransfer, **changes) -> dict:
        said = {"reference": transfer.reference, "fen": transfer.amount_fen, "state": "SUCCESS"} | changes
        more = {name: value for name, value in said.items() if name not in ("reference", "fen", "state")}
        if self.way == "wechat":
            return {
                "out_bill_no": said["reference"], "transfer_bill_no": "7001", "state": said["state"],
                "mch_id": MERCHANT_ID, "transfer_amount": said["fen"], "openid": "o", "fail_reason": "",
            } | more  # fmt: skip
        return {
            "out_biz_no": said["reference"], "order_id": "7001", "status": said["state"],
            "product_code": "TRANS_ACCOUNT_NO_PWD", "biz_scene": "DIRECT_TRANSFER",
            "trans_amount": f"{said['fen'] // 100}.{said['fen'] % 100:02d}", "action_type": "FINISH",
        } | more  # fmt: skip

    def message(self, transfer, *, event_id="evt-1", key=None, age=0, event=None, app=ALIPAY_APP, **changes):
        """Return (body, headers) of a signed message."""
        content, key = self.content(transfer, **changes), key or self.key
        if self.way == "wechat":
            body = wechat_event(event or "MCHTRANSFER.BILL.FINISHED", content, event_id=event_id)
            return body.encode(), wechat_headers(key, body, timestamp=int(time.time()) - age)
        fields = {
            "notify_id": event_id, "msg_method": event or "alipay.fund.trans.order.changed", "app_id": app,
            "version": "1.1", "charset": "UTF-8", "biz_content": json.dumps(content),
        }  # fmt: skip
        return alipay_form(key, fields).encode(), {}

    def send(self, body: bytes, headers: dict):
        client = Client(headers=headers, enforce_csrf_checks=True)
        return client.post(self.door, body, content_type=TYPE[self.way])

    def tell(self, transfer, **changes) -> PaymentCallback:
        answer = self.send(*self.message(transfer, **changes))
        said = answer.json() if self.way == "wechat" else answer.content
        assert (answer.status_code, said) == (200, SAID[self.way])
        return PaymentCallback.objects.get(event_id=changes.get("event_id", "evt-1"))


@pytest.fixture
def forge(way, providers) -> Forge:
    return Forge(way, providers)


def owed(market) -> int:
    return -balance_of(purpose="farmer_payable", owner_kind="farmer", owner_id=market.farmer.pk)


def assert_waits(market, transfer: PayoutTransfer) -> None:
    transfer.refresh_from_db()
    assert (transfer.status, owed(market)) == ("sending", 6596)
    assert not LedgerTransaction.objects.filter(kind="payout").exists()


def listen(providers, address: str) -> None:
    providers.control("app_gateway", provider="alipay", url=f"{address}/api/v1/payouts/callbacks/alipay/")


@pytest.fixture
def heard(providers_online, providers) -> str:
    """The market is there for the messages of both providers."""
    listen(providers, providers_online)
    return providers_online


def test_what_the_payee_takes_is_posted_by_the_providers_own_message(
    market, heard, waiting, providers, way, now
):
    providers.control("settle_transfer", provider=GATEWAY[way], reference=waiting.reference, state="SUCCESS")

    wait_until(lambda: PayoutTransfer.objects.get(pk=waiting.pk).status == "paid")
    wait_until(lambda: providers.state()["waiting"] == 0)
    assert providers.state()["answers"] == [200]
    callback = PaymentCallback.objects.get()
    assert (callback.gateway, callback.outcome, callback.problem) == (GATEWAY[way], "processed", "")
    assert (owed(market), Payout.objects.get(pk=waiting.payout_id).status) == (0, "paid")
    assert trial_balance().is_right
    # The poller has nothing left to do, and nobody was asked.
    assert follow_transfers(now=now) == 0
    assert not [call for call in providers.state()["calls"] if "query" in call]


def test_the_same_message_eight_times_at_once_is_posted_once(market, heard, waiting, providers, way):
    providers.knobs(repeat=8)

    providers.control("settle_transfer", provider=GATEWAY[way], reference=waiting.reference, state="SUCCESS")

    wait_until(lambda: len(providers.state()["answers"]) >= 8 and not providers.state()["waiting"], 30)
    assert PaymentCallback.objects.count() == 1
    assert LedgerTransaction.objects.filter(kind="payout").count() == 1
    assert owed(market) == 0


@pytest.mark.parametrize(("way", "state"), [("wechat", "CANCELLED"), ("wechat", "FAIL"), ("alipay", "FAIL")])
def test_what_failed_is_owed_again_with_the_providers_reason(market, heard, waiting, providers, way, state):
    providers.control(
        "settle_transfer", provider=GATEWAY[way], reference=waiting.reference, state=state, reason="OVERDUE"
    )

    wait_until(lambda: PayoutTransfer.objects.get(pk=waiting.pk).status == "failed")
    assert PayoutTransfer.objects.get(pk=waiting.pk).last_error == "OVERDUE"
    assert (owed(market), Payout.objects.get(pk=waiting.payout_id).status) == (6596, "failed")
    assert not LedgerTransaction.objects.filter(kind="payout").exists()


@pytest.mark.parametrize("way", ["alipay"])
def test_money_that_comes_back_is_said_and_owed_again(market, heard, waiting, providers):
    for state in ("SUCCESS", "RETURNED"):
        providers.control("settle_transfer", provider="alipay", reference=waiting.reference, state=state)
        wait_until(lambda: providers.state()["waiting"] == 0)

    wait_until(lambda: PayoutTransfer.objects.get(pk=waiting.pk).status == "returned")
    assert owed(market) == 6596
    assert LedgerTransaction.objects.filter(kind="payout_returned").count() == 1
    assert trial_balance().is_right


@pytest.mark.parametrize("way", ["alipay"])
def test_reordered_messages_end_the_same(market, waiting, forge):
    """The return is heard first, then the late word that it was paid, twice."""
    assert forge.tell(waiting, event_id="e2", state="REFUND").outcome == "processed"
    assert forge.tell(waiting, event_id="e1").outcome == "processed"
    assert forge.tell(waiting, event_id="e1").outcome == "processed"

    waiting.refresh_from_db()
    assert (waiting.status, owed(market)) == ("returned", 6596)
    assert LedgerTransaction.objects.filter(kind="payout").count() == 1
    assert LedgerTransaction.objects.filter(kind="payout_returned").count() == 1


def test_a_message_that_contradicts_the_book_is_quarantined(market, waiting, forge):
    forge.tell(waiting, event_id="e1")
    callback = forge.tell(waiting, event_id="e2", state="FAIL")

    assert (callback.outcome, callback.problem) == (
        "quarantined", f"says failed of transfer {waiting.pk}, which is paid",
    )  # fmt: skip
    waiting.refresh_from_db()
    assert (waiting.status, owed(market)) == ("paid", 0)


def test_money_that_left_after_a_failure_is_quarantined_for_an_operator(market, waiting, forge):
    forge.tell(waiting, event_id="e1", state="FAIL")
    callback = forge.tell(waiting, event_id="e2")

    assert (callback.outcome, callback.problem) == (
        "quarantined", f"says paid of transfer {waiting.pk}, which is failed",
    )  # fmt: skip
    assert owed(market) == 6596
    assert not LedgerTransaction.objects.filter(kind="payout").exists()


def test_what_was_never_sent_is_not_paid_by_a_message(
    market, arun, mei, operator, checker, now, providers, settings, way, forge
):
    settings.PAYOUT_WAYS = ["alipay", "wechat"]
    make_completed(buyer=arun, seller=mei, variant=market.variant, now=now)
    close_week(shop=market.shop, now=now)
    make_account(payee=market.farmer, writer=operator, checker=checker, now=now, method=way)
    ready = transfer_of(started_run(maker=operator, checker=checker, now=now), farmer=market.farmer)

    callback = forge.tell(ready)

    assert (callback.outcome, callback.problem) == (
        "quarantined", f"says paid of transfer {ready.pk}, which is ready",
    )  # fmt: skip
    assert owed(market) == 6596


@pytest.mark.parametrize("fen", [1, 6597, 659600])
def test_another_amount_is_quarantined(market, waiting, forge, fen):
    callback = forge.tell(waiting, fen=fen)

    assert (callback.outcome, callback.problem) == ("quarantined", f"transfer of {fen} instead of 6596")
    assert_waits(market, waiting)


def test_an_unknown_number_is_quarantined(market, waiting, forge):
    callback = forge.tell(waiting, reference="P20260101aaaaaaaaaaaa")

    assert (callback.outcome, callback.problem) == ("quarantined", "no transfer of this reference")
    assert_waits(market, waiting)


@pytest.mark.parametrize(
    ("way", "change", "problem"),
    [
        ("wechat", {"mch_id": "1900009999"}, "merchant: 1900009999"),
        ("alipay", {"app": "2021000000000099"}, "app: 2021000000000099"),
        ("alipay", {"product_code": "STD_RED_PACKET"}, "product: STD_RED_PACKET DIRECT_TRANSFER"),
        ("alipay", {"biz_scene": "PERSONAL_PAY"}, "product: TRANS_ACCOUNT_NO_PWD PERSONAL_PAY"),
    ],
)
def test_a_foreign_message_is_quarantined(market, waiting, forge, change, problem):
    callback = forge.tell(waiting, **change)

    assert (callback.outcome, callback.problem) == ("quarantined", problem)
    assert_waits(market, waiting)


def test_the_others_numbers_are_not_taken(market, waiting, forge, providers, way):
    """A transfer by the one provider is not settled by the other's signed word."""
    other = Forge({"alipay": "wechat", "wechat": "alipay"}[way], providers)

    callback = other.tell(waiting)

    assert (callback.outcome, callback.problem) == ("quarantined", "no transfer of this reference")
    assert_waits(market, waiting)


def test_forged_messages_leave_no_trace(market, waiting, forge, way):
    body, headers = forge.message(waiting)
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    forgeries = [
        forge.message(waiting, key=stranger),
        (body[:-9] + b"x" + body[-8:], headers),
        (b"", headers),
        (b"\xff\xfe", headers),
    ]
    if way == "wechat":
        forgeries += [
            (body, {}),
            (body, {**headers, "Wechatpay-Nonce": "another"}),
            (body, {**headers, "Wechatpay-Serial": "5157F09EFDC096DE15EBE81A47057A72"}),
            forge.message(waiting, age=330),
            forge.message(waiting, age=-330),
        ]
    else:
        text = body.decode()
        without = "&".join(part for part in text.split("&") if not part.startswith("sign"))
        forgeries += [
            (without.encode(), {}),
            (text.replace("sign_type=RSA2", "sign_type=RSA").encode(), {}),
            (f"{text}&app_id=1".encode(), {}),
        ]

    for spoilt, spoilt_headers in forgeries:
        answer = forge.send(spoilt, spoilt_headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature"), spoilt

    assert not PaymentCallback.objects.exists()
    assert_waits(market, waiting)
    assert forge.tell(waiting).outcome == "processed"
    assert owed(market) == 0


def test_signed_nonsense_is_refused_and_not_kept(market, waiting, forge, way):
    amount = "transfer_amount" if way == "wechat" else "trans_amount"
    event = "TRANSACTION.SUCCESS" if way == "wechat" else "alipay.trade.order.settle.notify"
    spoilt = [
        forge.message(waiting, state="WON"),
        forge.message(waiting, event=event),
        forge.message(waiting, event_id=""),
        forge.message(waiting, event_id="e" * 65),
        *(forge.message(waiting, **{amount: value}) for value in ("6596e-2", "-1", None, [])),
    ]

    for body, headers in spoilt:
        answer = forge.send(body, headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_callback"), body

    assert not PaymentCallback.objects.exists()
    assert_waits(market, waiting)


def test_a_message_of_payments_is_no_message_of_payouts_and_back(market, waiting, forge, way):
    forge.door = f"/api/v1/payments/callbacks/{GATEWAY[way]}/"

    answer = forge.send(*forge.message(waiting))

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_callback")
    assert_waits(market, waiting)


def test_more_than_64_kb_is_refused_unread_and_get_is_not_taken(client, providers, way, forge):
    answer = forge.send(b" " * (64 * 1024 + 1), {})

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert client.get(forge.door).status_code == 405


def test_while_we_cannot_book_it_the_provider_is_not_told_that_we_have(market, waiting, forge, monkeypatch):
    body, headers = forge.message(waiting)

    def broken(**_arguments):
        raise RuntimeError("no disk")

    with monkeypatch.context() as patched:
        patched.setattr("payouts.services.transferring.post", broken)
        client = Client(headers=headers, raise_request_exception=False)
        assert client.post(forge.door, body, content_type=TYPE[forge.way]).status_code == 500
    assert PaymentCallback.objects.get().processed_at is None
    assert_waits(market, waiting)

    # The same message again: it was kept, but not processed, so it counts now.
    assert forge.send(body, headers).status_code == 200
    assert owed(market) == 0
