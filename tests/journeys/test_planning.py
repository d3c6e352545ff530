"""A host plans a show on a 360 px phone; a buyer finds it in the calendar and asks to be reminded."""

import re
import subprocess
import sys
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.many_farmers import GOODS
from tests.journeys.steps import VILLAGE_TIME
from tests.stack import ROOT, Stack, open_phone, sign_in, until

TITLE = "Planned market"


@pytest.fixture
def goods(stack: Stack) -> None:
    """Twenty more farmers with one product each."""
    subprocess.run(
        [sys.executable, "-m", "tests.journeys.many_farmers"], cwd=ROOT, env=stack.environment, check=True
    )


def titles(page: Page) -> list[str]:
    return page.locator("[data-rundown-list] > li").evaluate_all("rows => rows.map(row => row.dataset.title)")


def stored(stack: Stack, session_id: int) -> list[str]:
    rows = stack.rows(
        "SELECT p.title FROM livestreams_rundownitem i JOIN shops_variant v ON v.id = i.variant_id"
        " JOIN shops_product p ON p.id = v.product_id WHERE i.session_id = %s ORDER BY i.position",
        session_id,
    )
    return [title for (title,) in rows]


def wait_for_order(page: Page, stack: Stack, session_id: int, wanted: list[str]) -> None:
    for _ in range(100):
        if stored(stack, session_id) == wanted:
            return
        page.wait_for_timeout(100)
    assert stored(stack, session_id) == wanted


def test_show_with_goods_of_twenty_farmers(stack: Stack, browser: Browser, goods) -> None:
    """Planned, filled, put in order by thumb, keys and buttons, announced, waited for, called off."""
    zhuoma, arun = open_phone(browser, stack), open_phone(browser, stack)
    sign_in(zhuoma, stack, "zhuoma")
    sign_in(arun, stack, "arun")

    zhuoma.goto("/desk/live/new/")
    zhuoma.fill("input[name=title]", TITLE)
    starts = datetime.now(VILLAGE_TIME) + timedelta(days=3)
    zhuoma.fill("input[name=scheduled_at]", starts.strftime("%Y-%m-%dT%H:%M"))
    zhuoma.click("button[form=plan]")
    zhuoma.wait_for_url(re.compile(r"/desk/live/\d+/$"))
    session_id = int(re.search(r"/desk/live/(\d+)/", zhuoma.url).group(1))

    # Search, tick all that is shown; a price below the floor is refused with the farmer's terms.
    zhuoma.fill("[data-pick-search]", "planner")
    expect(zhuoma.locator("[data-pick-none]")).to_be_visible()
    zhuoma.fill("[data-pick-search]", "planned")
    zhuoma.click("[data-pick-all]")
    expect(zhuoma.locator("[data-pick-count]")).to_have_text(str(GOODS))
    dear = zhuoma.locator("[data-pick-row]").filter(has_text="Planned 07")
    dear.locator("input[name^=price_]").fill("44.99")
    zhuoma.click(".pick__add")
    refusal = zhuoma.locator(".rundown__item").filter(has_text="Planned 07").locator(".field__error")
    expect(refusal).to_contain_text("Planter 07")
    expect(refusal).to_contain_text("45.00")
    assert stored(stack, session_id) == []
    zhuoma.locator("[data-pick-row]").filter(has_text="Planned 07").locator("input[name^=price_]").fill("45")
    zhuoma.click(".pick__add")
    expect(zhuoma.locator("[data-rundown-list] > li")).to_have_count(GOODS)
    names = [f"Planned {number:02}" for number in range(1, GOODS + 1)]
    assert sorted(stored(stack, session_id)) == names
    order = titles(zhuoma)

    # By thumb: the first one below the third.
    grip = zhuoma.locator("[data-grip]").first
    grip.evaluate("grip => window.scrollBy(0, grip.getBoundingClientRect().top - 110)")
    start, target = grip.bounding_box(), zhuoma.locator("[data-grip]").nth(2).bounding_box()
    middle = start["x"] + start["width"] / 2
    zhuoma.mouse.move(middle, start["y"] + 20)
    zhuoma.mouse.down()
    zhuoma.mouse.move(middle, target["y"] + target["height"] * 0.75, steps=12)
    until(
        zhuoma,
        "wanted => document.querySelector('[data-rundown-list]').children[2].dataset.title === wanted",
        order[0],
    )
    zhuoma.mouse.up()
    order = [order[1], order[2], order[0], *order[3:]]
    wait_for_order(zhuoma, stack, session_id, order)

    # By keys, by button, all the way through one request each pause.
    second = zhuoma.locator("[data-grip]").nth(1)
    second.focus()
    zhuoma.keyboard.press("ArrowUp")
    expect(zhuoma.locator("[data-rundown-heard]")).to_contain_text("1")
    order = [order[1], order[0], *order[2:]]
    wait_for_order(zhuoma, stack, session_id, order)
    zhuoma.locator("button[value=down]").first.click()
    order = [order[1], order[0], *order[2:]]
    wait_for_order(zhuoma, stack, session_id, order)
    zhuoma.reload()
    assert titles(zhuoma) == order

    # Quota and limit in place.
    row = zhuoma.locator("[data-rundown-list] > li").first
    row.locator("summary").click()
    row.locator("input[name^=quota_]").fill("30")
    row.locator("input[name^=limit_]").fill("2")
    row.locator("details button").click()
    expect(zhuoma.locator("[data-rundown-list] > li").first).to_contain_text("30")
    [(quota, limit)] = stack.rows(
        "SELECT quota, per_buyer_limit FROM livestreams_rundownitem WHERE session_id = %s"
        " ORDER BY position LIMIT 1",
        session_id,
    )
    assert (quota, limit) == (30, 2)

    # Nothing sticks out of a 360 px page.
    assert zhuoma.evaluate("document.documentElement.scrollWidth") <= 360
    zhuoma.click("form[action$='/schedule/'] button")
    expect(zhuoma.locator("a[href$='/console/']").first).to_be_visible()

    arun.goto("/live/calendar/")
    show = arun.locator(".agenda__show").filter(has_text=TITLE)
    show.locator(".remind button").click()
    expect(show.locator(".remind button")).to_have_attribute("aria-pressed", "true")
    [(name,)] = stack.rows(
        "SELECT u.display_name FROM livestreams_reminder r JOIN accounts_user u ON u.id = r.user_id"
        " WHERE r.session_id = %s",
        session_id,
    )
    assert name
    assert arun.evaluate("document.documentElement.scrollWidth") <= 360

    # The host calls it off with a reason; the buyer reads it.
    zhuoma.goto(f"/desk/live/{session_id}/")
    zhuoma.click(".calloff summary")
    zhuoma.fill(".calloff input[name=reason]", "Snow on the pass")
    zhuoma.click(".calloff form button")
    zhuoma.wait_for_url(re.compile(r"/desk/live/$"))
    for _ in range(60):
        arun.goto("/inbox/")
        if arun.locator("main").get_by_text("Snow on the pass").count():
            break
        arun.wait_for_timeout(500)
    expect(arun.locator("main")).to_contain_text("Snow on the pass")
    arun.goto(f"/live/{session_id}/")
    expect(arun.locator("main")).to_contain_text("Snow on the pass")
    assert zhuoma.problems == arun.problems == []


def test_buyer_asks_without_javascript(stack: Stack, browser: Browser) -> None:
    """The demo's next show, from its own page."""
    [(session_id,)] = stack.rows("SELECT id FROM livestreams_livesession WHERE status = 'scheduled' LIMIT 1")
    context = browser.new_context(
        base_url=stack.url, viewport={"width": 360, "height": 740}, java_script_enabled=False
    )
    arun = context.new_page()
    sign_in(arun, stack, "arun")

    arun.goto("/live/calendar/")
    arun.locator(f"form[action='/live/{session_id}/remind/'] button").click()

    button = arun.locator(f"form[action='/live/{session_id}/remind/'] button")
    expect(button).to_have_attribute("aria-pressed", "true")
    assert stack.rows("SELECT count(*) FROM livestreams_reminder WHERE session_id = %s", session_id) == [(1,)]
    button.click()
    expect(arun.locator(f"form[action='/live/{session_id}/remind/'] button")).to_have_attribute(
        "aria-pressed", "false"
    )
