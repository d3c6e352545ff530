"""Choosing how to pay, going there, and coming back, in each kind of browser."""

import json
import re
import uuid
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from accounts.models import User
from common.clock import utc_now
from payments.models import Payment
from tests.factories.orders import place_one
from tests.factories.providers import begin
from tests.payments.test_offers import ANDROID, DESKTOP, WECHAT

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _offered(providers, settings):
    settings.PAYMENT_GATEWAYS = ["wechatpay", "alipay", "cash_on_delivery"]


@pytest.fixture
def order(market, arun):
    return place_one(buyer=arun, variant=market.variant)


@pytest.fixture
def browser(arun):
    User.objects.filter(pk=arun.pk).update(language="en")

    def make(agent: str, **options) -> Client:
        client = Client(headers={"user-agent": agent}, **options)
        client.force_login(arun)
        return client

    return make


def ways(client, order, query="") -> list[str]:
    page = client.get(f"/checkout/{order.group_id}/{query}")
    assert page.status_code == 200
    return re.findall(r'name="gateway" value="([^"]+)"', page.content.decode())


def start(client, order, gateway: str, **more):
    return client.post(
        f"/checkout/{order.group_id}/pay/", {"gateway": gateway, "key": str(uuid.uuid4())} | more
    )


def test_each_browser_shows_what_works_in_it(browser, order):
    everything = ["wechatpay", "alipay", "cash_on_delivery"]

    assert ways(browser(ANDROID), order) == ways(browser(DESKTOP), order) == everything
    inside = browser(WECHAT)
    assert ways(inside, order, "?wechat=unknown") == ["cash_on_delivery"]
    page = inside.get(f"/checkout/{order.group_id}/?wechat=unknown").content.decode()
    assert "open this page in your phone's browser" in page


def test_a_phone_is_led_on_by_an_address_and_a_computer_by_a_code(browser, order):
    phone, computer = browser(ANDROID), browser(DESKTOP)

    answers = [
        client.get(start(client, order, gateway)["Location"])
        for client, gateway in ((phone, "wechatpay"), (phone, "alipay"), (computer, "wechatpay"))
    ]

    h5, wap, native = Payment.objects.order_by("pk")
    assert [payment.method for payment in (h5, wap, native)] == ["h5", "wap", "native"]
    for answer, payment in ((answers[0], h5), (answers[1], wap)):
        assert answer["Refresh"] == f"1; url={payment.pay_url}"
        assert f'href="{payment.pay_url.replace("&", "&amp;")}"' in answer.content.decode()
    code = answers[2].content.decode()
    assert 'src="data:image/svg+xml' in code
    assert native.pay_url not in code
    assert "Refresh" not in answers[2]


def test_inside_wechat_we_learn_who_pays_and_the_bridge_takes_the_money(browser, order, providers):
    inside = browser(WECHAT)
    asked = inside.get(f"/checkout/{order.group_id}/")
    query = parse_qs(urlsplit(asked["Refresh"]).query)
    assert asked["Refresh"].startswith("0; url=https://open.weixin.qq.com/connect/oauth2/authorize?")
    assert query["redirect_uri"] == [f"http://testserver/checkout/{order.group_id}/wechat/"]

    back = inside.get(f"/checkout/{order.group_id}/wechat/?code=good1&state={query['state'][0]}")

    assert back["Location"] == f"/checkout/{order.group_id}/"
    assert inside.session["wechat_openid"] == "openid-of-good1"
    assert ways(inside, order) == ["wechatpay", "cash_on_delivery"]
    page = inside.get(start(inside, order, "wechatpay")["Location"]).content.decode()
    bridge = json.loads(re.search(r'data-bridge="([^"]+)"', page)[1].replace("&quot;", '"'))
    payment = Payment.objects.get()
    assert (payment.method, bridge["package"]) == ("jsapi", f"prepay_id={payment.pay_url}")


@pytest.mark.parametrize("query", ["", "?code=good1", "?code=good1&state=guessed", "?code=bad&state={state}"])
def test_c9_what_this_browser_did_not_ask_wechat_for_is_not_believed(browser, order, query):
    inside = browser(WECHAT)
    asked = inside.get(f"/checkout/{order.group_id}/")
    state = parse_qs(urlsplit(asked["Refresh"]).query)["state"][0]

    back = inside.get(f"/checkout/{order.group_id}/wechat/{query.format(state=state)}")

    assert back["Location"] == f"/checkout/{order.group_id}/?wechat=unknown"
    assert "wechat_openid" not in inside.session
    # The state is used up.
    again = inside.get(f"/checkout/{order.group_id}/wechat/?code=good1&state={state}")
    assert again["Location"] == f"/checkout/{order.group_id}/?wechat=unknown"


def test_c9_nobody_starts_a_payment_from_another_site_and_no_address_of_theirs_is_followed(browser, order):
    strict = browser(DESKTOP, enforce_csrf_checks=True)
    assert start(strict, order, "alipay").status_code == 403
    assert not Payment.objects.exists()

    evil = {
        "next": "https://evil.example",
        "return_url": "https://evil.example",
        "pay_url": "https://evil.example",
    }
    led = start(browser(DESKTOP), order, "alipay", **evil)

    payment = Payment.objects.get()
    assert led["Location"] == f"/checkout/payments/{payment.pk}/"
    assert "evil.example" not in payment.pay_url
    page = browser(DESKTOP).get(f"/checkout/return/{payment.pk}/?next=https://evil.example")
    assert (page.status_code, '="https://evil.example' in page.content.decode()) == (200, False)


def test_a4_who_pays_is_never_taken_from_the_request(browser, order):
    answer = browser(WECHAT).post(
        f"/api/v1/order-groups/{order.group_id}/pay/",
        {"gateway": "wechatpay", "payer": "somebody", "method": "jsapi", "openid": "somebody"},
        content_type="application/json", headers={"Idempotency-Key": str(uuid.uuid4())},
    )  # fmt: skip

    assert answer.status_code == 400
    assert not Payment.objects.exists()


@pytest.mark.parametrize(
    ("agent", "gateway", "kind", "method"),
    [
        (DESKTOP, "wechatpay", "qr", "native"), (ANDROID, "wechatpay", "redirect", "h5"),
        (DESKTOP, "alipay", "redirect", "page"), (ANDROID, "alipay", "redirect", "wap"),
    ],
)  # fmt: skip
def test_the_api_says_how_to_go_on(browser, order, agent, gateway, kind, method):
    answer = browser(agent).post(
        f"/api/v1/order-groups/{order.group_id}/pay/", {"gateway": gateway},
        content_type="application/json", headers={"Idempotency-Key": str(uuid.uuid4())},
    )  # fmt: skip

    payment = Payment.objects.get()
    assert (answer.status_code, payment.method) == (201, method)
    assert answer.json() == {
        "payment": payment.pk,
        "next": {"kind": kind, "url": payment.pay_url, "page": f"/checkout/payments/{payment.pk}/"},
    }


def test_a_strangers_payment_is_not_there(browser, order, arun, zoya):
    payment = begin(arun, order, "wechatpay")
    stranger = Client(headers={"user-agent": DESKTOP})
    stranger.force_login(zoya)

    for path in (
        f"/checkout/payments/{payment.pk}/",
        f"/checkout/{order.group_id}/wechat/?code=good1&state=x",
    ):
        assert stranger.get(path).status_code == 404


def test_what_is_paid_leads_on_to_the_result(browser, order, arun, providers):
    payment = begin(arun, order, "wechatpay")
    providers.pay(payment)

    led = browser(DESKTOP).get(f"/checkout/payments/{payment.pk}/")

    assert led["Location"] == f"/checkout/return/{payment.pk}/"
    order.refresh_from_db()
    assert order.status == "paid"


def test_cash_on_delivery_is_chosen_where_the_others_are(browser, order, settings):
    client = browser(ANDROID)
    settings.CASH_ON_DELIVERY_MAX_FEN = 100
    assert ways(client, order) == ["wechatpay", "alipay"]
    settings.CASH_ON_DELIVERY_MAX_FEN = 50_000

    chosen = start(client, order, "cash_on_delivery")

    assert chosen["Location"] == "/orders/"
    order.refresh_from_db()
    assert (order.status, order.confirmed_at <= utc_now()) == ("confirmed", True)
    assert client.get(f"/checkout/{order.group_id}/")["Location"] == f"/orders/{order.number}/"
    page = client.get(f"/orders/{order.number}/").content.decode()
    assert "You pay when it arrives" in page


def test_when_nothing_works_here_the_page_says_so(browser, order, settings):
    settings.PAYMENT_GATEWAYS = ["alipay"]

    page = browser(WECHAT).get(f"/checkout/{order.group_id}/").content.decode()

    assert "Nothing can be paid in this browser." in page
    assert 'form="pay"' not in page
