"""A whole show: goods of twenty farmers, three deals, a helper with a second phone, a tunnel, the replay."""

import re
import secrets
import time
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys import steps
from tests.journeys.village import grow
from tests.stack import Stack, open_phone, sign_in

FARMERS = 20
DEAL_FEN = 1200


def plan(zhuoma: Page, mark: str) -> int:
    """Plan a show, put everything of the new farmers in with one search and two taps, announce it."""
    zhuoma.goto("/desk/live/new/")
    zhuoma.fill("input[name=title]", f"Harvest of {mark}")
    # The demo has a show tomorrow evening, test_planning one in three days.
    starts = datetime.now(steps.VILLAGE_TIME) + timedelta(days=2)
    zhuoma.fill("input[name=scheduled_at]", starts.strftime("%Y-%m-%dT%H:%M"))
    zhuoma.click("button[form=plan]")
    zhuoma.wait_for_url(re.compile(r"/desk/live/\d+/$"))
    zhuoma.fill("[data-pick-search]", mark)
    zhuoma.click("[data-pick-all]")
    expect(zhuoma.locator("[data-pick-count]")).to_have_text(str(FARMERS))
    zhuoma.click(".pick__add")
    expect(zhuoma.locator("[data-rundown-list] > li")).to_have_count(FARMERS)
    zhuoma.click("form[action$='/schedule/'] button")
    expect(zhuoma.locator("a[href$='/console/']").first).to_be_visible()
    return int(re.search(r"/desk/live/(\d+)/", zhuoma.url).group(1))


def ask_to_help(zhuoma: Page, helper: Page, stack: Stack, session_id: int) -> None:
    """The host names somebody by e-mail; the person says yes on a phone of their own."""
    zhuoma.goto(f"/desk/live/{session_id}/chat/")
    zhuoma.fill("[name=identifier]", stack.credentials("zoya")[0])
    zhuoma.click("button[value=ask_helper]")
    helper.goto(f"/desk/live/{session_id}/moderate/")
    helper.click("form[action$='/join/'] button")
    expect(helper.locator("[data-cards]")).to_be_visible()


def start_deal(zhuoma: Page, *, item: str, quantity: int, countdown: str = "0", seconds: str = "180") -> None:
    """Fill the deal's sheet and start it."""
    zhuoma.click("[data-deal-open]")
    option = zhuoma.locator("#deal [name=rundown_item] option").filter(has_text=item)
    zhuoma.select_option("#deal [name=rundown_item]", option.first.get_attribute("value"))
    zhuoma.fill("#deal [name=price_fen]", f"{DEAL_FEN // 100}")
    zhuoma.fill("#deal [name=quantity]", str(quantity))
    zhuoma.fill("#deal [name=per_buyer]", "1")
    zhuoma.select_option("#deal [name=seconds]", seconds)
    zhuoma.select_option("#deal [name=countdown]", countdown)
    zhuoma.click("#deal button[value=start]")
    expect(zhuoma.locator("#deal")).to_be_hidden()


def stop_deal(zhuoma: Page, title: str) -> None:
    """Stop a deal: the first tap asks, the second does it."""
    card = zhuoma.locator("[data-deals] .desk-deal").filter(has_text=title)
    card.locator("[data-step=stop]").click()
    card.locator("[data-step=stop]").click()
    expect(card.locator("[data-step=stop]")).to_have_count(0)


def pay_now(buyer: Page) -> None:
    """Press the sheet's one red button and pay at the provider."""
    expect(buyer.locator("#buy")).to_be_visible()
    buyer.click("[data-buy-go]")
    steps.pay_at_the_sandbox(buyer)


def shown(zhuoma: Page, title: str) -> None:
    """Pin an item of the rundown with one tap."""
    card = zhuoma.locator("[data-cards] article").filter(has_text=title)
    card.locator("button[data-item]").click()
    expect(card).to_have_class(re.compile("pinned"))


def wait_for_row(stack: Stack, query: str, *params, seconds: float = 60) -> tuple:
    """Return the first row once there is one."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        rows = stack.rows(query, *params)
        if rows:
            return rows[0]
        time.sleep(0.3)
    raise AssertionError(f"no such row within {seconds:.0f} s: {query} {params}")


def status_is(stack: Stack, session_id: int, status: str, seconds: float) -> None:
    wait_for_row(
        stack,
        "SELECT 1 FROM livestreams_livesession WHERE id = %s AND status = %s",
        session_id,
        status,
        seconds=seconds,
    )


def deal_is(stack: Stack, variant: int, status: str) -> None:
    wait_for_row(
        stack,
        "SELECT 1 FROM livestreams_flashdeal d JOIN livestreams_rundownitem i ON i.id = d.rundown_item_id"
        " WHERE i.variant_id = %s AND d.status = %s",
        variant,
        status,
    )


@pytest.mark.browser
def test_show_of_twenty_farmers(stack: Stack, browser: Browser) -> None:
    """Planned, held, helped with, interrupted, ended; every yuan is in the report."""
    zhuoma, arun, zoya, mei = (open_phone(browser, stack) for _ in range(4))
    people = {"zhuoma": zhuoma, "arun": arun, "zoya": zoya, "mei": mei}
    for name, page in people.items():
        sign_in(page, stack, name)
    mark = f"Nima{secrets.token_hex(2)}"
    grown = grow(mei, stack, farmers=FARMERS, mark=mark)
    session_id = plan(zhuoma, mark)
    ask_to_help(zhuoma, zoya, stack, session_id)

    # On air: the host shows one thing, the helper another.
    steps.go_live(zhuoma, session_id)
    steps.watch(arun, session_id)
    shown(zhuoma, grown[0].title)
    expect(arun.locator("[data-pin-title]")).to_have_text(grown[0].title)
    zoya.reload()
    shown(zoya, grown[1].title)
    expect(arun.locator("[data-pin-title]")).to_have_text(grown[1].title)
    arun.fill("[data-say] input[name=text]", "This is not nice")
    arun.press("[data-say] input[name=text]", "Enter")
    line = zoya.locator("[data-chat] li").filter(has_text="This is not nice")
    line.locator("button.chat__more").click()
    zoya.click("#moderate [data-do=hide]")
    expect(arun.locator("[data-chat]")).not_to_contain_text("This is not nice")

    # Three deals: bought, sold out, stopped.
    start_deal(zhuoma, item=grown[2].title, quantity=5)
    expect(arun.locator("[data-deal][data-state=active]")).to_be_visible()
    arun.click("[data-deal-buy]")
    pay_now(arun)
    stop_deal(zhuoma, grown[2].title)
    start_deal(zhuoma, item=grown[3].title, quantity=1)
    arun.goto(f"/live/{session_id}/")
    expect(arun.locator("[data-deal-title]")).to_have_text(grown[3].title)
    arun.click("[data-deal-buy]")
    pay_now(arun)
    deal_is(stack, grown[3].variant, "sold_out")
    start_deal(zhuoma, item=grown[4].title, quantity=3)
    arun.goto(f"/live/{session_id}/")
    expect(arun.locator("[data-deal-title]")).to_have_text(grown[4].title)
    stop_deal(zhuoma, grown[4].title)
    stop_deal(zhuoma, grown[3].title)
    deal_is(stack, grown[4].variant, "ended")

    # A tunnel: the room says so, and buying goes on.
    shown(zhuoma, grown[5].title)
    zhuoma.context.set_offline(True)
    status_is(stack, session_id, "interrupted", 25)
    arun.goto(f"/live/{session_id}/")
    expect(arun.locator("[data-badge]")).to_have_class(re.compile("badge--wait"))
    expect(arun.locator("[data-pin-title]")).to_have_text(grown[5].title)
    arun.click("[data-pin-buy]")
    pay_now(arun)
    zhuoma.context.set_offline(False)
    status_is(stack, session_id, "live", 25)
    steps.watch(arun, session_id)

    zhuoma.click("[data-end-open]")
    zhuoma.click("[data-end]")
    zhuoma.wait_for_url(re.compile(rf"/desk/live/{session_id}/$"))
    wait_for_row(
        stack,
        "SELECT 1 FROM livestreams_replay WHERE session_id = %s AND status = 'ready' AND master_sha256 <> ''",
        session_id,
        seconds=120,
    )

    # One chapter a pin; what was shown first is bought at the price of today.
    arun.goto(f"/live/{session_id}/")
    expect(arun.locator("[data-chapter]")).to_have_count(3)
    arun.locator("[data-chapter]").filter(has_text=grown[0].title).locator(".chapter__buy").click()
    pay_now(arun)

    sold = stack.rows(
        "SELECT l.variant_id, l.price_fen, l.flash_deal_id IS NOT NULL FROM orders_orderline l"
        " JOIN orders_order o ON o.id = l.order_id WHERE l.live_session_id = %s AND o.status = 'paid'"
        " ORDER BY l.id",
        session_id,
    )
    assert sold == [
        (grown[2].variant, DEAL_FEN, True),
        (grown[3].variant, DEAL_FEN, True),
        (grown[5].variant, grown[5].price_fen, False),
        (grown[0].variant, grown[0].price_fen, False),
    ]
    mei.goto(f"/desk/live/{session_id}/report/")
    expect(mei.locator(".stat--hero")).to_be_visible()
    report = mei.request.get(f"/api/v1/live-sessions/{session_id}/report/").json()
    assert report["goods_fen"] == 2 * DEAL_FEN + grown[5].price_fen
    assert (report["orders"], report["replay_orders"], len(report["farmers"])) == (3, 1, FARMERS)
    assert [one["seconds"] >= 8 for one in report["drop_outs"]] == [True]
    airtime = {row["name"]: row["pinned_seconds"] for row in report["farmers"]}
    assert [airtime[grown[index].farmer_name] > 0 for index in (0, 1, 5)] == [True] * 3
    left = stack.rows(
        "SELECT s.in_deals, s.available + s.reserved FROM shops_variantstock s WHERE s.variant_id = ANY(%s)",
        [grown[index].variant for index in (2, 3, 4)],
    )
    assert [in_deals for in_deals, _rest in left] == [0, 0, 0]
    assert {name: page.problems for name, page in people.items()} == {name: [] for name in people}
