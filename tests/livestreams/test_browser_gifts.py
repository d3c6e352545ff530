"""A viewer gives from the room on a phone, pays, and everybody in the room sees it."""

import os
import secrets

import pytest
from playwright.sync_api import expect

from tests.journeys.village import grow
from tests.livestreams.showing import plan_show
from tests.livestreams.test_browser_deals import phone
from tests.livestreams.timecode import CAMERA
from tests.stack import open_phone, sign_in

pytestmark = pytest.mark.browser


def picture(page, name: str) -> None:
    if folder := os.environ.get("MARKET_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png")


def test_a_gift_from_a_phone_to_the_room(stack, browser):
    host = open_phone(browser, stack)
    host.add_init_script(CAMERA)
    sign_in(host, stack, "zhuoma")
    mark = f"Pema{secrets.token_hex(2)}"
    grow(phone(browser, stack, "mei"), stack, farmers=2, mark=mark)
    session_id = plan_show(host, "Gift day", mark)
    host.goto(f"/desk/live/{session_id}/console/")
    host.click("[data-go]:not([disabled])")
    expect(host.locator("[data-air].badge--live")).to_be_visible()
    ((kind_id, price_fen),) = stack.rows("SELECT id, price_fen FROM livestreams_giftkind WHERE name = '哈达'")
    buyer, other = phone(browser, stack, "arun"), phone(browser, stack, None)
    for page in (buyer, other):
        page.goto(f"/live/{session_id}/")
    buyer.click("[data-sheet-open=gifts]")
    expect(buyer.locator("#gifts")).to_be_visible()
    buyer.locator("#gifts label", has=buyer.locator(f"[value='{kind_id}']")).click()
    buyer.click("#gifts [data-step='1']")
    expect(buyer.locator("#gifts [data-gift-total]")).to_have_text(f"¥{price_fen * 2 / 100:.2f}")
    box = buyer.locator("#gifts button[form=gift-form]").bounding_box()
    assert box["height"] >= 48
    assert buyer.evaluate("document.documentElement.scrollWidth") == 360
    picture(buyer, "gift_sheet")
    buyer.click("#gifts button[form=gift-form]")

    # Nobody sees it before it is paid.
    buyer.wait_for_url("**/sandbox-pay/**")
    assert stack.rows("SELECT status FROM livestreams_gift WHERE session_id = %s", session_id) == [
        ("pending",)
    ]
    expect(other.locator(".chat__line", has_text="× 2")).to_have_count(0)
    buyer.click("button[value=pay]")
    expect(buyer.locator("[data-outcome=paid]")).to_be_visible(timeout=30_000)
    picture(buyer, "gift_paid")
    expect(other.locator(".chat__line--gift", has_text="× 2")).to_have_count(1)
    expect(host.locator(".chat__line", has_text="× 2")).to_have_count(1)
    buyer.click(f"a[href='/live/{session_id}/'].btn")
    expect(buyer.locator(".chat__line--gift", has_text="× 2")).to_have_count(1)
    picture(buyer, "gift_room")

    assert stack.rows(
        "SELECT g.status, g.amount_fen, -sum(e.amount_fen) FROM livestreams_gift g"
        " JOIN ledger_ledgerentry e ON e.source = 'gift:' || g.id"
        " WHERE g.session_id = %s GROUP BY g.id",
        session_id,
    ) == [("paid", price_fen * 2, price_fen * 2)]  # fmt: skip
