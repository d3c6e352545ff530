"""Lots, lines and pools that do not agree are found, each by its own check; a clean market has none."""

import pytest
from django.db import connection

from backoffice.comparing import JOBS
from orders.services.recalling import recall_lot, report_short, settle_recall
from orders.services.reconciling_lots import find_lot_discrepancies
from tests.factories.orders import make_paid, place_one
from tests.factories.payouts import make_completed

pytestmark = pytest.mark.django_db


@pytest.fixture
def sold(market, mei, arun, pool, now):
    """A completed line, a paid one, one that waits for its money, and one of a simple listing."""
    make_completed(buyer=arun, seller=mei, variant=pool, quantity=8, now=now)
    make_paid(buyer=arun, variant=pool, quantity=4, now=now)
    place_one(buyer=arun, variant=pool, quantity=4, now=now)
    make_paid(buyer=arun, variant=market.variant, quantity=4, now=now)
    return pool


def test_a_clean_market_has_none_even_after_shortage_and_recall(sold, mei, now):
    assert find_lot_discrepancies() == []
    report_short(actor=mei, lot_id=sold.lots.first().pk, units=20, reason="少", now=now)
    assert find_lot_discrepancies() == []
    recall_lot(actor=mei, lot_id=sold.lots.last().pk, reason="潮", now=now)
    assert find_lot_discrepancies() == []
    settle_recall(lot_id=sold.lots.last().pk, now=now)
    assert find_lot_discrepancies() == []
    assert list(JOBS["lots"](now)) == []


@pytest.mark.parametrize(
    ("check", "statement"),
    [
        ("lot_taken", "UPDATE shops_lot SET taken = taken + 1, quantity = quantity + 1 WHERE id = {lot}"),
        ("line_allotted", "UPDATE orders_lotallocation SET moved = 1 WHERE order_line_id = {line}"),
        ("line_allotted", "UPDATE orders_lotallocation SET quantity = 9 WHERE order_line_id = {simple}"),
        ("line_unpaid", "UPDATE orders_order SET paid_at = NULL WHERE id = {order}"),
        ("pool_units", "UPDATE shops_variantstock SET available = available + 1 WHERE variant_id = {pool}"),
        ("pool_units", "UPDATE shops_lot SET lost = lost + 1 WHERE id = {lot}"),
        ("lot_depleted", "UPDATE shops_lot SET status = 'depleted' WHERE id = {lot}"),
        ("line_shares", "UPDATE orders_lotallocation SET gross_fen = gross_fen + 1 WHERE gross_fen > 0"),
        ("line_below_floor", "UPDATE shops_termsheet SET floor_fen = 6801"),
    ],
)
def test_what_was_forged_is_found(sold, check, statement):
    simple = sold.__class__.objects.exclude(pk=sold.pk).get().order_lines.get()
    paid = sold.order_lines.get(order__status="paid")
    names = {
        "lot": sold.lots.first().pk, "pool": sold.pk, "order": paid.order_id, "line": paid.pk,
        "simple": simple.pk,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(statement.format(**names))

    assert check in {one.check for one in find_lot_discrepancies()}
