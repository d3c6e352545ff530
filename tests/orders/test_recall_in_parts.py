"""A line that has a lot's units more than once, or was served in part, is served to the last unit."""

import uuid

import pytest

from common.errors import MoveRefused
from ledger.selectors import trial_balance
from orders.models import Order, RefundRequest
from orders.services.asking_back import WantedBack, withdraw_case
from orders.services.recalling import bought_of_recalled, refund_recalled, settle_recall, units_sold_of
from orders.services.receiving import receive_order
from orders.services.shipping import Packed, ship_order
from tests.factories.cases import ask
from tests.factories.lots import payable
from tests.factories.orders import make_paid
from tests.factories.payouts import make_completed
from tests.orders.test_recall import agrees, recall

pytestmark = pytest.mark.django_db


def test_units_that_came_twice_out_of_a_lot_are_each_served_once(mei, arun, growers, pool, now):
    """Six of a lot and two more in place of others; the buyer's case holds two when it is called back."""
    order = make_paid(buyer=arun, variant=pool, quantity=8, now=now)
    line = order.lines.get()
    first, second = pool.lots.order_by("pk")
    for packed in (6, 2):
        ship_order(
            actor=mei, number=order.number, carrier="sf", tracking_number=f"SF12345678901{packed}",
            lines=[Packed(line.pk, packed)], now=now,
        )  # fmt: skip
        if packed == 6:
            recall(mei, second, now)
    receive_order(buyer=arun, number=order.number, now=now)
    assert [(one.lot, one.kept) for one in line.allocations.order_by("pk")] == [
        (first, 6), (second, 0), (first, 2),
    ]  # fmt: skip
    case = ask(order, arun, lines=[WantedBack(line.pk, 2)], now=now)
    recall(mei, first, now)
    assert sum(one.amount_fen for one in RefundRequest.objects.all()) == 6 * 6800
    assert units_sold_of(first) == (1, 2)

    withdraw_case(buyer=arun, case_id=case.pk, idempotency_key=uuid.uuid4(), now=now)
    assert settle_recall(lot_id=first.pk, now=now) == 1

    with_freight = 13600 + 800  # the last units
    assert [one.amount_fen for one in RefundRequest.objects.order_by("pk")] == [13600, 27200, with_freight]
    line.refresh_from_db()
    assert line.after_sale_units == 8
    assert [payable(farmer) for farmer in growers] == [0, 0]
    assert settle_recall(lot_id=first.pk, now=now) == 0
    assert units_sold_of(first) == (0, 0)
    assert trial_balance().is_right
    agrees(pool)


def test_of_a_line_that_was_served_in_part_a_payment_serves_the_rest(mei, arun, growers, pool, now):
    order = make_completed(buyer=arun, seller=mei, variant=pool, quantity=8, now=now)
    line = order.lines.get()
    case = ask(order, arun, lines=[WantedBack(line.pk, 5)], now=now)
    lot = pool.lots.order_by("pk").first()
    recall(mei, lot, now)
    withdraw_case(buyer=arun, case_id=case.pk, idempotency_key=uuid.uuid4(), now=now)
    assert [(one.lot, one.kept, one.served) for one in bought_of_recalled(order)] == [(lot, 6, 3)]

    order.refresh_from_db()
    refund_recalled(order=order, now=now)

    assert [one.amount_fen for one in RefundRequest.objects.order_by("pk")] == [3 * 6800, 3 * 6800]
    line.refresh_from_db()
    assert line.after_sale_units == 6
    assert [payable(farmer) for farmer in growers] == [0, 13192]
    refund_recalled(order=order, now=now)
    assert RefundRequest.objects.count() == 2
    assert settle_recall(lot_id=lot.pk, now=now) == 0
    assert trial_balance().is_right
    agrees(pool)


def test_one_buyer_who_cannot_be_served_keeps_no_other_waiting(mei, arun, pool, now):
    stuck, other = [make_completed(buyer=arun, seller=mei, variant=pool, quantity=4, now=now) for _ in "ab"]
    # All of its money has gone back by another way.
    Order.objects.filter(pk=stuck.pk).update(refund_requested_fen=stuck.captured_fen)

    with pytest.raises(MoveRefused):
        recall(mei, pool.lots.order_by("pk").first(), now)

    assert [request.order_id for request in RefundRequest.objects.all()] == [other.pk]
