"""A lot is called back by two at once, served by two workers, paid for meanwhile; each with a control."""

import threading

import pytest
from django.db.models import F, Sum

from common.clock import utc_now
from common.models import AuditEntry, OutboxMessage
from ledger.selectors import trial_balance
from orders.models import AfterSaleCase, LotAllocation, Order, OrderLine, RefundRequest
from orders.services import recalling
from orders.services.reconciling import find_stock_discrepancies
from orders.services.reconciling_lots import find_lot_discrepancies
from shops.allotting import Offer
from shops.models import Lot, StockMovement, StockReservation, VariantStock
from shops.services import lots, pooling, stock
from tests.factories.orders import make_shipped, place_one
from tests.factories.shops import make_person
from tests.races.test_last_unit import at_once
from tests.races.test_lots import pay, pooled

pytestmark = pytest.mark.django_db(transaction=True)


def operators(number: int) -> list:
    return [make_person(name=f"运营{i}", is_staff=True) for i in range(number)]


def recall(actor, lot: Lot) -> str:
    recalling.recall_lot(actor=actor, lot_id=lot.pk, reason="农残", now=utc_now())
    return "recalled"


def steps() -> tuple[int, int]:
    """(recalls on record, jobs that serve the buyers)."""
    return (
        AuditEntry.objects.filter(action="shops.lot_recalled").count(),
        OutboxMessage.objects.filter(task="orders.settle_recall").count(),
    )


def test_eight_operators_call_a_lot_back_at_once(market, mei):
    lot = pooled(market, mei, 30, 10).lots.last()
    people = operators(8)

    outcomes = at_once(8, lambda i: recall(people[i], lot))

    assert outcomes == {"recalled": 1, "move_refused": 7}
    assert steps() == (1, 1)
    assert VariantStock.objects.get(pk=lot.variant_id).available == 30
    assert StockMovement.objects.get(variant=lot.variant_id, quantity=-10).reference == f"lot:{lot.pk}"
    assert find_lot_discrepancies() == find_stock_discrepancies() == []


def test_control_without_the_locks_both_call_it_back(market, mei, monkeypatch):
    lot = pooled(market, mei, 30, 10).lots.last()
    people = operators(2)
    both_have_read = threading.Barrier(2, timeout=20)

    def read_only(lot):
        found = Lot.objects.select_related("variant__product__shop", "shop").get(pk=lot.pk)
        both_have_read.wait()
        return found

    monkeypatch.setattr(pooling, "_locked", read_only)
    monkeypatch.setattr(pooling, "lock_stock", lambda variant_id: None)

    outcomes = at_once(2, lambda i: recall(people[i], lot))

    assert outcomes == {"recalled": 2}
    assert steps() == (2, 2)


def sold_and_recalled(market, mei) -> tuple[Order, Lot]:
    """Six and two units are with a buyer; the lot of the two is called back."""
    variant = pooled(market, mei, 30, 10)
    order = make_shipped(buyer=make_person(name="买家"), seller=mei, variant=variant, quantity=8)
    lot = variant.lots.last()
    recall(mei, lot)
    return order, lot


def settle(lot: Lot) -> str:
    recalling.settle_recall(lot_id=lot.pk, now=utc_now())
    return "settled"


def given_back() -> int:
    return RefundRequest.objects.aggregate(fen=Sum("amount_fen"))["fen"]


def test_eight_workers_serve_the_buyers_of_a_lot_once(market, mei):
    order, lot = sold_and_recalled(market, mei)

    assert at_once(8, lambda _: settle(lot)) == {"settled": 8}

    assert AfterSaleCase.objects.get().lines.get().quantity == 2
    assert given_back() == 2 * 6800
    assert OrderLine.objects.get(order=order).after_sale_units == 2
    assert recalling.units_sold_of(lot) == (0, 0)
    assert trial_balance().is_right
    assert find_lot_discrepancies() == find_stock_discrepancies() == []


def test_control_without_the_locks_two_workers_pay_twice(market, mei, monkeypatch):
    order, lot = sold_and_recalled(market, mei)
    both_have_looked = threading.Barrier(2, timeout=20)
    real = recalling.give_back

    def give_back(**given):
        both_have_looked.wait()
        return real(**given)

    monkeypatch.setattr(recalling, "give_back", give_back)
    monkeypatch.setattr(lots, "lock_stock", lambda variant_id: None)
    monkeypatch.setattr(
        type(Order.objects), "select_for_update", lambda self, **_: self.get_queryset(), raising=False
    )

    assert at_once(2, lambda _: settle(lot)) == {"settled": 2}

    assert given_back() == 4 * 6800
    assert OrderLine.objects.get(order=order).after_sale_units == 4


@pytest.mark.parametrize("turn", range(4))
def test_a_recall_and_a_payment_at_once(market, mei, turn):
    """Whoever is first: nobody keeps a unit of the lot, and who gets none gets the money back."""
    variant = pooled(market, mei, 1)
    order = place_one(buyer=make_person(name="买家"), variant=variant)
    lot = variant.lots.get()

    outcomes = at_once(2, lambda i: pay(order) if i == turn % 2 else recall(mei, lot))
    settle(lot)

    assert outcomes["recalled"] == 1
    assert outcomes["paid"] + outcomes["given back"] == 1
    order.refresh_from_db()
    assert order.status == "cancelled"
    if outcomes["paid"]:
        assert order.refund_requested_fen == order.captured_fen == given_back()
    assert not LotAllocation.objects.filter(quantity__gt=F("moved") + F("returned")).exists()
    assert find_lot_discrepancies() == find_stock_discrepancies() == []


def test_control_without_lock_and_guard_a_unit_of_a_recalled_lot_is_sold(market, mei, monkeypatch):
    variant = pooled(market, mei, 1)
    order = place_one(buyer=make_person(name="买家"), variant=variant)
    lot = variant.lots.get()
    has_looked, is_recalled = threading.Event(), threading.Event()

    def look(variants):
        found = Lot.objects.get(variant__in=variants)
        has_looked.set()
        assert is_recalled.wait(20)
        return {found.variant_id: [Offer(found.pk, found.quantity, found.left, 0, "2026-09-01")]}

    def commit(*, reservation, now):
        StockReservation.objects.filter(pk=reservation.pk).update(status="committed")

    def call_back() -> str:
        assert has_looked.wait(20)
        recall(mei, lot)
        settle(lot)  # finds nobody who has bought of it
        is_recalled.set()
        return "recalled"

    monkeypatch.setattr(lots, "offers_of", look)
    monkeypatch.setattr(stock, "commit_reservation", commit)
    monkeypatch.setattr(lots, "_TAKE", lots._TAKE[: lots._TAKE.index("WHERE")] + "WHERE lot.id = v.id")

    outcomes = at_once(2, lambda i: call_back() if i else pay(order))

    assert outcomes == {"recalled": 1, "paid": 1}
    assert LotAllocation.objects.get(lot=lot).kept == 1
    order.refresh_from_db()
    assert (order.status, order.refund_requested_fen) == ("paid", 0)
