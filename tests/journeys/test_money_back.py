"""arun buys from a deal and from a cart of three shops, returns one item, and is refunded to the fen."""

import re
import secrets
import subprocess
import sys

from playwright.sync_api import Browser, Page, expect

from common.money import yuan_text
from tests.journeys import steps
from tests.journeys.village import Api, grow
from tests.stack import ROOT, Stack, open_phone, sign_in

DEAL_FEN = 1200
UNITS = 3


def test_arun_returns_one_of_three_and_is_refunded(stack: Stack, browser: Browser) -> None:
    """Every sum is the same on arun's page, on the shop's page, at the provider and in the book."""
    mei, zhuoma, arun, zoya = (open_phone(browser, stack) for _ in range(4))
    people = {"mei": mei, "zhuoma": zhuoma, "arun": arun, "zoya": zoya}
    for name, page in people.items():
        sign_in(page, stack, name)
    mark = f"Back{secrets.token_hex(2)}"
    dealt, returned = grow(mei, stack, farmers=2, mark=mark)

    _buys_from_a_deal(stack, zhuoma, arun, dealt.title)
    paid = stack.rows(
        "SELECT o.status, l.price_fen, l.quantity FROM orders_orderline l"
        " JOIN orders_order o ON o.id = l.order_id WHERE l.variant_id = %s",
        dealt.variant,
    )
    assert paid == [("paid", DEAL_FEN, 1)]

    number = _buys_from_three_shops(stack, arun, returned.product)
    steps.ship(mei, number, f"SF{secrets.randbelow(10**13):013d}")
    steps.confirm_receipt(arun, number)
    on_shelf = _stock(stack, returned.variant)

    case_id = _asks_back(arun, stack, number, returned.price_fen)
    photo = arun.locator(".case-photos img").get_attribute("src")
    assert photo.startswith("/media/private/")
    guest = open_phone(browser, stack)
    seen = {name: page.request.get(photo).status for name, page in (people | {"guest": guest}).items()}
    assert seen == {"mei": 200, "zhuoma": 404, "arun": 200, "zoya": 404, "guest": 404}

    _talk(arun, mei, case_id)
    _shop_agrees(mei, case_id, returned.price_fen)
    _sends_back(arun, case_id)
    _goods_are_back(mei, case_id, returned.price_fen)
    _is_refunded(arun, stack, case_id, returned.price_fen)

    assert _stock(stack, returned.variant) == on_shelf + 1
    _book_is_right(stack, number, case_id, returned)
    assert [page.problems for page in people.values()] == [[]] * len(people)


def _buys_from_a_deal(stack: Stack, zhuoma: Page, arun: Page, title: str) -> None:
    session_id = steps.announce_show(zhuoma, title=title, product_title=title, live_price="15")
    steps.go_live(zhuoma, session_id)
    api = Api(zhuoma, stack, "zhuoma")
    [(item_id,)] = stack.rows("SELECT id FROM livestreams_rundownitem WHERE session_id = %s", session_id)
    api.post(
        f"live-sessions/{session_id}/deals/",
        {"rundown_item": item_id, "price_fen": DEAL_FEN, "quantity": 5, "per_buyer": 1, "seconds": 180},
    )
    arun.goto(f"/live/{session_id}/")
    expect(arun.locator("[data-deal][data-state=active]")).to_be_visible()
    arun.click("[data-deal-buy]")
    expect(arun.locator("#buy")).to_be_visible()
    arun.click("[data-buy-go]")
    steps.pay_at_the_sandbox(arun)
    zhuoma.click("[data-end-open]")
    zhuoma.click("[data-end]")


def _buys_from_three_shops(stack: Stack, arun: Page, product_id: int) -> str:
    """Put goods of three shops into the cart, pay them at once; return the order with the product."""
    made = subprocess.run(
        [sys.executable, "-m", "tests.journeys.third_shop"],
        cwd=ROOT,
        env=stack.environment,
        check=True,
        capture_output=True,
        text=True,
    )
    third = int(made.stdout.split()[-1])
    [(second,)] = stack.rows(
        "SELECT p.id FROM shops_product p JOIN shops_variant v ON v.product_id = p.id"
        " JOIN shops_variantstock s ON s.variant_id = v.id"
        " WHERE p.status = 'published' AND s.available > 5"
        " AND p.shop_id NOT IN (SELECT shop_id FROM shops_product WHERE id = ANY(%s)) ORDER BY p.id LIMIT 1",
        [product_id, third],
    )
    arun.goto("/cart/")
    while arun.locator("form[action$='/remove/']").count():
        arun.locator("form[action$='/remove/'] button").first.click()
        arun.wait_for_timeout(300)
        arun.goto("/cart/")
    for product, units in ((product_id, UNITS), (second, 1), (third, 2)):
        arun.goto(f"/products/{product}/")
        for _ in range(units - 1):
            arun.locator("#buy [data-step='1']").first.click()
        arun.click("button[form=buy]:not([name])")
        arun.wait_for_url(re.compile("/cart/"))
    expect(arun.locator("#cart > section")).to_have_count(3)
    arun.goto("/checkout/")
    arun.click("button[form=order]")
    arun.wait_for_url(re.compile(r"/checkout/\d+/"))
    group_id = int(re.search(r"/checkout/(\d+)/", arun.url).group(1))
    arun.click("button[form=pay]")
    steps.pay_at_the_sandbox(arun)
    orders = stack.rows(
        "SELECT o.shop_id, o.status, o.captured_fen = o.total_fen FROM orders_order o WHERE o.group_id = %s",
        group_id,
    )
    assert len({shop for shop, _, _ in orders}) == 3
    assert [row[1:] for row in orders] == [("paid", True)] * 3
    payments = stack.rows(
        "SELECT p.amount_fen, sum(o.total_fen)::int FROM payments_payment p"
        " JOIN orders_order o ON o.group_id = p.group_id"
        " WHERE p.group_id = %s AND p.status = 'succeeded' GROUP BY p.id",
        group_id,
    )
    assert len(payments) == 1
    assert payments[0][0] == payments[0][1]
    [(number,)] = stack.rows(
        "SELECT o.number FROM orders_order o JOIN orders_orderline l ON l.order_id = o.id"
        " JOIN shops_variant v ON v.id = l.variant_id WHERE o.group_id = %s AND v.product_id = %s",
        group_id,
        product_id,
    )
    return number


def _asks_back(arun: Page, stack: Stack, number: str, price_fen: int) -> int:
    arun.goto(f"/orders/{number}/")
    arun.click("a[href$='/after-sales/']")
    arun.locator("#ask [data-step='1']").first.click()
    arun.locator("#ask input[value=not_as_described]").check(force=True)
    arun.locator("#ask input[value=return_and_refund]").check(force=True)
    arun.fill("#ask [name=text]", "It is another kind of barley")
    picture = {"name": "IMG_1.jpg", "mimeType": "image/jpeg", "buffer": steps.photo_from_a_phone()}
    arun.set_input_files("#ask input[name=files]", picture)
    expect(arun.locator("#case-sum input[name=total_fen]")).to_have_value(str(price_fen))
    expect(arun.locator("#case-go")).to_contain_text(yuan_text(price_fen))
    expect(arun.locator("[data-photo-tile] input[name=photos]")).to_have_count(1, timeout=60_000)
    arun.click("button[form=ask]")
    arun.wait_for_url(re.compile(r"/after-sales/\d+/$"))
    case_id = int(re.search(r"/after-sales/(\d+)/", arun.url).group(1))
    for _ in range(60):
        if arun.locator(".case-photos img").count():
            break
        arun.wait_for_timeout(500)
        arun.reload()
    expect(arun.locator("[data-case-status=requested]")).to_contain_text(yuan_text(price_fen))
    return case_id


def _talk(arun: Page, mei: Page, case_id: int) -> None:
    """arun asks about the case; mei sees that something is new and answers while arun looks on."""
    arun.click(f"a[href$='/talk/?case={case_id}']")
    arun.fill("[data-composer] [name=text]", "May I send it by post?")
    arun.click(".composer__send")
    expect(arun.locator("[data-message]").last).to_contain_text("May I send it by post?")
    mei.goto("/desk/messages/")
    mei.locator("a[data-unread]:not([data-unread='0'])").first.click()
    expect(mei.locator("[data-message]").last).to_contain_text("May I send it by post?")
    expect(mei.locator(f"[data-message] a[href='/desk/after-sales/{case_id}/']")).to_be_visible()
    mei.fill("[data-composer] [name=text]", "Yes, please")
    mei.click(".composer__send")
    expect(arun.locator("[data-message]").last).to_contain_text("Yes, please")


def _shop_agrees(mei: Page, case_id: int, price_fen: int) -> None:
    mei.goto("/desk/after-sales/")
    mei.click(f"[data-case='{case_id}']")
    expect(mei.locator(".case-photos img")).to_be_visible()
    expect(mei.locator("#losses")).to_be_visible()
    mei.click("a[href*='act=yes']")
    expect(mei.locator("#answer [name=total_fen]")).to_have_value(str(price_fen))
    mei.fill("#answer [name=reply]", "Mei, 13800000002, Yunling 1")
    mei.click("button[form=answer]")
    expect(mei.locator("[data-case-status=awaiting_return]")).to_be_visible()


def _sends_back(arun: Page, case_id: int) -> None:
    arun.goto(f"/after-sales/{case_id}/")
    expect(arun.locator("main")).to_contain_text("Yunling 1")
    arun.select_option("#send-back [name=carrier]", "sf")
    arun.fill("#send-back [name=tracking_number]", f"SF{secrets.randbelow(10**13):013d}")
    arun.click("button[form=send-back]")
    expect(arun.locator("[data-case-status=awaiting_receipt]")).to_be_visible()


def _goods_are_back(mei: Page, case_id: int, price_fen: int) -> None:
    mei.goto(f"/desk/after-sales/{case_id}/")
    mei.click("a[href*='act=back']")
    mei.locator("#answer input[value=yes]").check()
    expect(mei.locator("button[form=answer]")).to_contain_text(yuan_text(price_fen))
    mei.click("button[form=answer]")
    expect(mei.locator("#answer")).to_have_count(0)


def _is_refunded(arun: Page, stack: Stack, case_id: int, price_fen: int) -> None:
    for _ in range(120):
        arun.goto(f"/after-sales/{case_id}/")
        if arun.locator("[data-case-status=refunded]").count():
            break
        arun.wait_for_timeout(500)
    expect(arun.locator("[data-case-status=refunded]")).to_contain_text(yuan_text(price_fen))
    refunds = stack.rows(
        "SELECT f.status, f.amount_fen, r.amount_fen FROM payments_refund f"
        " JOIN orders_refundrequest r ON r.id = f.request_id"
        " JOIN orders_aftersalecase c ON c.refund_request_id = r.id WHERE c.id = %s",
        case_id,
    )
    assert refunds == [("succeeded", price_fen, price_fen)]


def _book_is_right(stack: Stack, number: str, case_id: int, returned) -> None:
    """The refund is one transaction whose parts are the grower's and the market's; everything adds up."""
    [(total_fen, freight_fen)] = stack.rows(
        "SELECT total_fen, freight_fen FROM orders_order WHERE number = %s", number
    )
    fee_fen = returned.price_fen * 3 // 100
    parts = stack.rows(
        "SELECT a.purpose, e.amount_fen FROM ledger_ledgerentry e"
        " JOIN ledger_ledgeraccount a ON a.id = e.account_id"
        " JOIN ledger_ledgertransaction t ON t.id = e.transaction_id"
        " WHERE t.source = %s ORDER BY e.amount_fen",
        f"aftersalecase:{case_id}",
    )
    assert parts == [
        ("buyer_held", -returned.price_fen),
        ("platform_fee", fee_fen),
        ("farmer_payable", returned.price_fen - fee_fen),
    ]
    [(earned,)] = stack.rows(
        "SELECT sum(e.amount_fen)::int FROM ledger_ledgerentry e"
        " JOIN ledger_ledgeraccount a ON a.id = e.account_id"
        " WHERE a.purpose = 'farmer_payable' AND a.owner_id = %s",
        returned.farmer,
    )
    kept = UNITS - 1
    assert earned == -(kept * returned.price_fen - (UNITS * returned.price_fen * 3 // 100 - fee_fen))
    assert total_fen == UNITS * returned.price_fen + freight_fen
    assert stack.rows("SELECT coalesce(sum(amount_fen), 0) FROM ledger_ledgerentry") == [(0,)]
    crooked = stack.rows(
        "SELECT transaction_id FROM ledger_ledgerentry GROUP BY transaction_id HAVING sum(amount_fen) <> 0"
    )
    assert crooked == []


def _stock(stack: Stack, variant_id: int) -> int:
    [(available,)] = stack.rows("SELECT available FROM shops_variantstock WHERE variant_id = %s", variant_id)
    return available
