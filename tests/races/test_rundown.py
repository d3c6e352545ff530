"""Two phones put one list in order, or add to it, at once: the list stays whole."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from common.clock import utc_now
from livestreams.errors import RundownChanged
from livestreams.models import RundownItem
from livestreams.services import rundown
from tests.factories.livestreams import add_to_rundown, make_session
from tests.factories.shops import make_product

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS, ITEMS = 6, 12


@pytest.fixture
def items(market, valkey):
    session = make_session(host=market.host, shop=market.shop, status="scheduled")
    products = [make_product(shop=market.shop, title=f"货{number}") for number in range(ITEMS)]
    return [add_to_rundown(session=session, variant=product.variants.get()) for product in products]


def both(*work) -> list:
    barrier = Barrier(len(work))

    def one(act):
        try:
            barrier.wait()
            return act()
        except RundownChanged as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(one, work))


def listed(session) -> list[int]:
    return list(session.rundown.order_by("position", "pk").values_list("pk", flat=True))


def positions(session) -> list[int]:
    return sorted(session.rundown.values_list("position", flat=True))


def test_list_is_as_one_of_the_phones_left_it(items, zhuoma):
    session = items[0].session
    forth = [item.pk for item in items]
    back = forth[::-1]
    odd_first = forth[::2] + forth[1::2]

    def put(order):
        return lambda: rundown.order_items(actor=zhuoma, session_id=session.pk, item_ids=order, now=utc_now())

    for _ in range(ROUNDS):
        both(put(back), put(odd_first))
        assert listed(session) in (back, odd_first)
        assert positions(session) == list(range(1, ITEMS + 1))


def test_order_that_misses_new_goods_is_refused_or_came_first(items, market, zhuoma):
    session = items[0].session
    back = [item.pk for item in items][::-1]
    new = make_product(shop=market.shop, title="新货").variants.get()

    refused, added = both(
        lambda: rundown.order_items(actor=zhuoma, session_id=session.pk, item_ids=back, now=utc_now()),
        lambda: rundown.add_item(actor=zhuoma, session_id=session.pk, variant_id=new.pk, now=utc_now()),
    )

    expected = back[::-1] if isinstance(refused, RundownChanged) else back
    assert listed(session) == [*expected, added.pk]


def test_control_without_lock_and_transaction_mixes_two_orders(items):
    """What they prevent: each phone writes row by row, and the other's rows come in between."""
    session = items[0].session
    forth = [item.pk for item in items]
    back = forth[::-1]
    odd_first = forth[::2] + forth[1::2]
    half_way = Barrier(2)

    def careless(order, rows):
        def act():
            places = {pk: place for place, pk in enumerate(order, start=1)}
            for half in (rows[: ITEMS // 2], rows[ITEMS // 2 :]):
                for pk in half:
                    RundownItem.objects.filter(pk=pk).update(position=places[pk])
                half_way.wait()

        return act

    both(careless(back, forth), careless(odd_first, back))

    assert listed(session) not in (back, odd_first)
    assert positions(session) != list(range(1, ITEMS + 1))
