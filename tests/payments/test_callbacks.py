"""The callback door, with the provider as a process of its own and the market as a server."""

import base64
import json
import time
import uuid

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.test import Client

from ledger.models import LedgerEntry, LedgerTransaction
from payments.models import Payment, PaymentCallback
from payments.services.starting import start_payment
from tests.factories.orders import make_payment, place_one
from tests.factories.sandbox import wait_until

DOOR = "/api/v1/payments/callbacks/sandbox/"


def signed_by(key: Ed25519PrivateKey, body: bytes, *, timestamp: int | None = None) -> dict[str, str]:
    timestamp = str(int(time.time()) if timestamp is None else timestamp)
    signature = key.sign(f"{timestamp}\nnonce\n".encode() + body)
    return {
        "X-Sandbox-Timestamp": timestamp,
        "X-Sandbox-Nonce": "nonce",
        "X-Sandbox-Signature": base64.b64encode(signature).decode(),
    }


def provider_key(sandbox) -> Ed25519PrivateKey:
    return load_pem_private_key((sandbox.folder / "gateway_private.pem").read_bytes(), password=None)


def body_for(payment: Payment, **changes) -> bytes:
    content = {
        "event_id": "evt_test",
        "merchant": "village-market-demo",
        "app": "web",
        "reference": payment.reference,
        "provider_reference": payment.provider_reference,
        "status": "paid",
        "amount_fen": payment.amount_fen,
        "currency": "CNY",
    } | changes
    return json.dumps(content).encode()


def send(body: bytes, headers: dict[str, str]):
    return Client(headers=headers).post(DOOR, data=body, content_type="application/json")


def started(arun, market, **options) -> Payment:
    order = place_one(buyer=arun, variant=market.variant, **options)
    payment, _ = start_payment(
        buyer=arun, group_id=order.group_id, gateway="sandbox", idempotency_key=uuid.uuid4(),
        origin="http://testserver", now=order.placed_at,
    )  # fmt: skip
    return payment


def is_paid(payment: Payment) -> bool:
    return payment.group.orders.filter(status="paid").exists()


@pytest.mark.django_db(transaction=True)
def test_a_tap_on_the_pay_page_reaches_the_order_by_a_signed_callback(market, arun, sandbox, market_online):
    payment = started(arun, market)

    status, leads_to = sandbox.tap(payment.pay_url)

    assert (status, leads_to) == (303, f"http://testserver/checkout/return/{payment.pk}/")
    wait_until(lambda: is_paid(payment))
    callback = PaymentCallback.objects.get(payment=payment)
    assert (callback.outcome, callback.problem) == ("processed", "")
    assert json.loads(bytes(callback.body))["reference"] == payment.reference


@pytest.mark.django_db(transaction=True)
def test_b5_the_same_callback_eight_times_at_once_pays_once(market, arun, sandbox, market_online):
    payment = started(arun, market)
    before = sandbox.counts()["attempts"]
    sandbox.mischief(repeat=8)

    sandbox.tap(payment.pay_url)

    wait_until(lambda: sandbox.counts()["attempts"] > before and sandbox.counts()["open_events"] == 0, 20)
    assert PaymentCallback.objects.count() == 1
    assert LedgerTransaction.objects.count() == 1
    assert sorted(LedgerEntry.objects.values_list("amount_fen", flat=True)) == [-7600, 7600]
    assert is_paid(payment)


@pytest.mark.django_db(transaction=True)
def test_a_declined_payment_leaves_the_purchase_to_be_paid_again(market, arun, sandbox, market_online):
    payment = started(arun, market)

    sandbox.tap(payment.pay_url, "decline")

    wait_until(lambda: Payment.objects.get(pk=payment.pk).status == "failed")
    assert not is_paid(payment)
    again, _ = start_payment(
        buyer=arun, group_id=payment.group_id, gateway="sandbox", idempotency_key=uuid.uuid4(),
        origin="http://testserver", now=payment.created_at,
    )  # fmt: skip
    assert again.pk != payment.pk
    sandbox.tap(again.pay_url)
    wait_until(lambda: is_paid(again))


@pytest.mark.django_db(transaction=True)
def test_b4_a_signed_callback_over_another_amount_is_kept_in_quarantine(market, arun, sandbox, market_online):
    payment = started(arun, market)
    sandbox.mischief(change={"amount_fen": 1})

    sandbox.tap(payment.pay_url)

    wait_until(lambda: PaymentCallback.objects.filter(outcome="quarantined").exists())
    assert "amount_fen: 1 instead of 7600" in PaymentCallback.objects.get().problem
    assert not is_paid(payment)


@pytest.mark.django_db(transaction=True)
def test_b1_a_callback_changed_on_its_way_is_refused_and_the_true_one_comes_again(
    market, arun, sandbox, market_online
):
    payment = started(arun, market)
    before = sandbox.counts()["attempts"]
    sandbox.mischief(forge={"amount_fen": 1})

    sandbox.tap(payment.pay_url)

    wait_until(lambda: sandbox.counts()["attempts"] > before)
    assert not PaymentCallback.objects.exists()
    sandbox.mischief()
    wait_until(lambda: is_paid(payment))


@pytest.mark.django_db
def test_b1_unsigned_forged_and_old_callbacks_leave_no_trace(market, arun, sandbox):
    payment = make_payment(group=place_one(buyer=arun, variant=market.variant).group)
    body = body_for(payment)
    good = signed_by(provider_key(sandbox), body)
    forgeries = [
        {},
        {**good, "X-Sandbox-Signature": ""},
        {**good, "X-Sandbox-Signature": "Ω" * 8},
        {**good, "X-Sandbox-Signature": base64.b64encode(b"x" * 64).decode()},
        {**good, "X-Sandbox-Nonce": "another"},
        {**good, "X-Sandbox-Timestamp": "soon"},
        signed_by(provider_key(sandbox), body, timestamp=int(time.time()) - 330),
        signed_by(provider_key(sandbox), body, timestamp=int(time.time()) + 330),
        signed_by(provider_key(sandbox), body_for(payment, amount_fen=1)),
    ]

    for headers in forgeries:
        answer = send(
            body, {name: value.encode("utf-8").decode("latin-1") for name, value in headers.items()}
        )
        assert (answer.status_code, answer.json().get("code")) == (401, "bad_signature"), (
            headers,
            answer.json(),
        )

    assert not PaymentCallback.objects.exists()
    assert not is_paid(payment)
    assert send(body, good).status_code == 200
    assert is_paid(payment)


@pytest.mark.django_db
def test_b3_another_key_or_another_merchant_pays_nothing(market, arun, sandbox):
    payment = make_payment(group=place_one(buyer=arun, variant=market.variant).group)

    body = body_for(payment)
    answer = send(body, signed_by(Ed25519PrivateKey.generate(), body))
    assert answer.status_code == 401
    merchants_own = load_pem_private_key(
        (sandbox.folder / "merchant_private.pem").read_bytes(), password=None
    )
    assert send(body, signed_by(merchants_own, body)).status_code == 401
    body = body_for(payment, merchant="village-market-elsewhere")
    answer = send(body, signed_by(provider_key(sandbox), body))

    assert (answer.status_code, answer.json()) == (200, {"outcome": "quarantined"})
    assert not is_paid(payment)
    assert not LedgerTransaction.objects.exists()


@pytest.mark.django_db
def test_a_payment_that_is_not_ours_is_kept_in_quarantine(market, arun, sandbox):
    payment = make_payment(group=place_one(buyer=arun, variant=market.variant).group)
    body = body_for(payment, reference="Punknown")

    for _ in range(2):
        assert send(body, signed_by(provider_key(sandbox), body)).json() == {"outcome": "quarantined"}

    assert PaymentCallback.objects.get().problem == "no payment of this reference"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b'{"event_id": ""}', b'{"event_id": 7}', b'"x"', b"\xff\xfe", b'{"event_id": "e"}'],
)
def test_signed_nonsense_is_refused_and_not_kept(market, sandbox, content):
    answer = send(content, signed_by(provider_key(sandbox), content))

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_callback")
    assert not PaymentCallback.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("change", [{"status": "won"}, {"amount_fen": "7600"}, {"amount_fen": 7600.0}])
def test_signed_facts_of_a_wrong_kind_are_refused(market, arun, sandbox, change):
    payment = make_payment(group=place_one(buyer=arun, variant=market.variant).group)
    body = body_for(payment, **change)

    assert send(body, signed_by(provider_key(sandbox), body)).status_code == 400

    assert not is_paid(payment)


@pytest.mark.django_db
def test_more_than_64_kb_is_refused_unread(market, sandbox):
    body = b" " * (64 * 1024 + 1)

    answer = send(body, signed_by(provider_key(sandbox), body))

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.django_db
def test_only_post_is_taken(client, market, sandbox):
    assert client.get(DOOR).status_code == 405
