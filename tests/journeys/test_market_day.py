"""One market day in real browsers, from the farmer's photo to the farmer's payout."""

import secrets
import time

from playwright.sync_api import Browser, expect

from common.money import yuan_text
from tests.journeys import steps
from tests.stack import Stack, open_phone, sign_in, until

LIVE_PRICE_FEN = 6000
QUANTITY = 2
DESK = {"width": 1280, "height": 800}


def test_from_photo_to_payout(stack: Stack, browser: Browser) -> None:
    """A photo becomes a listing, the listing a live sale, the sale a line of tashi's tally."""
    mei, zhuoma, arun = (open_phone(browser, stack) for _ in range(3))
    for page, name in ((mei, "mei"), (zhuoma, "zhuoma"), (arun, "arun")):
        sign_in(page, stack, name)
    [(farmer_id, farmer)] = stack.rows("SELECT id, name FROM shops_farmer WHERE name LIKE %s", "扎西%")

    title = f"Market day morels {secrets.token_hex(2)}"
    product_id = steps.list_product(mei, title=title, price="68", stock=20, farmer_id=farmer_id)
    arun.goto(f"/products/{product_id}/")
    expect(arun.locator("h1")).to_have_text(title)
    expect(arun.locator("main")).to_contain_text(farmer)

    session_id = steps.announce_show(zhuoma, title="Market day", product_title=title, live_price="60")
    steps.go_live(zhuoma, session_id)
    width, first, later = steps.watch(arun, session_id)
    assert width > 0
    assert later >= first + 2
    assert steps.decoded_frames(arun) > 10

    zhuoma.locator("[data-cards] button").first.click()
    expect(arun.locator("[data-pin]")).to_be_visible()
    expect(arun.locator("[data-pin-title]")).to_have_text(title)
    expect(arun.locator("[data-pin-price]")).to_contain_text("60")
    arun.fill("[data-say] input[name=text]", "How many are left?")
    arun.press("[data-say] input[name=text]", "Enter")
    expect(zhuoma.locator("[data-chat]")).to_contain_text("How many are left?")

    taps = steps.count_taps(arun)
    arun.click("[data-pin-buy]")
    arun.locator("#buy [data-step='1']").click()
    arun.click("[data-buy-go]")
    steps.pay_at_the_sandbox(arun)
    # From the pin to the paid order (features.md O1), and one for the second piece.
    assert len(taps) == 3 + 1, taps
    [(number, status)] = stack.rows(
        "SELECT o.number, o.status FROM orders_order o JOIN orders_orderline l ON l.order_id = o.id"
        " JOIN shops_variant v ON v.id = l.variant_id WHERE v.product_id = %s",
        product_id,
    )
    assert status == "paid"
    expect(zhuoma.locator("[data-sale]")).to_be_visible()

    zhuoma.click("[data-end-open]")
    zhuoma.click("[data-end]")
    arun.goto(f"/live/{session_id}/")
    until(arun, "document.querySelector('[data-room]').dataset.status === 'ended'")
    _wait_for_replay(stack, session_id)
    # A page of its own: the open one may be loading itself anew at this moment.
    again = arun.context.new_page()
    again.goto(f"/live/{session_id}/")
    until(again, f"{steps.VIDEO}.readyState >= 1", seconds=40)
    again.close()

    steps.ship(mei, number, f"SF{secrets.randbelow(10**13):013d}")
    steps.confirm_receipt(arun, number)
    assert stack.rows("SELECT status FROM orders_order WHERE number = %s", number) == [("completed",)]

    operator, cashier = open_phone(browser, stack), open_phone(browser, stack, viewport=DESK)
    sign_in(operator, stack, "operator")
    sign_in(cashier, stack, "cashier")
    [(period_id,)] = stack.rows(
        "SELECT p.id FROM payouts_settlementperiod p JOIN orders_order o ON o.shop_id = p.shop_id"
        " WHERE o.number = %s AND p.status = 'open'",
        number,
    )
    steps.make_move(
        operator,
        f"/admin/payouts/settlementperiod/{period_id}/change/",
        "close",
        reason="end of the market day",
    )
    statement_id, payout_id = _tally_of(stack, period_id, farmer_id)
    sale_fen = LIVE_PRICE_FEN * QUANTITY
    [(commission_fen, fee_fen)] = stack.rows(
        "SELECT coalesce(sum(c.amount_fen) FILTER (WHERE c.kind = 'host'), 0)::int,"
        " coalesce(sum(c.amount_fen) FILTER (WHERE c.kind = 'platform'), 0)::int"
        " FROM orders_commissionline c JOIN orders_orderline l ON l.id = c.order_line_id"
        " JOIN orders_order o ON o.id = l.order_id WHERE o.number = %s",
        number,
    )
    assert commission_fen > 0
    assert fee_fen == sale_fen * 3 // 100
    lines = stack.rows(
        "SELECT gross_fen, commission_fen, platform_fee_fen, amount_fen FROM payouts_statementline"
        " WHERE statement_id = %s AND order_number = %s",
        statement_id,
        number,
    )
    assert lines == [(sale_fen, commission_fen, fee_fen, sale_fen - commission_fen - fee_fen)]
    mei.goto(f"/desk/statements/{statement_id}/")
    expect(mei.locator("main")).to_contain_text(farmer)
    expect(mei.locator("main")).to_contain_text(number)
    expect(mei.locator("main")).to_contain_text(yuan_text(sale_fen - commission_fen - fee_fen))
    told = stack.rows(
        "SELECT d.status FROM notifications_notificationdelivery d"
        " JOIN notifications_notification n ON n.id = d.notification_id"
        " JOIN shops_farmer f ON f.contact_id = n.contact_id"
        " WHERE f.id = %s AND d.channel = 'sms' ORDER BY d.id DESC LIMIT 1",
        farmer_id,
    )
    assert told == [("sent",)]

    [(account_id,)] = stack.rows("SELECT id FROM payouts_payoutaccount WHERE farmer_id = %s", farmer_id)
    account_page = f"/admin/payouts/payoutaccount/{account_id}/change/"
    operator.goto(account_page)
    operator.locator(".market-moves a[href$='/move/rewrite/']").click()
    operator.select_option("[name=method]", "bank")
    for name, text in {
        "holder": farmer, "detail": "6222021234567890128", "bank_name": "信用社", "reason": "新卡",
    }.items():  # fmt: skip
        operator.fill(f"[name={name}]", text)
    operator.locator(".market-ask button[type=submit]").click()
    operator.wait_for_url(lambda url: "/move/" not in url)
    steps.make_move(cashier, account_page, "confirm", reason="身份证")

    payout_page = f"/admin/payouts/payout/{payout_id}/change/"
    steps.make_move(operator, payout_page, "approve", reason="checked against the tally")
    steps.make_move(cashier, payout_page, "paid", reference="RECEIPT-2026-0001")
    assert stack.rows("SELECT status FROM payouts_payout WHERE id = %s", payout_id) == [("paid",)]
    mei.reload()
    expect(mei.locator("main")).to_contain_text("RECEIPT-2026-0001")

    people = (mei, zhuoma, arun, operator, cashier)
    assert [page.problems for page in people] == [[]] * len(people)
    _books_balance(stack)


def _tally_of(stack: Stack, period_id: int, farmer_id: int) -> tuple[int, int]:
    """Wait for the tally that the worker makes of a closing period; return (statement, payout)."""
    for _ in range(120):
        found = stack.rows(
            "SELECT s.id, p.id FROM payouts_payoutstatement s JOIN payouts_payout p ON p.statement_id = s.id"
            " WHERE s.period_id = %s AND s.farmer_id = %s AND s.issued_at IS NOT NULL",
            period_id,
            farmer_id,
        )
        if found:
            return found[0]
        time.sleep(0.5)
    raise AssertionError("no tally was issued")


def _wait_for_replay(stack: Stack, session_id: int) -> None:
    for _ in range(120):
        [(status, chapters)] = stack.rows(
            "SELECT r.status, (SELECT count(*) FROM livestreams_chapter c WHERE c.replay_id = r.id)"
            " FROM livestreams_replay r WHERE r.session_id = %s",
            session_id,
        ) or [("none", 0)]
        if status == "ready":
            assert chapters == 1
            return
        time.sleep(0.5)
    raise AssertionError(f"the replay is {status}")


def _books_balance(stack: Stack) -> None:
    [(total,)] = stack.rows("SELECT coalesce(sum(amount_fen), 0) FROM ledger_ledgerentry")
    assert total == 0
    wrong = stack.rows(
        "SELECT a.id FROM ledger_ledgeraccount a LEFT JOIN ledger_ledgerentry e ON e.account_id = a.id"
        " WHERE a.balance_fen IS NOT NULL GROUP BY a.id"
        " HAVING a.balance_fen <> coalesce(sum(e.amount_fen), 0)"
    )
    assert wrong == []
