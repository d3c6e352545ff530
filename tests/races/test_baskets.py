"""A2: baskets in opposite order, bought, paid and called off at once: PostgreSQL never meets a deadlock."""

import random
import threading
import uuid

import pytest
from django.db import OperationalError, connection
from django.db.models import Sum

from common.clock import utc_now
from orders.models import Order
from orders.services import placing
from orders.services.cancelling import cancel_by_buyer
from orders.services.paying import mark_group_paid
from orders.services.placing import place_order
from orders.services.pricing import WantedLine
from orders.services.reconciling import find_stock_discrepancies
from shops.models import VariantStock
from tests.factories.livestreams import add_to_rundown, make_deal, make_session
from tests.factories.orders import make_address
from tests.factories.shops import make_person, make_product
from tests.races.test_last_unit import at_once

pytestmark = pytest.mark.django_db(transaction=True)
GOODS = 6


@pytest.fixture
def variants(market):
    return [
        make_product(shop=market.shop, farmer=market.farmer, title=f"货{i}", stock=500).variants.get()
        for i in range(GOODS)
    ]


def deadlocks() -> int:
    """How many PostgreSQL has met in this database; what a session counted is told when it ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return cursor.fetchone()[0]


def shoppers(number: int) -> list[tuple]:
    people = [make_person(name=f"买家{i}") for i in range(number)]
    return [(person, make_address(user=person).pk) for person in people]


def place(person, address_id: int, lines: list[WantedLine]) -> int:
    answer, _ = place_order(
        buyer=person, lines=lines, address_id=address_id, idempotency_key=uuid.uuid4(), now=utc_now()
    )
    return answer["group"]


def test_a2_baskets_in_opposite_order_never_deadlock(market, variants, valkey):
    """Bought in every order, of a deal and without, while others are paid, called off before and after."""
    session = make_session(host=market.host, shop=market.shop)
    deals = [
        make_deal(item=add_to_rundown(session=session, variant=variant), quantity=200)
        for variant in variants[:2]
    ]
    of_deals = {deal.rundown_item.variant_id: deal.pk for deal in deals}
    people = shoppers(90)
    before = deadlocks()

    def act(i: int) -> str:
        chance = random.Random(i)
        basket = variants.copy()
        chance.shuffle(basket)
        lines = [
            WantedLine(variant.pk, 1, deal_id=of_deals.get(variant.pk) if i % 3 else None)
            for variant in (basket if i % 2 else reversed(basket))
        ]
        group_id = place(*people[i], lines)
        if i % 4 == 0:
            return "held"
        assert mark_group_paid(group_id=group_id, now=utc_now())
        if i % 4 == 1:
            cancel_by_buyer(
                buyer=people[i][0], number=Order.objects.get(group_id=group_id).number, now=utc_now()
            )
            return "called off"
        return "paid"

    outcomes = at_once(90, act)

    assert outcomes == {"held": 23, "called off": 23, "paid": 44}
    assert deadlocks() == before
    assert find_stock_discrepancies() == []
    rows = VariantStock.objects.filter(variant__in=variants)
    assert rows.aggregate(n=Sum("sold"))["n"] == 44 * GOODS


def test_a2_control_without_sorted_locks_two_baskets_deadlock(market, variants, monkeypatch):
    """The same purchase, each taking its goods in the order of its basket."""
    monkeypatch.setattr(
        placing, "_stock_order", lambda pair: baskets[pair[0].order.group.buyer_id].index(pair[0].variant_id)
    )
    take, both_have_one = placing.stock.take_units, threading.Barrier(2, timeout=30)
    has_one = threading.local()

    def take_and_wait(**wanted):
        take(**wanted)
        if not getattr(has_one, "so", False):
            has_one.so = True
            both_have_one.wait()

    monkeypatch.setattr(placing.stock, "take_units", take_and_wait)
    people = shoppers(2)
    first, second = variants[0].pk, variants[1].pk
    baskets = {people[0][0].pk: [first, second], people[1][0].pk: [second, first]}
    before = deadlocks()

    def act(i: int) -> str:
        try:
            place(*people[i], [WantedLine(pk, 1) for pk in baskets[people[i][0].pk]])
        except OperationalError as error:
            return "deadlock" if "deadlock" in str(error) else repr(error)
        return "placed"

    outcomes = at_once(2, act)

    assert outcomes == {"placed": 1, "deadlock": 1}
    assert deadlocks() == before + 1
