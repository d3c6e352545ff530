"""Paying in real browsers, with both providers outside and their callbacks coming in from there."""

import re
import shutil
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.factories.providers import Providers
from tests.journeys import steps
from tests.payments.test_offers import ANDROID, DESKTOP, WECHAT
from tests.stack import PHONE, Stack, browser, open_phone, sign_in, start_market, stop_market
from villagemarket import embedded

__all__ = ["browser"]
GATEWAYS = "wechatpay,alipay,cash_on_delivery,sandbox"
# What WeChat puts into its pages; the answer of the real one proves as little.
BRIDGE = """window.WeixinJSBridge = { invoke: (name, asked, done) => {
  window.asked = { name, ...asked }; done({ err_msg: "get_brand_wcpay_request:ok" }); } };"""


@pytest.fixture(scope="module")
def stack(providers_process: Providers) -> Iterator[Stack]:
    """A market that is configured for both providers."""
    folder = Path(tempfile.mkdtemp(prefix="market-paying-"))
    folder.chmod(0o755)
    outside = providers_process.environment | {"WECHATPAY_SIGN_IN_URL": providers_process.origin}
    running = start_market(folder, PAYMENT_GATEWAYS=GATEWAYS, **outside)
    yield running
    stop_market(running)
    shutil.rmtree(embedded.place_for(folder).data, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def open_browser(browser: Browser, stack: Stack, agent: str, *, viewport: dict = PHONE) -> Page:
    context = browser.new_context(base_url=stack.url, viewport=viewport, user_agent=agent, locale="en-US")
    context.set_default_timeout(20_000)
    return context.new_page()


def to_the_pay_page(page: Page, stack: Stack) -> int:
    """Order one thing as arun; return the purchase."""
    sign_in(page, stack, "arun")
    [(product_id,)] = stack.rows(
        "SELECT v.product_id FROM shops_variant v JOIN shops_variantstock s ON s.variant_id = v.id"
        " JOIN shops_product p ON p.id = v.product_id"
        " WHERE p.status = 'published' AND s.available > 5 AND v.price_fen < 20000 ORDER BY v.id DESC LIMIT 1"
    )
    page.goto(f"/products/{product_id}/")
    page.click("button[form=buy]:not([name])")
    page.wait_for_url(re.compile("/checkout/|/cart/"))
    page.goto("/checkout/")
    page.click("button[form=order]")
    page.wait_for_url(re.compile(r"/checkout/\d+/$"))
    return int(re.search(r"/checkout/(\d+)/", page.url)[1])


def choose(page: Page, gateway: str) -> None:
    page.check(f"input[name=gateway][value={gateway}]")
    page.click("button[form=pay]")


def newest(stack: Stack, group: int) -> tuple[int, str, str, str]:
    [row] = stack.rows(
        "SELECT id, reference, method, pay_url FROM payments_payment WHERE group_id = %s"
        " ORDER BY id DESC LIMIT 1",
        group,
    )
    return row


def fits(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_code_on_a_computer_is_paid_by_a_phone_and_the_page_notices(stack, browser, providers_process):
    page = open_browser(browser, stack, DESKTOP, viewport={"width": 1280, "height": 800})
    group = to_the_pay_page(page, stack)

    choose(page, "wechatpay")
    page.wait_for_url(re.compile(r"/checkout/payments/\d+/"))
    expect(page.locator("img.pay-code")).to_be_visible()
    assert page.evaluate("document.querySelector('img.pay-code').naturalWidth") > 100
    _pk, reference, method, _url = newest(stack, group)
    assert method == "native"
    providers_process.control("pay", provider="wechatpay", reference=reference)

    expect(page.locator("[data-outcome=paid]")).to_be_visible()
    [(outcome,)] = stack.rows(
        "SELECT c.outcome FROM payments_paymentcallback c JOIN payments_payment p ON p.id = c.payment_id"
        " WHERE p.reference = %s",
        reference,
    )
    assert outcome == "processed"


def test_a_phone_is_taken_to_alipay_and_back(stack, browser, providers_process):
    page = open_browser(browser, stack, ANDROID)
    group = to_the_pay_page(page, stack)

    choose(page, "alipay")

    # No click: the page between leads on by itself.
    page.wait_for_url(re.compile(r"/gateway\.do\?"))
    pk, reference, method, pay_url = newest(stack, group)
    assert (method, page.url) == ("wap", pay_url)
    urllib.request.urlopen(pay_url, timeout=5).close()
    providers_process.control("pay", provider="alipay", reference=reference)
    page.goto(f"/checkout/return/{pk}/?out_trade_no={reference}")
    expect(page.locator("[data-outcome=paid]")).to_be_visible()


def test_inside_wechat_the_bridge_takes_the_money(stack, browser, providers_process):
    page = open_browser(browser, stack, WECHAT)
    page.add_init_script(BRIDGE)
    group = to_the_pay_page(page, stack)
    assert page.locator("input[name=gateway][value=alipay]").count() == 0
    assert fits(page)

    choose(page, "wechatpay")
    page.wait_for_url(re.compile(r"/checkout/payments/\d+/"))
    assert fits(page)
    _pk, reference, method, _url = newest(stack, group)
    assert method == "jsapi"
    providers_process.control("pay", provider="wechatpay", reference=reference)
    page.click("[data-bridge]")

    page.wait_for_url(re.compile(r"/checkout/return/\d+/"))
    expect(page.locator("[data-outcome=paid]")).to_be_visible()


def test_a_parcel_is_paid_at_the_door(stack, browser):
    page = open_browser(browser, stack, ANDROID)
    group = to_the_pay_page(page, stack)
    choose(page, "cash_on_delivery")
    page.wait_for_url(re.compile(r"/orders/$"))
    [(number, status, shop)] = stack.rows(
        "SELECT number, status, shop_id FROM orders_order WHERE group_id = %s", group
    )
    assert status == "confirmed"

    mei = open_phone(browser, stack)
    sign_in(mei, stack, "mei")
    steps.ship(mei, number, f"SF{group:010d}")
    mei.goto(f"/desk/orders/{number}/")
    assert fits(mei)
    mei.check("input[name=holder][value=shop]")
    mei.click("#cash .btn--money")

    expect(mei.locator("#cash")).to_have_count(0)
    assert stack.rows(
        "SELECT status, captured_fen = total_fen FROM orders_order WHERE number = %s", number
    ) == [("completed", True)]
    assert stack.rows(
        "SELECT a.owner_id, sum(e.amount_fen) > 0 FROM ledger_ledgerentry e JOIN ledger_ledgeraccount a"
        " ON a.id = e.account_id WHERE a.purpose = 'shop_cash' GROUP BY a.owner_id"
    ) == [(shop, True)]
    assert mei.problems == []
