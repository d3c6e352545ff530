"""A buyer watches what was, jumps to what was shown, and buys it; the host cuts a clip with one tap."""

import pytest

from tests.stack import open_phone, sign_in, until

pytestmark = pytest.mark.browser

IS_MOVING = """() => {
  const video = document.querySelector("[data-video]");
  return video.videoWidth > 0 && !video.paused;
}"""
IS_AT = "(place) => Math.abs(document.querySelector('[data-video]').currentTime - place) < 0.5"


def past_show(stack) -> tuple[int, list[tuple]]:
    """Return the demo's past show and its chapters (id, starts_ms, pin), once its file is made."""
    ((session_id,),) = stack.rows(
        "SELECT id FROM livestreams_livesession WHERE status = 'ended' ORDER BY id LIMIT 1"
    )
    chapters = stack.rows(
        "SELECT c.id, c.starts_ms, c.pin_event_id FROM livestreams_chapter c JOIN livestreams_replay r"
        " ON r.id = c.replay_id WHERE r.session_id = %s ORDER BY c.starts_ms",
        session_id,
    )
    return session_id, chapters


def test_chapter_is_found_and_bought(stack, browser):
    session_id, chapters = past_show(stack)
    chapter, starts_ms, pin = chapters[1]
    buyer = open_phone(browser, stack)
    # Arun may owe for as many purchases by now as one person may (UNPAID_PURCHASES_MAX).
    sign_in(buyer, stack, "zoya")

    buyer.goto(f"/live/{session_id}/")
    until(buyer, IS_MOVING)
    buyer.evaluate("() => document.querySelector('[data-video]').pause()")
    assert buyer.locator("[data-chapter]").count() == len(chapters)
    card = buyer.locator(f"[data-chapter='{chapter}']")
    title = card.locator(".strong").inner_text()
    card.locator("[data-jump]").click()
    until(buyer, IS_AT, starts_ms / 1000)
    buyer.wait_for_selector(f"[data-chapter='{chapter}'][data-current]")
    assert buyer.locator("[data-pin-title]").inner_text() == title
    buyer.evaluate("() => document.querySelector('[data-video]').pause()")

    card.locator(".chapter__buy").click()
    buyer.wait_for_selector("#buy[open]")
    assert buyer.locator("[data-buy-title]").inner_text() == title
    buyer.click("[data-buy-go]")
    buyer.wait_for_url(lambda url: "/live/" not in url)

    bought = stack.rows(
        "SELECT l.pin_event_id, l.live_session_id, l.price_fen = v.price_fen FROM orders_orderline l"
        " JOIN shops_variant v ON v.id = l.variant_id ORDER BY l.id DESC LIMIT 1"
    )
    assert bought == [(pin, session_id, True)]
    assert buyer.problems == []


def test_sold_out_meanwhile_is_said_before_anything_is_ordered(stack, browser):
    session_id, chapters = past_show(stack)
    chapter = chapters[0][0]
    buyer = open_phone(browser, stack)
    sign_in(buyer, stack, "zoya")
    buyer.goto(f"/live/{session_id}/")
    buyer.wait_for_selector(f"[data-buy-chapter='{chapter}']")
    variant = stack.rows(
        "SELECT i.variant_id FROM livestreams_chapter c JOIN livestreams_pinevent p ON p.id = c.pin_event_id"
        " JOIN livestreams_rundownitem i ON i.id = p.rundown_item_id WHERE c.id = %s",
        chapter,
    )[0][0]
    ((left,),) = stack.rows("SELECT available FROM shops_variantstock WHERE variant_id = %s", variant)
    stack.rows("UPDATE shops_variantstock SET available = 0 WHERE variant_id = %s RETURNING 1", variant)
    try:
        buyer.click(f"[data-buy-chapter='{chapter}'] button")

        buyer.get_by_text("Nothing was ordered.").wait_for()
        buyer.wait_for_selector(f"[data-chapter='{chapter}'] >> text=Sold out")
        assert buyer.locator("#buy[open]").count() == 0
    finally:
        stack.rows(
            "UPDATE shops_variantstock SET available = %s WHERE variant_id = %s RETURNING 1", left, variant
        )


def test_host_cuts_a_clip_with_one_tap_and_anybody_plays_it(stack, browser):
    session_id, chapters = past_show(stack)
    host = open_phone(browser, stack)
    sign_in(host, stack, "zhuoma")
    host.goto(f"/desk/live/{session_id}/")
    host.locator(f"button[name=chapter][value='{chapters[0][0]}']").click()
    link = host.locator("#replay-clips a.strong")
    link.wait_for(timeout=90_000)
    address = link.get_attribute("href")

    guest = open_phone(browser, stack)
    guest.goto(address)

    until(guest, "() => document.querySelector('[data-clip]').duration > 2.5")
    guest.wait_for_selector("[data-chapter]")
    assert (host.problems, guest.problems) == ([], [])
