"""A host goes live from a browser, a buyer sees that very picture; the tunnel, the reload, the end."""

import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.livestreams.timecode import CAMERA, READ
from tests.stack import open_phone, sign_in

pytestmark = pytest.mark.browser

SHANGHAI = ZoneInfo("Asia/Shanghai")


def poll(page, script: str, check, seconds: float = 45):
    """Ask the page until the answer passes."""
    give_up = time.monotonic() + seconds
    answer = None
    while time.monotonic() < give_up:
        answer = page.evaluate(script)
        if check(answer):
            return answer
        page.wait_for_timeout(200)
    raise AssertionError(f"never so: {answer}")


def is_moving(page, after: float = 0) -> dict:
    """Wait until the picture is readable, fresh and moves on; return the last reading."""
    first = poll(page, READ, lambda seen: seen["tenths"] is not None and seen["at"] > after)
    return poll(page, READ, lambda seen: seen["tenths"] is not None and seen["tenths"] > first["tenths"] + 5)


def plan_show(page, title: str) -> int:
    """Plan, fill and announce a show with the desk's own pages; return its id."""
    at = datetime.now(SHANGHAI) + timedelta(minutes=2)
    page.goto("/desk/live/new/")
    page.fill("[name=title]", title)
    page.fill("[name=scheduled_at]", at.strftime("%Y-%m-%dT%H:%M"))
    page.click(".action-bar .btn--main")
    page.wait_for_selector(".action-bar form")
    session_id = int(page.url.rstrip("/").rsplit("/", 1)[1])
    page.locator("input[type=checkbox][name^=add_]").nth(0).check()
    page.locator("input[type=checkbox][name^=add_]").nth(1).check()
    page.locator("form:has(input[name^=add_]) button.btn--wide").click()
    page.wait_for_selector(".rundown__do")
    page.click(".action-bar .btn--main")
    page.wait_for_selector(".action-bar .btn--buy")
    return session_id


def test_show_from_go_live_to_replay(stack, browser):
    host = open_phone(browser, stack)
    host.add_init_script(CAMERA)
    sign_in(host, stack, "zhuoma")
    session_id = plan_show(host, "Barley is in")
    buyer = open_phone(browser, stack)
    buyer.goto(f"/live/{session_id}/")
    buyer.wait_for_selector("[data-clock]:not([hidden])")

    host.goto(f"/desk/live/{session_id}/console/")
    host.click("[data-go]:not([disabled])")
    gone_live = time.monotonic()
    seen = is_moving(buyer)
    first_picture = time.monotonic() - gone_live
    assert seen["width"] > 0
    host.wait_for_selector("[data-link=good]")

    host.locator("[data-cards] button").first.click()
    title = host.locator(".console__card--pinned .strong").inner_text()
    buyer.wait_for_selector("[data-pin]:not([hidden])")
    assert buyer.locator("[data-pin-title]").inner_text() == title

    host.fill("#say", "Hello from Yunling")
    host.press("#say", "Enter")
    buyer.get_by_text("Hello from Yunling").wait_for()
    buyer.wait_for_selector("[data-viewers-box]:not([hidden])")

    lateness = []
    for _ in range(20):
        reading = buyer.evaluate(READ)
        if reading["late"] is not None:
            lateness.append(reading["late"])
        buyer.wait_for_timeout(200)
    latency = sorted(lateness)[len(lateness) // 2]

    host.context.set_offline(True)
    host.wait_for_selector("[data-link=offline]")
    buyer.wait_for_timeout(5000)
    host.context.set_offline(False)
    host.wait_for_selector("[data-link=good]", timeout=30_000)
    poll(buyer, READ, lambda now: now["late"] is not None and now["late"] < 8)
    chunks = stack.rows(
        "SELECT t.number, t.next_seq FROM livestreams_take t JOIN livestreams_broadcast b"
        " ON b.id = t.broadcast_id WHERE b.session_id = %s ORDER BY 1",
        session_id,
    )
    assert len(chunks) == 1

    before = buyer.evaluate(READ)
    host.on("dialog", lambda dialog: dialog.accept())
    host.reload()
    host.wait_for_selector("[data-link=good]", timeout=30_000)
    is_moving(buyer, after=before["at"])

    host.click("[data-end-open]")
    host.click("[data-end]")
    host.wait_for_url(f"**/desk/live/{session_id}/", timeout=40_000)
    buyer.wait_for_selector("[data-seek]:not([hidden])", timeout=40_000)
    poll(buyer, READ, lambda now: now["width"] > 0)
    ((status, duration_ms),) = stack.rows(
        "SELECT status, duration_ms FROM livestreams_replay WHERE session_id = %s", session_id
    )
    assert status == "ready"
    assert duration_ms > 12_000
    assert buyer.locator("[data-pin-title]").inner_text() == title
    assert len(
        stack.rows(
            "SELECT 1 FROM livestreams_take t JOIN livestreams_broadcast b ON b.id = t.broadcast_id"
            " WHERE b.session_id = %s",
            session_id,
        )
    ) == 2  # fmt: skip
    print(f"first picture {first_picture:.1f} s, latency {latency:.1f} s")
    assert first_picture < 15
    assert latency < 10
    assert host.problems == []
    assert buyer.problems == []
