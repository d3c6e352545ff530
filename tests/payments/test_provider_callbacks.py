"""The callback doors of both providers: real messages over HTTP, and every way of spoiling one."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.test import Client

from ledger.models import LedgerEntry, LedgerTransaction
from orders.services.cancelling import cancel_by_buyer
from payments.models import Payment, PaymentCallback, Refund
from payments.services.closing import check_payment
from payments.services.refunding import execute_refund
from tests.factories.forging import SAID, Forge
from tests.factories.orders import place_one
from tests.factories.providers import begin, started
from tests.factories.sandbox import wait_until
from tests.providersim.signing import alipay_form, wechat_event, wechat_headers

BILLION_LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c SYSTEM "file:///etc/passwd">]><xml><out_trade_no>&b;&c;</out_trade_no></xml>'
)


@pytest.fixture
def forge(gateway, providers) -> Forge:
    return Forge(gateway, providers)


def is_paid(payment: Payment) -> bool:
    return payment.group.orders.filter(status="paid").exists()


def cash() -> int:
    return sum(LedgerEntry.objects.filter(account__purpose="cash").values_list("amount_fen", flat=True))


def assert_nothing_happened(payment: Payment) -> None:
    payment.refresh_from_db()
    assert not is_paid(payment)
    assert payment.status == "pending"
    assert not LedgerTransaction.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_the_buyer_pays_reaches_the_order_by_a_signed_callback(
    market, arun, providers, providers_online, gateway
):
    payment = started(arun, market, gateway)

    providers.pay(payment)

    wait_until(lambda: is_paid(payment))
    wait_until(lambda: providers.state()["waiting"] == 0)
    callback = PaymentCallback.objects.get(payment=payment)
    assert (callback.outcome, callback.problem) == ("processed", "")
    assert providers.state()["answers"] == [200]
    assert cash() == 7600


@pytest.mark.django_db(transaction=True)
def test_b5_the_same_callback_eight_times_at_once_pays_once(
    market, arun, providers, providers_online, gateway
):
    payment = started(arun, market, gateway)
    providers.knobs(repeat=8)

    providers.pay(payment)

    wait_until(lambda: len(providers.state()["answers"]) >= 8 and not providers.state()["waiting"], 30)
    assert PaymentCallback.objects.count() == 1
    assert LedgerTransaction.objects.count() == 1
    assert sorted(LedgerEntry.objects.values_list("amount_fen", flat=True)) == [-7600, 7600]
    assert is_paid(payment)


@pytest.mark.django_db(transaction=True)
def test_pr2_lost_late_doubled_and_reordered_callbacks_end_as_one_order_and_one_refund(
    market, arun, providers, providers_online
):
    order = place_one(buyer=arun, variant=market.variant)
    lost, second = begin(arun, order, "wechatpay"), begin(arun, order, "alipay")
    late = started(arun, market, "wechatpay")
    providers.knobs(drop=1)
    providers.pay(lost)
    providers.knobs(hold=True, repeat=2)
    providers.pay(second)
    providers.pay(late)
    wait_until(lambda: providers.state()["held"] == 2)

    providers.control("release", is_reversed=True)

    wait_until(lambda: is_paid(second) and is_paid(late))
    from_poll = Payment.objects.get(pk=lost.pk)
    assert from_poll.status == "pending"
    check_payment(payment=from_poll, now=from_poll.created_at)
    refund = Refund.objects.get()
    assert (refund.payment, refund.reason) == (lost, "paid_twice")
    assert cash() == 3 * 7600


@pytest.mark.django_db(transaction=True)
def test_b1_a_callback_changed_on_its_way_is_refused_and_the_true_one_comes_again(
    market, arun, providers, providers_online, gateway
):
    payment = started(arun, market, gateway)
    providers.knobs(forge={"total_amount": "0.01", "summary": "x"})
    providers.pay(payment)
    wait_until(lambda: 401 in providers.state()["answers"])
    assert not PaymentCallback.objects.exists()
    assert_nothing_happened(payment)

    providers.knobs()

    wait_until(lambda: is_paid(payment))


@pytest.mark.django_db(transaction=True)
def test_b4_a_signed_callback_over_another_amount_is_kept_in_quarantine(
    market, arun, providers, providers_online, gateway
):
    payment = started(arun, market, gateway)
    providers.knobs(change={"amount": {"total": 1}} if gateway == "wechatpay" else {"total_amount": "0.01"})

    providers.pay(payment)

    wait_until(lambda: PaymentCallback.objects.filter(outcome="quarantined").exists())
    assert "amount_fen: 1 instead of 7600" in PaymentCallback.objects.get().problem
    assert not is_paid(payment)
    # The provider is told that we have it: repeating would change nothing.
    wait_until(lambda: providers.state()["waiting"] == 0)


@pytest.mark.django_db(transaction=True)
def test_b1_unsigned_and_forged_callbacks_leave_no_trace(market, arun, forge):
    payment = started(arun, market, forge.gateway)
    body, headers = forge.message(payment)
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    forgeries = [
        forge.message(payment, key=stranger),
        (body[:-9] + b"x" + body[-8:], headers),
        (b"", headers),
        (b"\xff\xfe", headers),
        (BILLION_LAUGHS, headers),
    ]
    if forge.gateway == "wechatpay":
        forgeries += [
            (body, {}),
            (body, {**headers, "Wechatpay-Signature": ""}),
            (body, {**headers, "Wechatpay-Signature": "WECHATPAY/SIGNTEST/x"}),
            (body, {**headers, "Wechatpay-Nonce": ""}),
            (body, {**headers, "Wechatpay-Nonce": "another"}),
            (body, {**headers, "Wechatpay-Timestamp": "soon"}),
            (body, {**headers, "Wechatpay-Timestamp": "9" * 40}),
            (body, {**headers, "Wechatpay-Signature-Type": "WECHATPAY2-SM2-WITH-SM3"}),
            forge.message(payment, age=330),
            forge.message(payment, age=-330),
        ]
    else:
        text = body.decode()
        without = "&".join(part for part in text.split("&") if not part.startswith("sign"))
        sha1 = text.replace("sign_type=RSA2", "sign_type=RSA")
        forgeries += [
            (without.encode(), {}),
            (f"{without}&sign=&sign_type=RSA2".encode(), {}),
            (f"{without}&sign=%CE%A9&sign_type=RSA2".encode(), {}),
            (sha1.encode(), {}),
            (f"{text}&total_amount=0.01".encode(), {}),
            (f"{text}&out_trade_no={payment.reference}".encode(), {}),
            ("&".join(f"a{n}=1" for n in range(200)).encode(), {}),
        ]

    for spoilt, spoilt_headers in forgeries:
        answer = forge.send(spoilt, spoilt_headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature"), (spoilt, spoilt_headers)

    assert not PaymentCallback.objects.exists()
    assert_nothing_happened(payment)
    answer = forge.send(body, headers)
    assert (answer.status_code, forge.said(answer)) == (200, SAID[forge.gateway])
    assert is_paid(payment)


@pytest.mark.django_db(transaction=True)
def test_b3_a_serial_that_is_not_pinned_is_refused_and_nobody_is_asked_for_certificates(
    market, arun, providers
):
    payment = started(arun, market, "wechatpay")
    forge = Forge("wechatpay", providers)
    body, headers = forge.message(payment)
    before = providers.state()["calls"]

    for serial in ("5157F09EFDC096DE15EBE81A47057A72", "", "PUB_KEY_ID_0000000000000000", "xyz"):
        # The library reads these spellings too, and would prefer them.
        for smuggled in ({}, {f"Http-{name}": value for name, value in headers.items()}):
            spoilt = {**headers, "Wechatpay-Serial": serial, **smuggled}
            assert forge.send(body, spoilt).status_code == 401
    smuggled = {
        "Http-Wechatpay-Serial": "5157F09EFDC096DE15EBE81A47057A72",
        "Http-Wechatpay-Signature": "eA==",
    }
    assert forge.send(body.replace(b"evt-1", b"evt-2"), {**headers, **smuggled}).status_code == 401

    assert providers.state()["calls"] == before
    assert_nothing_happened(payment)


@pytest.mark.django_db(transaction=True)
def test_b3_another_merchants_message_and_our_own_key_pay_nothing(market, arun, forge, providers, settings):
    payment = started(arun, market, forge.gateway)
    ours = {"wechatpay": "WECHATPAY_MERCHANT_KEY", "alipay": "ALIPAY_APP_KEY"}[forge.gateway]
    own_key = _load(settings.PROVIDER_ENVIRONMENT[ours])

    assert forge.send(*forge.message(payment, key=own_key)).status_code == 401
    for event, change in enumerate(({"merchant": "1900009999"}, {"app": "wx9999999999999999"})):
        answer = forge.send(*forge.message(payment, event_id=f"foreign-{event}", **change))
        assert (answer.status_code, forge.said(answer)) == (200, SAID[forge.gateway])

    problems = PaymentCallback.objects.order_by("pk").values_list("outcome", "problem", "payment")
    assert [(outcome, problem.partition(":")[0], pk) for outcome, problem, pk in problems] == [
        ("quarantined", "merchant", payment.pk), ("quarantined", "app", payment.pk),
    ]  # fmt: skip
    assert not is_paid(payment)
    assert not LedgerEntry.objects.filter(account__purpose="buyer_held").exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"fen": 1}, "amount_fen: 1 instead of 7600"),
        ({"fen": 760000}, "amount_fen: 760000 instead of 7600"),
        ({"currency": "USD"}, "currency: 'USD' instead of 'CNY'"),
        ({"reference": "P20260101aaaaaaaaaaaaaaaaaaaa"}, "no payment of this reference"),
    ],
)
def test_b4_signed_contents_that_do_not_match_are_quarantined(
    admin_client, market, arun, forge, change, problem
):
    payment = started(arun, market, forge.gateway)

    for _ in range(2):
        answer = forge.send(*forge.message(payment, **change))
        assert (answer.status_code, forge.said(answer)) == (200, SAID[forge.gateway])

    callback = PaymentCallback.objects.get()
    assert (callback.outcome, callback.problem) == ("quarantined", problem)
    assert not is_paid(payment)
    assert Payment.objects.get(pk=payment.pk).status == "pending"
    page = admin_client.get("/admin/payments/paymentcallback/?outcome__exact=quarantined")
    assert "evt-1" in page.content.decode()


@pytest.mark.django_db(transaction=True)
def test_b10_a_refund_that_the_provider_reports_twice_is_booked_once(
    market, arun, providers, providers_online
):
    payment = started(arun, market, "wechatpay")
    providers.pay(payment)
    wait_until(lambda: is_paid(payment))
    cancel_by_buyer(buyer=arun, number=payment.group.orders.get().number, now=payment.created_at)
    providers.control("refund_state", provider="wechatpay", state="PROCESSING")
    request = payment.group.orders.get().refund_requests.get()
    refund = execute_refund(request_id=request.pk, now=payment.created_at)
    assert (refund.status, cash()) == ("in_transit", 7600)
    providers.knobs(repeat=3)

    providers.control("settle_refund", provider="wechatpay", reference=refund.reference, state="SUCCESS")

    wait_until(lambda: Refund.objects.get().status == "succeeded")
    wait_until(lambda: providers.state()["waiting"] == 0)
    assert (cash(), LedgerTransaction.objects.filter(kind="refund").count()) == (0, 1)
    assert payment.group.orders.get().refund_requests.get().status == "refunded"


@pytest.mark.django_db(transaction=True)
def test_a_refund_that_cannot_reach_the_buyer_waits_for_an_operator(
    market, arun, providers, providers_online
):
    payment = started(arun, market, "wechatpay")
    providers.pay(payment)
    wait_until(lambda: is_paid(payment))
    cancel_by_buyer(buyer=arun, number=payment.group.orders.get().number, now=payment.created_at)
    providers.control("refund_state", provider="wechatpay", state="PROCESSING")
    request = payment.group.orders.get().refund_requests.get()
    refund = execute_refund(request_id=request.pk, now=payment.created_at)

    providers.control("settle_refund", provider="wechatpay", reference=refund.reference, state="ABNORMAL")
    wait_until(lambda: Refund.objects.get().status == "failed")
    assert cash() == 7600

    # The operator had it sent to another card: the provider says so, and the book follows.
    providers.control("settle_refund", provider="wechatpay", reference=refund.reference, state="SUCCESS")
    wait_until(lambda: Refund.objects.get().status == "succeeded")
    assert cash() == 0


@pytest.mark.django_db(transaction=True)
def test_b13_xml_is_never_read(market, arun, forge):
    payment = started(arun, market, forge.gateway)
    if forge.gateway == "wechatpay":
        headers = wechat_headers(forge.key, BILLION_LAUGHS.decode())
        answer = forge.send(BILLION_LAUGHS, headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_callback")
    for content_type in ("text/xml", "application/xml"):
        answer = Client().post(forge.door, BILLION_LAUGHS, content_type=content_type)
        assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature")
    assert not PaymentCallback.objects.exists()
    assert_nothing_happened(payment)


@pytest.mark.django_db(transaction=True)
def test_signed_nonsense_is_refused_and_not_kept(market, arun, forge):
    payment = started(arun, market, forge.gateway)
    facts = forge.facts(payment)
    if forge.gateway == "wechatpay":
        whole = json.loads(wechat_event("TRANSACTION.SUCCESS", facts, event_id="e"))
        bodies = [
            "[]", "{", '"x"', "{}", json.dumps(whole | {"id": ""}), json.dumps(whole | {"id": "e" * 65}),
            json.dumps(whole | {"event_type": "COUPON.USE"}), json.dumps(whole | {"resource": {}}),
            wechat_event("TRANSACTION.SUCCESS", facts, event_id="e", key="f" * 32),
            wechat_event("TRANSACTION.SUCCESS", facts | {"trade_state": "WON"}, event_id="e"),
            *(
                wechat_event("TRANSACTION.SUCCESS", facts | {"amount": amount}, event_id="e")
                for amount in ({"total": "7600", "currency": "CNY"}, {"total": 7600}, None)
            ),
        ]  # fmt: skip
        spoilt = [(body.encode(), wechat_headers(forge.key, body)) for body in bodies]
    else:
        facts |= {"notify_id": "e"}
        changes = [
            {"total_amount": "7600e-2"}, {"total_amount": "76.001"}, {"total_amount": "-76.00"},
            {"total_amount": "７６"}, {"trade_status": "WON"}, {"notify_id": ""}, {"notify_id": "e" * 65},
            {"notify_type": "dut_user_sign"},
        ]  # fmt: skip
        spoilt = [(alipay_form(forge.key, facts | change).encode(), {}) for change in changes]
        for name in ("out_trade_no", "seller_id", "app_id", "total_amount", "notify_id"):
            fields = {key: value for key, value in facts.items() if key != name}
            spoilt.append((alipay_form(forge.key, fields).encode(), {}))

    for body, headers in spoilt:
        answer = forge.send(body, headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_callback"), body
    assert not PaymentCallback.objects.exists()
    assert_nothing_happened(payment)


@pytest.mark.django_db
def test_more_than_64_kb_is_refused_unread_and_get_is_not_taken(client, providers, gateway):
    forge = Forge(gateway, providers)

    answer = forge.send(b" " * (64 * 1024 + 1), {})

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert client.get(forge.door).status_code == 405


@pytest.mark.django_db(transaction=True)
def test_while_we_cannot_book_it_the_provider_is_not_told_that_we_have(market, arun, forge, monkeypatch):
    payment = started(arun, market, forge.gateway)
    body, headers = forge.message(payment)

    def broken(**_arguments):
        raise RuntimeError("no disk")

    with monkeypatch.context() as patched:
        patched.setattr("payments.services.settling.post", broken)
        client = Client(headers=headers, raise_request_exception=False)
        assert client.post(forge.door, body, content_type=forge.type).status_code == 500
    callback = PaymentCallback.objects.get()
    assert (callback.outcome, callback.processed_at) == ("received", None)
    assert_nothing_happened(payment)

    # The same message again: it was kept, but not processed, so it counts now.
    assert forge.send(body, headers).status_code == 200
    assert is_paid(payment)


@pytest.mark.django_db
def test_c9_a_callback_needs_no_cookie_and_leads_nowhere(market, providers, gateway):
    forge = Forge(gateway, providers)

    answer = Client(enforce_csrf_checks=True).post(
        f"{forge.door}?next=https://evil.example&return_url=https://evil.example",
        b"x",
        content_type=forge.type,
    )

    assert answer.status_code == 401
    assert "Location" not in answer.headers


def _load(pem: str):
    return load_pem_private_key(pem.encode(), None)
