"""Payments, recalls and each other's last kilo, on real connections."""

import threading

import pytest
from django.db import connection
from django.db.models import F

from common.clock import utc_now
from orders.models import AfterSaleCase, LotAllocation, Order
from orders.services.paying import mark_group_paid
from orders.services.recalling import recall_lot, settle_recall
from orders.services.reconciling import find_stock_discrepancies
from orders.services.reconciling_lots import find_lot_discrepancies
from shops.allotting import Offer
from shops.models import Lot, StockReservation
from shops.services import lots, stock
from shops.services.pooling import hold_lot
from tests.factories.lots import bring, make_grower, make_pool
from tests.factories.orders import place_one
from tests.factories.shops import make_person
from tests.races.test_last_unit import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def pooled(market, mei, *quantities):
    variant = make_pool(shop=market.shop, actor=mei, now=utc_now())
    for number, quantity in enumerate(quantities):
        farmer = make_grower(shop=market.shop, name=f"农户{number}")
        bring(actor=mei, variant=variant, farmer=farmer, quantity=quantity, now=utc_now())
    return variant


def pay(order: Order) -> str:
    return "paid" if mark_group_paid(group_id=order.group_id, now=utc_now()) else "given back"


def the_last_kilo(market, mei):
    """Two who hold a unit each, of which one has been put aside."""
    variant = pooled(market, mei, 1, 1)
    orders = [place_one(buyer=make_person(name=f"买家{i}"), variant=variant) for i in range(2)]
    hold_lot(actor=mei, lot=variant.lots.last(), reason="潮", now=utc_now())
    return variant, orders


def test_two_payments_on_the_last_kilo(market, mei):
    _variant, orders = the_last_kilo(market, mei)

    outcomes = at_once(2, lambda i: pay(orders[i]))

    assert outcomes == {"paid": 1, "given back": 1}
    assert sorted(order.status for order in Order.objects.all()) == ["cancelled", "paid"]
    assert [(one.lot.taken, one.quantity) for one in LotAllocation.objects.all()] == [(1, 1)]
    assert find_lot_discrepancies() == find_stock_discrepancies() == []


def test_without_lock_and_guard_both_would_have_it(market, mei, monkeypatch):
    """The control: look without the lock, take without the guard."""
    variant, orders = the_last_kilo(market, mei)
    barrier = threading.Barrier(2, timeout=20)

    def look(variants):
        found = list(Lot.objects.filter(variant__in=variants, status="available"))
        barrier.wait()
        return {
            lot.variant_id: [Offer(lot.pk, lot.quantity, lot.left, lot.deficit_micro, "2026-09-01")]
            for lot in found
        }

    def settle(*, reservation, now):
        StockReservation.objects.filter(pk=reservation.pk).update(status="committed")

    monkeypatch.setattr(lots, "offers_of", look)
    monkeypatch.setattr(stock, "commit_reservation", settle)
    monkeypatch.setattr(lots, "_TAKE", lots._TAKE[: lots._TAKE.index("WHERE")] + "WHERE lot.id = v.id")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE shops_lot DROP CONSTRAINT lot_within_quantity")
    try:
        at_once(2, lambda i: pay(orders[i]))

        taken = Lot.objects.get(pk=variant.lots.first().pk).taken
        assert taken == 2
    finally:
        Lot.objects.filter(taken__gt=F("quantity")).update(taken=F("quantity"))
        with connection.cursor() as cursor:
            cursor.execute(
                "ALTER TABLE shops_lot ADD CONSTRAINT lot_within_quantity"
                " CHECK (taken >= 0 AND lost >= 0 AND quantity >= taken + lost)"
            )


def test_a_recall_while_twenty_pay(market, mei):
    variant = pooled(market, mei, 30, 10)
    orders = [place_one(buyer=make_person(name=f"买家{i}"), variant=variant) for i in range(20)]
    lot = variant.lots.first()

    def act(i: int) -> str:
        if i == 10:
            recall_lot(actor=mei, lot_id=lot.pk, reason="农残", now=utc_now())
            return "recalled"
        return pay(orders[i - (i > 10)])

    outcomes = at_once(21, act)
    settle_recall(lot_id=lot.pk, now=utc_now())

    assert outcomes["recalled"] == 1
    assert outcomes["paid"] + outcomes["given back"] == 20
    # Ten could be had of the other lot; nobody keeps a unit of the recalled one.
    kept = sum(one.kept for one in LotAllocation.objects.all())
    assert LotAllocation.objects.filter(lot=lot, quantity__gt=F("moved") + F("returned")).count() == 0
    assert kept == Order.objects.filter(status="paid").count() <= 10
    assert not AfterSaleCase.objects.exists()
    cancelled = Order.objects.filter(status="cancelled", captured_fen__gt=0)
    assert all(order.refund_requested_fen == order.captured_fen for order in cancelled)
    assert find_lot_discrepancies() == find_stock_discrepancies() == []
