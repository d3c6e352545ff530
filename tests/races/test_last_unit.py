"""Crowds, on real connections: the last unit, baskets in opposite order, one key many times."""

import threading
import uuid
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connection, connections
from django.db.models import F

from accounts.models import User
from common.clock import utc_now
from common.errors import MarketError
from orders.models import Order, OrderGroup
from orders.services.placing import place_order
from orders.services.pricing import WantedLine
from shops.models import StockReservation, VariantStock
from tests.factories.orders import make_address
from tests.factories.shops import make_person, make_product

pytestmark = pytest.mark.django_db(transaction=True)

CROWD = 200
# PostgreSQL of the tests takes 400 connections; a crowd that arrives at once takes turns on these.
AT_ONCE = 60


def at_once(number: int, act: Callable[[int], str]) -> Counter:
    """Let threads act as simultaneously as they can; return how often each outcome came."""
    outcomes: list[str] = []
    turns = threading.Semaphore(AT_ONCE)
    start = threading.Event()

    def run(i: int) -> None:
        start.wait()
        with turns:
            try:
                outcomes.append(act(i))
            except MarketError as refusal:
                outcomes.append(refusal.code)
            except Exception as error:
                outcomes.append(repr(error))
            finally:
                connections.close_all()

    threads = [threading.Thread(target=run, args=(i,)) for i in range(number)]
    for thread in threads:
        thread.start()
    start.set()
    for thread in threads:
        thread.join(timeout=120)
    return Counter(outcomes)


def buy(buyer: User, address_id: int, variants: list[int], key: uuid.UUID | None = None) -> str:
    _, replayed = place_order(
        buyer=buyer,
        lines=[WantedLine(pk, 1) for pk in variants],
        address_id=address_id,
        idempotency_key=key or uuid.uuid4(),
        now=utc_now(),
    )
    return "replayed" if replayed else "placed"


def counters(variant_id: int) -> tuple[int, int, int]:
    stock = VariantStock.objects.get(pk=variant_id)
    return stock.available, stock.reserved, stock.sold


def test_a1_two_hundred_want_the_last_unit_and_one_gets_it(market):
    rare = make_product(shop=market.shop, farmer=market.farmer, title="松茸", stock=1).variants.get()
    buyers = [make_person(name=f"买家{i}") for i in range(CROWD)]
    addresses = [make_address(user=buyer).pk for buyer in buyers]

    outcomes = at_once(CROWD, lambda i: buy(buyers[i], addresses[i], [rare.pk]))

    assert outcomes == {"placed": 1, "sold_out": CROWD - 1}
    assert counters(rare.pk) == (0, 1, 0)
    assert (Order.objects.count(), StockReservation.objects.count()) == (1, 1)


def test_a1_control_without_the_guard_the_last_unit_is_sold_many_times(market):
    """Read, then write: what the statement's own condition protects from. The units exist only on paper."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE race_scratch (id int PRIMARY KEY, available int)")
        cursor.execute("INSERT INTO race_scratch VALUES (1, 1)")
    everyone_has_looked = threading.Barrier(20, timeout=30)

    def buy_unguarded(i: int) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT available FROM race_scratch WHERE id = 1")
            available = cursor.fetchone()[0]
            everyone_has_looked.wait()
            if available < 1:
                return "sold_out"
            cursor.execute("UPDATE race_scratch SET available = %s WHERE id = 1", [available - 1])
            return "placed"

    try:
        outcomes = at_once(20, buy_unguarded)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE race_scratch")

    assert outcomes["placed"] > 1


def test_a1_a_crowd_on_fifty_units_takes_fifty(market):
    VariantStock.objects.filter(pk=market.variant.pk).update(available=F("available") - 50)
    buyers = [make_person(name=f"买家{i}") for i in range(80)]
    addresses = [make_address(user=buyer).pk for buyer in buyers]

    outcomes = at_once(80, lambda i: buy(buyers[i], addresses[i], [market.variant.pk]))

    assert outcomes == {"placed": 50, "sold_out": 30}
    assert counters(market.variant.pk) == (0, 50, 0)


def test_a2_baskets_in_opposite_order_do_not_wait_for_each_other(market):
    other = make_product(shop=market.shop, farmer=market.farmer, title="蜂蜜", stock=100).variants.get()
    buyers = [make_person(name=f"买家{i}") for i in range(60)]
    addresses = [make_address(user=buyer).pk for buyer in buyers]
    baskets = [[market.variant.pk, other.pk], [other.pk, market.variant.pk]]

    outcomes = at_once(60, lambda i: buy(buyers[i], addresses[i], baskets[i % 2]))

    assert outcomes == {"placed": 60}
    assert counters(market.variant.pk) == counters(other.pk) == (40, 60, 0)


def test_a8_the_same_key_twenty_times_makes_one_order(market, arun):
    key = uuid.uuid4()

    outcomes = at_once(20, lambda i: buy(arun, market.address.pk, [market.variant.pk], key))

    assert outcomes["placed"] == 1
    assert outcomes["placed"] + outcomes["replayed"] + outcomes["in_progress"] == 20
    assert (OrderGroup.objects.count(), Order.objects.count()) == (1, 1)
    assert counters(market.variant.pk) == (99, 1, 0)
