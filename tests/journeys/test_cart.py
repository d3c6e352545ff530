"""A guest fills a cart, signs in on the way, pays, and changes their mind."""

import re

from playwright.sync_api import Browser, expect

from tests.journeys import steps
from tests.stack import Stack, open_phone


def test_guest_buys_from_the_cart_and_is_refunded(stack: Stack, browser: Browser) -> None:
    """What a guest chose survives signing in; cancelling a paid order brings every fen back."""
    arun = open_phone(browser, stack)
    [(product_id, available)] = stack.rows(
        "SELECT v.product_id, s.available FROM shops_variant v"
        " JOIN shops_variantstock s ON s.variant_id = v.id JOIN shops_product p ON p.id = v.product_id"
        " WHERE p.status = 'published' AND s.available > 5 ORDER BY v.id DESC LIMIT 1"
    )
    identifier, password = stack.credentials("arun")

    arun.goto(f"/products/{product_id}/")
    arun.locator("#buy [data-step='1']").first.click()
    arun.click("button[form=buy]:not([name])")
    arun.wait_for_url(re.compile("/sign-in/"))
    arun.fill("input[name=identifier]", identifier)
    arun.fill("input[name=password]", password)
    arun.click("main form .btn--main")
    arun.wait_for_url(re.compile("/cart/"))
    arun.goto("/checkout/")
    arun.click("button[form=order]")
    arun.wait_for_url(re.compile(r"/checkout/\d+/"))
    arun.click("button[form=pay]")
    steps.pay_at_the_sandbox(arun)
    arun.locator("main a[href^='/orders/']").first.click()
    number = arun.url.rstrip("/").rsplit("/", 1)[1]
    [(quantity,)] = stack.rows(
        "SELECT l.quantity FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id"
        " WHERE o.number = %s",
        number,
    )
    assert quantity >= 2
    assert _stock(stack, product_id) == available - quantity

    arun.click("[data-sheet-open=cancel]")
    arun.locator("#cancel .btn--danger").click()
    expect(arun.locator("[data-sheet-open=cancel]")).to_have_count(0)
    for _ in range(60):
        refunds = stack.rows(
            "SELECT f.status, f.amount_fen, o.total_fen, o.captured_fen FROM payments_refund f"
            " JOIN orders_refundrequest r ON r.id = f.request_id JOIN orders_order o ON o.id = r.order_id"
            " WHERE o.number = %s",
            number,
        )
        if refunds and refunds[0][0] == "succeeded":
            break
        arun.wait_for_timeout(500)
    [(status, refunded_fen, total_fen, captured_fen)] = refunds
    assert (status, refunded_fen, captured_fen) == ("succeeded", total_fen, total_fen)
    assert _stock(stack, product_id) == available
    assert stack.rows("SELECT coalesce(sum(amount_fen), 0) FROM ledger_ledgerentry") == [(0,)]
    assert arun.problems == []


def _stock(stack: Stack, product_id: int) -> int:
    [(available,)] = stack.rows(
        "SELECT s.available FROM shops_variantstock s JOIN shops_variant v ON v.id = s.variant_id"
        " WHERE v.product_id = %s",
        product_id,
    )
    return available
