"""A host gives a coupon from a phone; a buyer in the room takes it, and it makes the purchase cheaper."""

import os
import secrets

import pytest
from playwright.sync_api import expect

from tests.journeys.village import grow
from tests.livestreams.showing import plan_show
from tests.livestreams.test_browser_deals import buy_deal, phone, start_deal
from tests.livestreams.timecode import CAMERA
from tests.stack import open_phone, sign_in

pytestmark = pytest.mark.browser


def picture(page, name: str) -> None:
    if folder := os.environ.get("MARKET_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png")


def test_a_coupon_from_the_hosts_hand_to_the_order(stack, browser):
    host = open_phone(browser, stack)
    host.add_init_script(CAMERA)
    sign_in(host, stack, "zhuoma")
    mark = f"Drolma{secrets.token_hex(2)}"
    grow(phone(browser, stack, "mei"), stack, farmers=2, mark=mark)
    session_id = plan_show(host, "Coupon day", mark)
    host.goto(f"/desk/live/{session_id}/console/")
    host.click("[data-go]:not([disabled])")
    expect(host.locator("[data-air].badge--live")).to_be_visible()
    buyer = phone(browser, stack, "arun")
    buyer.goto(f"/live/{session_id}/")
    expect(buyer.locator("[data-coupon]")).to_be_hidden()

    host.click("[data-coupon-open]")
    host.fill("#coupon [name=amount_off_fen]", "3")
    host.fill("#coupon [name=minimum_fen]", "10")
    host.fill("#coupon [name=total]", "2")
    host.select_option("#coupon [name=cost_bearer]", "host")
    picture(host, "coupon_sheet")
    host.click("#coupon button[type=submit]")

    card = host.locator("[data-coupons] [data-campaign]")
    expect(card).to_be_visible()
    ((campaign_id, host_id, bearer),) = stack.rows(
        "SELECT id, host_id, cost_bearer FROM orders_couponcampaign WHERE live_session_id = %s", session_id
    )
    assert (host_id is not None, bearer) == (True, "host")
    expect(buyer.locator("[data-coupon]")).to_be_visible()
    picture(buyer, "coupon_room")
    late = phone(browser, stack, None)
    late.goto(f"/live/{session_id}/")
    expect(late.locator("[data-coupon]")).to_be_visible()
    buyer.click("[data-coupon] form button")
    expect(buyer.locator("[data-coupon]")).to_be_hidden()
    assert stack.rows(
        "SELECT status FROM orders_couponclaim WHERE campaign_id = %s", campaign_id
    ) == [("claimed",)]  # fmt: skip

    start_deal(host, price="12", quantity=5, per_buyer=2, countdown=0)
    host.click("#deal button[value=start]")
    expect(buyer.locator("[data-deal][data-state=active]")).to_be_visible(timeout=45_000)
    buyer.click("[data-deal-buy]")
    expect(buyer.locator("[data-buy-coupon]")).to_have_text("−¥3.00")
    expect(buyer.locator("[data-buy-total]")).to_have_text("¥17.00")
    picture(buyer, "coupon_buy")
    buyer.keyboard.press("Escape")
    buy_deal(buyer)

    assert stack.rows(
        "SELECT o.discount_fen, o.total_fen, c.status FROM orders_order o"
        " JOIN orders_couponclaim c ON c.id = o.coupon_id WHERE c.campaign_id = %s",
        campaign_id,
    )[0][:2] == (300, 1700)

    plain = browser.new_context(base_url=stack.url, java_script_enabled=False, locale="en-US").new_page()
    plain.goto(f"/live/{session_id}/")
    action = plain.locator("[data-coupon] form").get_attribute("action")
    assert action == f"/coupons/{campaign_id}/claim/"
    plain.context.close()
