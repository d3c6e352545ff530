"""Paid lines take lots by a published rule, and their farmers are paid by them (decisions.md 11)."""

import uuid

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from ledger.models import LedgerEntry
from ledger.selectors import trial_balance
from orders.models import Allotment, LotAllocation
from orders.services.cancelling import cancel_by_buyer
from orders.services.confirming import confirm_group
from orders.services.judging import approve_case
from shops.services import stock
from tests.factories.cases import ask
from tests.factories.lots import bring, counted, lots_of, make_pool, payable
from tests.factories.orders import make_paid, place_one
from tests.factories.payouts import close_week, make_completed, statement_of

pytestmark = pytest.mark.django_db


def test_a_paid_line_takes_lots_in_proportion_and_says_why(market, arun, pool, now, capsys):
    order = make_paid(buyer=arun, variant=pool, quantity=8, now=now)

    line = order.lines.get()
    assert line.farmer is None
    assert line.term_sheet == pool.term_sheets.order_by("-version").first()
    assert [(one.lot.farmer.name, one.quantity) for one in line.allocations.all()] == [
        ("格桑", 6),
        ("洛桑", 2),
    ]
    assert lots_of(pool) == [(6, 0, "available"), (2, 0, "available")]
    assert counted(pool) == (32, 0, 8)
    call_command("explain_allocation", line.pk)
    printed = capsys.readouterr().out
    assert "pro_rata version 1" in printed
    assert "written 6, repeated 6" in printed


@pytest.mark.parametrize(
    "tamper",
    [
        "UPDATE orders_lotallocation SET quantity = quantity + 1 WHERE quantity > 2",
        "UPDATE orders_allotment SET rule = 'smallest_first'",
        "UPDATE orders_allotment SET wanted = wanted - 1",
        "UPDATE orders_allotment SET offers = jsonb_set(offers, '{0,left}', '1')",
        "DELETE FROM orders_lotallocation WHERE quantity > 2",
        "DELETE FROM shops_allocationpolicy",
    ],
)
def test_what_does_not_reproduce_is_not_explained(arun, pool, now, tamper):
    line = make_paid(buyer=arun, variant=pool, quantity=8, now=now).lines.get()
    with connection.cursor() as cursor:
        cursor.execute(tamper)

    with pytest.raises(CommandError):
        call_command("explain_allocation", line.pk)


def test_there_is_nothing_to_explain_of_no_line(db):
    with pytest.raises(CommandError):
        call_command("explain_allocation", 999)


def test_nothing_is_allotted_before_payment_and_cash_on_delivery_is_a_payment(arun, pool, now):
    order = place_one(buyer=arun, variant=pool, quantity=4, now=now)
    assert not LotAllocation.objects.exists()

    confirm_group(group_id=order.group_id, now=now)

    assert [one.quantity for one in order.lines.get().allocations.all()] == [3, 1]
    assert Allotment.objects.get().reason == "confirmed"


def test_a_simple_listing_takes_its_lots_as_they_came(market, mei, arun, tashi, now):
    stock.receive_units(variant=market.variant, quantity=5, actor=mei, now=now)

    order = make_paid(buyer=arun, variant=market.variant, quantity=102, now=now)

    line = order.lines.get()
    assert (line.farmer, line.term_sheet) == (tashi, None)
    assert [one.quantity for one in line.allocations.all()] == [100, 2]
    assert lots_of(market.variant) == [(100, 0, "depleted"), (2, 0, "available")]
    call_command("explain_allocation", line.pk)


def test_a_recount_of_a_simple_listing_is_a_recount_of_its_lots(market, mei, now):
    stock.correct_units(variant=market.variant, change=-30, actor=mei, now=now)
    assert lots_of(market.variant) == [(0, 30, "available")]
    stock.correct_units(variant=market.variant, change=40, actor=mei, now=now)

    lot = market.variant.lots.get()
    assert (lot.quantity, lot.lost, lot.left) == (110, 0, 110)


def test_a_called_off_order_gives_every_lot_its_units_back(arun, pool, now):
    order = make_paid(buyer=arun, variant=pool, quantity=40, now=now)
    assert [row[2] for row in lots_of(pool)] == ["depleted", "depleted"]

    cancel_by_buyer(buyer=arun, number=order.number, now=now)

    assert lots_of(pool) == [(0, 0, "available"), (0, 0, "available")]
    assert counted(pool) == (40, 0, 0)
    assert [one.kept for one in order.lines.get().allocations.all()] == [0, 0]


def test_farmers_of_a_completed_line_are_paid_by_their_lots_to_the_fen(market, mei, arun, growers, pool, now):
    order = make_completed(buyer=arun, seller=mei, variant=pool, quantity=7, now=now)

    # 7 × 68.00 = 476.00, 3 % for the market: 14.28; the rest is 461.72 over 5 and 2 units.
    line = order.lines.get()
    assert [(one.quantity, one.gross_fen, one.platform_fen) for one in line.allocations.all()] == [
        (5, 34000, 1020), (2, 13600, 408),
    ]  # fmt: skip
    entries = LedgerEntry.objects.filter(account__purpose="farmer_payable", source=f"order_line:{line.pk}")
    assert sorted(entries.values_list("account__owner_id", "amount_fen")) == [
        (growers[0].pk, -32980), (growers[1].pk, -13192),
    ]  # fmt: skip
    period = close_week(shop=market.shop, now=now)
    for farmer, gross, fee, net in zip(growers, (34000, 13600), (1020, 408), (32980, 13192), strict=True):
        statement = statement_of(period, farmer=farmer)
        assert (statement.gross_fen, statement.platform_fee_fen, statement.net_fen) == (gross, fee, net)
        assert statement.lines.get().order_line == line
    assert trial_balance().is_right


def test_the_odd_fen_goes_to_the_largest_remainder(market, mei, arun, growers, now):
    variant = make_pool(shop=market.shop, actor=mei, price_fen=101, now=now)
    for farmer, quantity in zip(growers, (2, 1), strict=True):
        bring(actor=mei, variant=variant, farmer=farmer, quantity=quantity, now=now)

    order = make_completed(buyer=arun, seller=mei, variant=variant, quantity=3, now=now)

    # 303 fen, the market has 9: 294 over 2 and 1 units is 196 and 98; of the 9 fen 6 and 3.
    shares = [(one.farmer_fen, one.platform_fen) for one in order.lines.get().allocations.all()]
    assert shares == [(196, 6), (98, 3)]


def test_a_refund_takes_back_from_each_farmer_in_proportion_until_nothing_is_left(
    market, mei, arun, growers, pool, now
):
    order = make_completed(buyer=arun, seller=mei, variant=pool, quantity=7, now=now)
    assert [payable(farmer) for farmer in growers] == [32980, 13192]

    first = approve_case(actor=mei, case_id=ask(order, arun).pk, idempotency_key=uuid.uuid4(), now=now)

    # 68.00 less the market's 2.04 is 65.96, over shares of 329.80 and 131.92.
    assert [one.amount_fen for one in first.lines.get().lot_returns.order_by("pk")] == [4711, 1885]
    assert [payable(farmer) for farmer in growers] == [28269, 11307]
    approve_case(actor=mei, case_id=ask(order, arun, quantity=6).pk, idempotency_key=uuid.uuid4(), now=now)
    assert [payable(farmer) for farmer in growers] == [0, 0]
    assert trial_balance().is_right
    # What is spoiled is not back on the shelf.
    assert lots_of(pool) == [(5, 0, "available"), (2, 0, "available")]


def test_a_loss_that_the_carrier_bears_leaves_the_farmers_their_part(market, mei, arun, growers, pool, now):
    order = make_completed(buyer=arun, seller=mei, variant=pool, quantity=4, now=now)
    before = [payable(farmer) for farmer in growers]

    case = ask(order, arun, reason="damaged", now=now)
    approve_case(actor=mei, case_id=case.pk, idempotency_key=uuid.uuid4(), now=now)

    assert [payable(farmer) for farmer in growers] == before
    assert trial_balance().is_right


def test_units_that_were_never_sent_go_back_to_their_lots_in_proportion(
    market, mei, arun, growers, pool, now
):
    order = make_paid(buyer=arun, variant=pool, quantity=8, now=now)
    case = ask(order, arun, quantity=4, reason="changed_mind", now=now)

    approve_case(actor=mei, case_id=case.pk, idempotency_key=uuid.uuid4(), now=now)

    assert lots_of(pool) == [(3, 0, "available"), (1, 0, "available")]
    assert counted(pool) == (36, 0, 4)
