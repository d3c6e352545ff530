"""A host sells by a flash deal from a phone; buyers with wrong clocks see one countdown and one end."""

import re
import secrets
import time
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.village import grow
from tests.livestreams.showing import plan_show
from tests.livestreams.timecode import CAMERA
from tests.stack import open_phone, sign_in, until

pytestmark = pytest.mark.browser

# A phone whose own time is ten minutes fast (or slow): nothing on the page may follow it.
WRONG_CLOCK = """
(minutes) => {
  const Real = Date;
  const off = minutes * 60_000;
  window.Date = class extends Real {
    constructor(...given) { super(...(given.length ? given : [Real.now() + off])); }
    static now() { return Real.now() + off; }
  };
}
"""
# When (true epoch, ms) the page first showed each state of the deal.
WATCH = """
(selector) => {
  window.states = {};
  const note = () => {
    const state = document.querySelector(selector)?.dataset.state;
    if (state && !window.states[state]) window.states[state] = performance.timeOrigin + performance.now();
  };
  new MutationObserver(note).observe(document.body, {subtree: true, attributes: true, childList: true});
  note();
}
"""
SECONDS_LEFT = """
() => {
  const [minutes, seconds] = document.querySelector("[data-deal-clock]").textContent.split(":");
  return Number(minutes) * 60 + Number(seconds);
}
"""
UNITS = """
() => {
  const meter = document.querySelector("[data-deal-meter]");
  return [meter.value, meter.max];
}
"""
CARD = "[data-deals] .desk-deal"
# The fast door of a deal, or the ordinary one when a coupon goes with it.
ORDERED = re.compile(r"/api/v1/(deals/[0-9]+/)?orders/$")


def phone(browser, stack, name: str | None, minutes: int = 0) -> Page:
    page = open_phone(browser, stack)
    if minutes:
        page.add_init_script(f"({WRONG_CLOCK})({minutes})")
    if name:
        sign_in(page, stack, name)
    return page


def start_deal(host: Page, *, price: str, quantity: int, per_buyer: int, countdown: int) -> None:
    """Fill the sheet with a thumb and start."""
    host.click("[data-deal-open]")
    expect(host.locator("#deal")).to_be_visible()
    host.fill("#deal [name=price_fen]", price)
    host.fill("#deal [name=quantity]", str(quantity))
    host.fill("#deal [name=per_buyer]", str(per_buyer))
    host.select_option("#deal [name=seconds]", "180")
    host.select_option("#deal [name=countdown]", str(countdown))


def buy_deal(buyer: Page) -> float:
    """Buy one at the deal's price; return when the order was placed (true epoch, ms)."""
    buyer.click("[data-deal-buy]")
    expect(buyer.locator("#buy")).to_be_visible()
    with buyer.expect_response(lambda answer: ORDERED.search(answer.url)) as placed:
        buyer.click("[data-buy-go]")
    assert placed.value.status == 201, placed.value.text()
    return time.time() * 1000


def test_a_deal_from_the_hosts_phone_to_sold_out(stack, browser):
    host = open_phone(browser, stack)
    host.add_init_script(CAMERA)
    sign_in(host, stack, "zhuoma")
    mark = f"Dorje{secrets.token_hex(2)}"
    grow(phone(browser, stack, "mei"), stack, farmers=2, mark=mark)
    session_id = plan_show(host, "Deal day", mark)
    host.goto(f"/desk/live/{session_id}/console/")
    host.click("[data-go]:not([disabled])")
    expect(host.locator("[data-air].badge--live")).to_be_visible()
    fast = phone(browser, stack, "arun", minutes=10)
    slow = phone(browser, stack, "zoya", minutes=-10)
    for page in (fast, slow):
        page.goto(f"/live/{session_id}/")
        expect(page.locator("[data-deal]")).to_be_hidden()
        page.evaluate(WATCH, "[data-deal]")

    start_deal(host, price="12", quantity=2, per_buyer=1, countdown=10)
    note = host.locator("[data-deal-shares]")
    expect(note).to_contain_text("¥")
    shares = re.findall(r"¥(\d+\.\d\d)", note.inner_text())[-3:]
    assert sum(Decimal(part) * 100 for part in shares) == 1_200
    host.click("#deal button[value=start]")

    expect(host.locator(f"{CARD}[data-state=countdown]")).to_be_visible()
    ((deal_id, starts, ends),) = stack.rows(
        "SELECT d.id, extract(epoch FROM d.starts_at) * 1000, extract(epoch FROM d.ends_at) * 1000"
        " FROM livestreams_flashdeal d WHERE d.session_id = %s",
        session_id,
    )
    for page in (fast, slow):
        expect(page.locator("[data-deal][data-state=countdown]")).to_be_visible()
        truth = (float(starts) - time.time() * 1000) / 1000
        assert abs(page.evaluate(SECONDS_LEFT) - truth) <= 1.5
        expect(page.locator("[data-deal-buy]")).to_have_attribute("aria-disabled", "true")
    for page in (fast, slow):
        expect(page.locator("[data-deal][data-state=active]")).to_be_visible(timeout=45_000)
        assert abs(page.evaluate("window.states.active") - float(starts)) < 1000
        assert abs(page.evaluate(SECONDS_LEFT) - (float(ends) - time.time() * 1000) / 1000) <= 1.5
        assert page.evaluate(UNITS) == [2, 2]

    buy_deal(fast)
    until(slow, f"() => ({UNITS})()[0] === 1", seconds=2)
    late = phone(browser, stack, None)
    late.goto(f"/live/{session_id}/")
    expect(late.locator("[data-deal-left]")).to_have_text("1 of 2 left")
    expect(late.locator("[data-deal-price]")).to_have_text("¥12.00")
    late.evaluate(WATCH, "[data-deal]")
    host.evaluate(WATCH, CARD)
    sold_at = buy_deal(slow)

    for page in (late, host):
        until(page, "window.states.sold_out")
        assert page.evaluate("window.states.sold_out") - sold_at < 1000
    expect(late.locator("[data-deal-buy]")).to_have_attribute("aria-disabled", "true")
    lines = stack.rows(
        "SELECT price_fen, quantity, flash_deal_id FROM orders_orderline WHERE flash_deal_id = %s", deal_id
    )
    assert lines == [(1_200, 1, deal_id), (1_200, 1, deal_id)]

    plain = browser.new_context(base_url=stack.url, java_script_enabled=False, locale="en-US").new_page()
    plain.goto(f"/live/{session_id}/")
    expect(plain.locator("[data-deal-left]")).to_have_text("Sold out")
    expect(plain.locator("[data-deal-price]")).to_have_text("¥12.00")
    plain.context.close()

    host.click(f"{CARD} [data-step=extend]")
    until(late, f"() => ({SECONDS_LEFT})() > 180", seconds=5)
    host.click(f"{CARD} [data-step=stop]")
    host.click(f"{CARD} [data-step=stop]")
    expect(late.locator("[data-deal][data-state=ended]")).to_be_visible()
    expect(late.locator("[data-deal]")).to_be_hidden(timeout=10_000)
    for page in (host, fast, slow, late):
        assert page.problems == []
    host.click("[data-end-open]")
    host.click("[data-end]")
