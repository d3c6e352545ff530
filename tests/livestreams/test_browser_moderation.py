"""A second phone: a hidden line is gone for everybody, a muted person is silent, a pin is seen."""

import re
import time

import pytest

from tests.livestreams.showing import plan_show
from tests.stack import open_phone, sign_in, until

pytestmark = pytest.mark.browser


def call(page, path: str, method: str = "POST", body: dict | None = None):
    """Call the API as the page's person; returns {status, json}."""
    return page.evaluate(
        """async ([path, method, body]) => {
          const { csrfToken } = await import("/static/js/base/csrf.js");
          const answer = await fetch(path, { method, body: JSON.stringify(body ?? {}),
            headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken() } });
          return { status: answer.status, json: await answer.json().catch(() => null) };
        }""",
        [path, method, body],
    )


@pytest.fixture(scope="module")
def show(stack, browser):
    """One show on air without a picture: host, a helper who said yes, a talker, a viewer without account."""
    host = open_phone(browser, stack)
    sign_in(host, stack, "zhuoma")
    session_id = plan_show(host, "Helpers wanted")
    assert call(host, f"/api/v1/live-sessions/{session_id}/start/")["status"] == 200
    host.goto(f"/desk/live/{session_id}/chat/")
    host.fill("#identifier", stack.credentials("zoya")[0])
    host.click("button[value=ask_helper]")
    host.wait_for_selector("#identifier")

    helper = open_phone(browser, stack)
    sign_in(helper, stack, "zoya")
    helper.goto(f"/desk/live/{session_id}/moderate/")
    helper.click(".action-bar .btn--main")
    helper.wait_for_selector("[data-cards] button")

    talker = open_phone(browser, stack)
    sign_in(talker, stack, "arun")
    talker.goto(f"/live/{session_id}/")
    viewer = open_phone(browser, stack)
    viewer.goto(f"/live/{session_id}/")
    viewer.wait_for_selector("[data-chat]", state="attached")
    yield host, helper, talker, viewer, session_id
    # A show that stays on air would stand in the way of the host's next one.
    assert call(host, f"/api/v1/live-sessions/{session_id}/end/")["status"] == 200


def say(page, text: str) -> None:
    page.fill("#say", text)
    page.press("#say", "Enter")


def test_a_helper_looks_after_the_chat(show):
    host, helper, talker, viewer, _session_id = show
    say(talker, "You are all crooks")
    viewer.get_by_text("You are all crooks").wait_for()
    helper.get_by_text("You are all crooks").wait_for()

    # Hidden: it is gone at the viewer's within a second.
    helper.locator(".chat__line", has_text="crooks").locator(".chat__more").click()
    helper.wait_for_selector("#moderate[open]")
    helper.evaluate(
        "document.querySelector('#moderate').getAnimations({ subtree: true }).forEach((a) => a.finish())"
    )
    pressed = time.monotonic()
    helper.click("#moderate [data-do=hide]")
    until(viewer, "!document.querySelector('[data-chat]').textContent.includes('crooks')", seconds=5)
    assert time.monotonic() - pressed < 1.5  # the press, the request and the stream's beat of 250 ms included

    # A link waits: its author knows, the viewer never sees it, the helper lets it in.
    say(talker, "look at www.example.com")
    talker.locator(".chat__line--held").wait_for()
    helper.locator(".held__item", has_text="www.example.com").wait_for()
    assert "www.example.com" not in viewer.locator("[data-chat]").inner_text()
    helper.locator(".held__item .btn--main").click()
    viewer.get_by_text("look at www.example.com").wait_for()
    until(talker, "!document.querySelector('.chat__line--held')")

    # Muted from the line that is there; the person is told for how long, and let speak again.
    helper.locator(".chat__line", has_text="www.example.com").locator(".chat__more").click()
    helper.click("#moderate [data-minutes='5']")
    helper.wait_for_selector("[data-silenced]:not([hidden])")
    say(talker, "hello?")
    talker.locator(".toast", has_text="5").wait_for()
    assert talker.input_value("#say") == "hello?"
    helper.locator("[data-silenced] .btn").click()
    until(helper, "document.querySelector('[data-silenced]').hidden")
    talker.press("#say", "Enter")
    viewer.get_by_text("hello?").wait_for()

    # A pin by the helper is what the viewer is shown.
    helper.locator("[data-cards] button").first.click()
    title = helper.locator(".console__card--pinned .strong").inner_text()
    viewer.wait_for_selector("[data-pin]:not([hidden])")
    assert viewer.locator("[data-pin-title]").inner_text() == title

    for page in (host, helper, talker, viewer):
        assert page.problems == []


def test_slow_mode_counts_down_and_quick_replies_are_one_tap(show):
    host, helper, talker, viewer, _session_id = show
    host.fill("#reply-new", "We send it today")
    host.click("button[value=add_reply]")
    host.wait_for_selector("input[value='We send it today']")
    helper.reload()
    helper.locator("[data-quick] .chip", has_text="We send it today").first.click()
    viewer.get_by_text("We send it today").first.wait_for()

    helper.select_option("#pace", "30")
    talker.locator(".chat__line--market", has_text="30").wait_for()
    say(talker, "first")
    until(talker, "document.querySelector('[data-say] [type=submit]').disabled")
    assert re.search(r"\d+", talker.get_attribute("#say", "placeholder"))
    talker.fill("#say", "second")
    talker.evaluate("document.querySelector('[data-say]').requestSubmit()")
    talker.locator(".toast").last.wait_for()
    assert "second" not in viewer.locator("[data-chat]").inner_text()
    helper.select_option("#pace", "0")
    viewer.get_by_text("back to its usual pace").wait_for()

    for page in (host, helper, talker, viewer):
        assert page.problems == []


def test_a_banned_person_is_out_within_seconds(show):
    host, helper, talker, viewer, session_id = show
    say(talker, "buy elsewhere")
    helper.get_by_text("buy elsewhere").wait_for()

    helper.locator(".chat__line", has_text="buy elsewhere").locator(".chat__more").click()
    helper.click("#moderate [data-do=ban]")
    helper.wait_for_selector("[data-silenced]:not([hidden])")

    assert talker.request.get(f"/api/v1/live-sessions/{session_id}/messages/").status == 403
    # The open page is closed, too: the stream asks again every few seconds whether the person may listen.
    talker.wait_for_selector("[data-chat]", state="detached", timeout=45_000)
    assert talker.goto(f"/live/{session_id}/").status == 403
    until(viewer, "!document.querySelector('[data-chat]').textContent.includes('buy elsewhere')")

    # So is the page of a helper whom the host sends away.
    host.reload()
    host.click("button[value=dismiss]")
    helper.wait_for_selector("[data-held-list]", state="detached", timeout=45_000)
    assert helper.goto(f"/desk/live/{session_id}/moderate/").status == 404
