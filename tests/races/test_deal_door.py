"""A crowd on a hundred units: two queues of batches and the ordinary door against one another."""

import asyncio
import threading
import uuid
from collections import Counter

import pytest
from django.db import connections

from accounts.selectors import mark_of
from common.errors import MarketError
from livestreams.models import FlashDeal
from orders.models import Order, OrderLine
from orders.services.batching import Wish, statements
from orders.services.batching.waiting import Batcher
from shops.models import DealStock
from tests.factories.accounts import make_sign_in
from tests.factories.livestreams import add_to_rundown, make_deal, make_session
from tests.races.test_deals import buy, crowd, everything_is_somewhere

pytestmark = pytest.mark.django_db(transaction=True)
UNITS, CROWD = 100, 240


@pytest.fixture
def deal(market, valkey):
    item = add_to_rundown(session=make_session(host=market.host, shop=market.shop), variant=market.variant)
    return make_deal(item=item, quantity=UNITS)


def wish(person, address_id: int, deal: FlashDeal) -> Wish:
    variant_id = deal.rundown_item.variant_id
    mark, sign_in = mark_of(person.password), make_sign_in(person)
    return Wish(person.pk, mark, sign_in, uuid.uuid4(), deal.pk, variant_id, 1, address_id)


async def through(batcher: Batcher, wishes: list[Wish]) -> Counter:
    """Every wish twice, as phones do that lost the answer: from one key comes one order."""
    outcomes = await asyncio.gather(*(batcher.order(one) for one in [*wishes, *wishes]))
    return Counter(
        getattr(one.error, "code", repr(one.error)) if one.error else "again" if one.replayed else "placed"
        for one in outcomes
    )


def at_the_door(halves: list[list[Wish]]) -> Counter:
    """Let each half go through a batcher, a thread and a connection of its own, at the same moment."""
    told, start = Counter(), threading.Barrier(len(halves))

    def run(wishes: list[Wish]) -> None:
        batcher = Batcher()
        start.wait()
        told.update(asyncio.run(through(batcher, wishes)))

    threads = [threading.Thread(target=run, args=(half,)) for half in halves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return told


def test_two_batchers_and_the_ordinary_door_sell_each_unit_once(market, deal):
    people = crowd(CROWD)
    wishes = [wish(*one, deal) for one in people[:200]]
    ordinary = Counter()

    def shop() -> None:
        for one in people[200:]:
            try:
                ordinary[buy(*one, deal, variant_id=market.variant.pk)] += 1
            except MarketError as refusal:
                ordinary[refusal.code] += 1
        connections.close_all()

    beside = threading.Thread(target=shop)
    beside.start()
    told = at_the_door([wishes[:100], wishes[100:]])
    beside.join(timeout=120)

    assert told["placed"] + ordinary["placed"] == UNITS
    assert told["again"] == told["placed"]
    assert told["sold_out"] == 2 * (200 - told["placed"])
    assert everything_is_somewhere(market.variant) == (0, UNITS, 0)
    assert Order.objects.count() == OrderLine.objects.filter(flash_deal=deal).count() == UNITS


def test_control_without_the_one_statement_there_is_more_sold_than_there_is(market, deal, monkeypatch):
    monkeypatch.setattr(statements, "TAKE_ALL", "SELECT $1::int, $2::bigint")
    wishes = [wish(*one, deal) for one in crowd(CROWD)]

    told = at_the_door([wishes[:120], wishes[120:]])

    assert told["placed"] > UNITS
    assert OrderLine.objects.filter(flash_deal=deal).count() == told["placed"]
    assert DealStock.objects.get().reserved == 0
