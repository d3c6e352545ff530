"""The room's "buy" goes through the fast door of a deal, and a purchase outlives a door that fails."""

import secrets

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.journeys.village import Api, grow
from tests.livestreams.showing import plan_show
from tests.livestreams.test_browser_deals import ORDERED, phone, start_deal
from tests.livestreams.timecode import CAMERA
from tests.stack import open_phone, sign_in

pytestmark = pytest.mark.browser

ADDRESS = {
    "recipient": "梅姐",
    "phone": "13800000009",
    "region_code": "310101",
    "region": "上海市黄浦区",
    "detail": "人民路 9 号",
}


def open_sheet(page: Page, session_id: int) -> None:
    """Open the deal's sheet; it lets buy once it shows the sum."""
    page.goto(f"/live/{session_id}/")
    page.click("[data-deal-buy]")
    expect(page.locator("[data-buy-go]")).to_be_enabled()


def press_buy(page: Page, statuses: list[int]) -> list[Request]:
    """Press "buy" and return the orders that the page asked for, once it has these answers."""
    asked, answered = [], []
    page.on("request", lambda request: asked.append(request) if is_order(request) else None)
    page.on("response", lambda answer: answered.append(answer.status) if is_order(answer.request) else None)
    page.click("[data-buy-go]")
    for _ in range(200):
        if len(answered) >= len(statuses):
            break
        page.wait_for_timeout(50)
    assert answered == statuses
    return asked


def is_order(request: Request) -> bool:
    return request.method == "POST" and bool(ORDERED.search(request.url))


def path_of(request: Request) -> str:
    return request.url.partition("/api/v1/")[2]


def key_of(request: Request) -> str:
    return request.headers["idempotency-key"]


def test_buying_a_deal_in_the_room_at_its_fast_door(stack, browser):
    host = open_phone(browser, stack)
    host.add_init_script(CAMERA)
    sign_in(host, stack, "zhuoma")
    mark = f"Pema{secrets.token_hex(2)}"
    mei = phone(browser, stack, "mei")
    grow(mei, stack, farmers=2, mark=mark)
    session_id = plan_show(host, "Door day", mark)
    host.goto(f"/desk/live/{session_id}/console/")
    host.click("[data-go]:not([disabled])")
    expect(host.locator("[data-air].badge--live")).to_be_visible()
    start_deal(host, price="12", quantity=4, per_buyer=2, countdown=0)
    host.click("#deal button[value=start]")
    arun, zoya = phone(browser, stack, "arun"), phone(browser, stack, "zoya")
    open_sheet(arun, session_id)
    ((deal_id, variant_id),) = stack.rows(
        "SELECT d.id, i.variant_id FROM livestreams_flashdeal d"
        " JOIN livestreams_rundownitem i ON i.id = d.rundown_item_id WHERE d.session_id = %s",
        session_id,
    )
    door = f"deals/{deal_id}/orders/"

    def sold() -> list[tuple]:
        return stack.rows(
            "SELECT u.display_name, count(*)::int, sum(l.price_fen)::int FROM orders_orderline l"
            " JOIN orders_order o ON o.id = l.order_id JOIN orders_ordergroup g ON g.id = o.group_id"
            " JOIN accounts_user u ON u.id = g.buyer_id WHERE l.flash_deal_id = %s"
            " GROUP BY u.id, u.display_name ORDER BY min(l.id)",
            deal_id,
        )

    # One press, one request, with the grant that was fetched while the sheet opened.
    (asked,) = press_buy(arun, [201])
    assert path_of(asked) == door
    assert asked.headers["authorization"].startswith("Bearer ")
    arun.wait_for_url(lambda url: "/live/" not in url)
    assert sold() == [("阿伦", 1, 1_200)]

    # Nobody behind the door: the buyer sees no difference, the ordinary way takes the same key.
    open_sheet(arun, session_id)
    arun.route("**/api/v1/deals/*/orders/", lambda route: route.fulfill(status=502, body="<html>"))
    first, second = press_buy(arun, [502, 201])
    assert (path_of(first), path_of(second)) == (door, "orders/")
    assert key_of(first) == key_of(second)
    arun.wait_for_url(lambda url: "/live/" not in url)
    arun.unroute("**/api/v1/deals/*/orders/")
    assert sold() == [("阿伦", 2, 2_400)]

    # A third is above what one buyer may have: the room stays, a message tells so.
    open_sheet(arun, session_id)
    (asked,) = press_buy(arun, [409])
    assert asked.response().json()["code"] == "limit_per_buyer"
    expect(arun.locator("#toasts .toast--error").first).to_be_visible()
    expect(arun.locator("#buy")).to_be_visible()
    assert sold() == [("阿伦", 2, 2_400)]

    # The order is placed and its answer is lost: the same key brings the first answer.
    open_sheet(zoya, session_id)
    lost = []

    def lose_the_first(route: Route) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.fetch().json())
        route.abort()

    zoya.route("**/api/v1/deals/*/orders/", lose_the_first)
    first, second = press_buy(zoya, [200])
    assert (path_of(first), path_of(second)) == (door, door)
    assert key_of(first) == key_of(second)
    assert first.failure is not None
    assert second.response().json() == lost[0]
    zoya.wait_for_url(lambda url: "/live/" not in url)
    assert sold() == [("阿伦", 2, 2_400), ("Zoya", 1, 1_200)]

    # Somebody else is quicker with the last one.
    open_sheet(zoya, session_id)
    api = Api(mei, stack, "mei")
    home = api.post("me/addresses/", ADDRESS)["id"]
    line = {"variant": variant_id, "quantity": 1, "deal": deal_id}
    key = {"Idempotency-Key": "0d7d3a51-6a8e-4a0f-8a55-3d1f8f7f1f0a"}
    api.post("orders/", {"lines": [line], "address": home}, **key)
    (asked,) = press_buy(zoya, [409])
    assert asked.response().json()["code"] == "sold_out"
    expect(zoya.locator("#toasts .toast--error").first).to_be_visible()
    assert sold() == [("阿伦", 2, 2_400), ("Zoya", 1, 1_200), ("梅姐", 1, 1_200)]

    for page in (host, arun, zoya):
        assert page.problems == []
    host.click("[data-end-open]")
    host.click("[data-end]")
