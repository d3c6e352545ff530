"""Paying, asking, closing and refunding through the real libraries, against both providers."""

import json
import urllib.request
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from common.clock import utc_now
from ledger.models import LedgerEntry
from orders.models import RefundRequest
from orders.services.cancelling import cancel_by_buyer, expire_group
from payments.errors import GatewayRefused, GatewayUnavailable
from payments.gateways import get_gateway
from payments.models import Payment, Refund
from payments.services.closing import check_payment, close_group, close_leftovers, poll_open
from payments.services.refunding import execute_refund, retry_refunds, send_refund
from payments.services.settling import settle_payment
from shops.models import VariantStock
from tests.factories.orders import place_one
from tests.factories.providers import begin, started

pytestmark = pytest.mark.django_db(transaction=True)
REFUSALS = {
    "wechatpay": ("SYSTEM_ERROR", "FREQUENCY_LIMITED"),
    "alipay": ("SYSTEM_ERROR", "isp.unknow-error"),
}


@pytest.fixture(autouse=True)
def _providers(providers):
    """Their callbacks go nowhere: everything here must work without them."""


def status_of(thing) -> str:
    return type(thing).objects.get(pk=thing.pk).status


def counters(variant) -> tuple[int, int, int]:
    stock = VariantStock.objects.get(pk=variant.pk)
    return stock.available, stock.reserved, stock.sold


def cash() -> int:
    return sum(LedgerEntry.objects.filter(account__purpose="cash").values_list("amount_fen", flat=True))


def order_of(payment: Payment):
    return payment.group.orders.get()


def paid(arun, market, gateway, providers) -> Payment:
    payment = started(arun, market, gateway)
    providers.pay(payment)
    return check_payment(payment=payment, now=utc_now() + timedelta(seconds=3))


def test_the_provider_stops_taking_money_before_the_hold_ends(market, arun, providers, gateway):
    payment = started(arun, market, gateway)
    providers.visit(payment)

    there = providers.state()["payments"][gateway][payment.reference]

    assert (there["amount_fen"], there["currency"]) == (7600, "CNY")
    assert payment.group.expires_at - payment.expires_at == timedelta(seconds=60)
    assert int(there["expires_at"]) == int(payment.expires_at.timestamp())


@pytest.mark.parametrize(
    ("method", "begins"),
    [("native", "weixin://wxpay/bizpayurl?pr="), ("h5", "https://wx.tenpay.com/"), ("jsapi", "wxP")],
)
def test_wechat_pay_leads_a_buyer_on_by_each_method(market, arun, method, begins):
    order = place_one(buyer=arun, variant=market.variant)

    payment = begin(arun, order, "wechatpay", method=method, payer="openid-1", client_ip="203.0.113.7")

    assert (payment.status, payment.method) == ("pending", method)
    assert payment.pay_url.startswith(begins)
    if method == "h5":
        assert parse_qs(urlsplit(payment.pay_url).query)["redirect_url"] == [
            f"http://testserver/checkout/return/{payment.pk}/"
        ]
    assert "openid-1" not in payment.payer_digest


def test_another_payer_inside_wechat_gets_a_payment_of_their_own(market, arun):
    order = place_one(buyer=arun, variant=market.variant)

    first, again, other = (
        begin(arun, order, "wechatpay", method="jsapi", payer=payer) for payer in ("a", "a", "b")
    )

    assert first.pk == again.pk != other.pk


def test_what_the_bridge_inside_wechat_is_given_is_signed_by_our_key(market, arun, providers):
    payment = begin(
        arun, place_one(buyer=arun, variant=market.variant), "wechatpay", method="jsapi", payer="a"
    )

    given = get_gateway("wechatpay").bridge(payment.pay_url, utc_now())

    assert (given["appId"], given["package"]) == ("wx0a1b2c3d4e5f6071", f"prepay_id={payment.pay_url}")
    assert (given["signType"], len(given["paySign"])) == ("RSA", 344)


@pytest.mark.parametrize(
    ("method", "api"), [("wap", "alipay.trade.wap.pay"), ("page", "alipay.trade.page.pay")]
)
def test_alipay_leads_a_buyer_on_by_each_method(market, arun, method, api):
    payment = begin(arun, place_one(buyer=arun, variant=market.variant), "alipay", method=method)

    query = parse_qs(urlsplit(payment.pay_url).query)

    assert query["method"] == [api]
    assert json.loads(query["biz_content"][0])["total_amount"] == "76.00"
    assert query["return_url"] == [f"http://testserver/checkout/return/{payment.pk}/"]


def test_a_method_that_is_not_the_gateways_is_refused(market, arun):
    order = place_one(buyer=arun, variant=market.variant)

    for gateway, method in (("wechatpay", "wap"), ("wechatpay", "jsapi"), ("alipay", "native")):
        with pytest.raises(GatewayRefused):
            begin(arun, order, gateway, method=method)


def test_without_callbacks_the_poller_settles(market, arun, providers, gateway):
    payment = started(arun, market, gateway)
    assert poll_open(now=utc_now() + timedelta(seconds=21)) == 1
    assert status_of(payment) == "pending"
    providers.pay(payment)

    assert poll_open(now=utc_now() + timedelta(seconds=42)) == 1

    assert (status_of(order_of(payment)), status_of(payment), cash()) == ("paid", "succeeded", 7600)
    reference = providers.state()["payments"][gateway][payment.reference]["transaction"]
    assert Payment.objects.get(pk=payment.pk).provider_reference == reference


def test_b12_the_return_page_asks_the_provider_and_believes_only_it(client, market, arun, providers, gateway):
    payment = started(arun, market, gateway)
    client.force_login(arun)
    claims = "trade_status=TRADE_SUCCESS&total_amount=76.00&out_trade_no=x&trade_state=SUCCESS&sign=x"

    answer = client.get(f"/checkout/return/{payment.pk}/?{claims}")

    assert answer.status_code == 200
    assert (status_of(order_of(payment)), status_of(payment), cash()) == ("pending_payment", "pending", 0)
    providers.pay(payment)
    Payment.objects.filter(pk=payment.pk).update(last_queried_at=None)
    client.get(f"/checkout/return/{payment.pk}/")
    assert (status_of(order_of(payment)), cash()) == ("paid", 7600)


def test_an_unpaid_purchase_is_closed_before_its_units_are_free(market, arun, providers, gateway):
    payment = started(arun, market, gateway, quantity=2)
    providers.visit(payment)
    expire_group(group_id=payment.group_id, now=payment.group.expires_at)
    assert counters(market.variant) == (98, 2, 0)

    close_group(group_id=payment.group_id, now=utc_now())

    assert (status_of(order_of(payment)), status_of(payment)) == ("cancelled", "closed")
    assert counters(market.variant) == (100, 0, 0)
    assert get_gateway(gateway).query(payment.reference).state == "closed"
    assert providers.effects(gateway)["close"] == 1


def test_a_cashier_that_nobody_opened_is_unknown_to_alipay_and_counts_as_closed(market, arun, providers):
    payment = started(arun, market, "alipay")
    expire_group(group_id=payment.group_id, now=payment.group.expires_at)

    close_group(group_id=payment.group_id, now=utc_now())

    assert (status_of(order_of(payment)), status_of(payment)) == ("cancelled", "closed")


def test_closing_finds_the_money_that_had_already_come(market, arun, providers, gateway):
    payment = started(arun, market, gateway)
    providers.pay(payment)
    expire_group(group_id=payment.group_id, now=payment.group.expires_at)

    close_group(group_id=payment.group_id, now=utc_now())

    assert (status_of(order_of(payment)), status_of(payment), cash()) == ("paid", "succeeded", 7600)
    assert counters(market.variant) == (99, 0, 1)


def test_while_a_buyer_is_typing_the_password_nothing_is_released(market, arun, providers, gateway):
    payment = started(arun, market, gateway)
    providers.visit(payment)
    providers.control("state", provider=gateway, reference=payment.reference, state="userpaying")
    expire_group(group_id=payment.group_id, now=payment.group.expires_at)

    with pytest.raises(GatewayUnavailable):
        close_group(group_id=payment.group_id, now=utc_now())
    assert (status_of(order_of(payment)), counters(market.variant)) == ("cancelling", (99, 1, 0))

    providers.pay(payment)
    assert close_leftovers(now=utc_now()) == 1
    assert (status_of(order_of(payment)), counters(market.variant)) == ("paid", (99, 0, 1))


def test_a_provider_that_is_in_trouble_decides_nothing(market, arun, providers, gateway):
    payment = started(arun, market, gateway)
    providers.visit(payment)
    expire_group(group_id=payment.group_id, now=payment.group.expires_at)

    for code in REFUSALS[gateway]:
        providers.knobs(errors={"close": [code]})
        with pytest.raises(GatewayUnavailable):
            close_group(group_id=payment.group_id, now=utc_now())
        providers.knobs(errors={"query": [code]})
        with pytest.raises(GatewayUnavailable):
            get_gateway(gateway).query(payment.reference)
        assert (status_of(payment), counters(market.variant)) == ("pending", (99, 1, 0))

    providers.knobs()
    assert close_leftovers(now=utc_now()) == 1
    assert counters(market.variant) == (100, 0, 0)


def test_an_answer_of_somebody_elses_key_is_not_believed(market, arun, providers, gateway, settings):
    payment = started(arun, market, gateway)
    providers.pay(payment)
    environment = dict(settings.PROVIDER_ENVIRONMENT)
    environment["WECHATPAY_PUBLIC_KEY"] = _public_pem(providers.keys["alipay"].public_key())
    environment["ALIPAY_ALIPAY_CERT"] = environment["ALIPAY_APP_CERT"]
    settings.PROVIDER_ENVIRONMENT = environment

    with pytest.raises(GatewayUnavailable):
        get_gateway(gateway).query(payment.reference)

    assert check_payment(payment=payment, now=utc_now()).status == "pending"
    assert "wechatpay:?" not in providers.state()["calls"]  # nobody asked for certificates


def test_b8_late_money_takes_the_units_again_or_goes_back_by_itself(market, arun, providers, gateway):
    again, gone = (started(arun, market, gateway) for _ in range(2))
    for payment in (again, gone):
        providers.visit(payment)
        expire_group(group_id=payment.group_id, now=payment.group.expires_at)
        close_group(group_id=payment.group_id, now=utc_now())
    assert counters(market.variant) == (100, 0, 0)

    for payment, left in ((again, 1), (gone, 0)):
        VariantStock.objects.filter(pk=market.variant.pk).update(available=left)
        providers.pay(payment)
        facts = get_gateway(gateway).query(payment.reference)
        settle_payment(payment_id=payment.pk, facts=facts, now=utc_now())
    refund = Refund.objects.get()
    for _ in range(3):
        send_refund(refund_id=refund.pk, now=utc_now())

    assert (status_of(order_of(again)), status_of(order_of(gone))) == ("paid", "cancelled")
    assert (refund.payment, refund.reason, status_of(refund)) == (gone, "paid_too_late", "succeeded")
    assert (providers.effects(gateway)["refund"], cash()) == (1, 7600)


def test_b9_both_providers_pay_and_the_second_is_refunded(market, arun, providers):
    order = place_one(buyer=arun, variant=market.variant)
    first, second = begin(arun, order, "wechatpay"), begin(arun, order, "alipay")
    assert first.pk != second.pk

    for payment in (first, second):
        providers.pay(payment)
        check_payment(payment=payment, now=utc_now() + timedelta(seconds=3))
    retry_refunds(now=utc_now() + timedelta(minutes=5))

    refund = Refund.objects.get()
    assert (refund.payment, refund.reason, refund.status) == (second, "paid_twice", "succeeded")
    assert (status_of(order), cash(), counters(market.variant)) == ("paid", 7600, (99, 0, 1))
    assert (providers.effects("alipay")["refund"], "refund" in providers.effects("wechatpay")) == (1, False)


def test_a_refund_that_takes_its_time_is_asked_for_again(market, arun, providers, gateway):
    payment = paid(arun, market, gateway, providers)
    cancel_by_buyer(buyer=arun, number=order_of(payment).number, now=utc_now())
    providers.control("refund_state", provider=gateway, state="PROCESSING")

    refund = execute_refund(request_id=RefundRequest.objects.get().pk, now=utc_now())

    assert (refund.status, cash()) == ("in_transit", 7600)
    providers.control("settle_refund", provider=gateway, reference=refund.reference, state="SUCCESS")
    assert retry_refunds(now=utc_now() + timedelta(minutes=5)) == 1
    assert (status_of(refund), cash(), providers.effects(gateway)["refund"]) == ("succeeded", 0, 1)


def test_a_refund_for_which_the_balance_is_too_small_waits_and_says_so(market, arun, providers, gateway):
    payment = paid(arun, market, gateway, providers)
    cancel_by_buyer(buyer=arun, number=order_of(payment).number, now=utc_now())
    code = {"wechatpay": "NOT_ENOUGH", "alipay": "SELLER_BALANCE_NOT_ENOUGH"}[gateway]
    providers.knobs(errors={"refund": [code]})

    with pytest.raises(GatewayUnavailable):
        execute_refund(request_id=RefundRequest.objects.get().pk, now=utc_now())

    refund = Refund.objects.get()
    assert refund.status == "in_transit"
    assert "NOT_ENOUGH" in refund.last_error
    assert retry_refunds(now=utc_now() + timedelta(minutes=5)) == 1
    refund.refresh_from_db()
    assert (refund.status, refund.last_error, cash()) == ("succeeded", "", 0)


def test_more_than_was_paid_is_refused_for_an_operator(market, arun, providers, gateway):
    payment = paid(arun, market, gateway, providers)
    get_gateway(gateway).refund(
        reference=payment.reference,
        refund_reference="Relsewhere",
        amount_fen=7600,
        total_fen=7600,
        reason="by hand",
    )
    cancel_by_buyer(buyer=arun, number=order_of(payment).number, now=utc_now())
    request = RefundRequest.objects.get()

    refund = execute_refund(request_id=request.pk, now=utc_now())

    assert refund.status == "failed"
    assert refund.last_error.endswith("REFUND_AMT_NOT_EQUAL_TOTAL")
    assert (status_of(request), cash()) == ("failed", 7600)


def test_business_data_of_alipay_is_in_no_address_of_ours_and_in_no_log(
    market, arun, providers, caplog, monkeypatch
):
    seen = []
    real = urllib.request.urlopen
    monkeypatch.setattr(
        "urllib.request.urlopen", lambda request, **more: seen.append(request) or real(request, **more)
    )
    caplog.set_level("DEBUG")
    payment = started(arun, market, "alipay")

    get_gateway("alipay").query(payment.reference)

    asked = [request for request in seen if not isinstance(request, str)]
    assert [(request.get_method(), urlsplit(request.full_url).query) for request in asked] == [
        ("POST", "charset=utf-8")
    ]
    assert payment.reference not in caplog.text


def _public_pem(key) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
