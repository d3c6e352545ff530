"""A crowd with baskets of several goods: two queues of batches and the ordinary door against one another."""

import asyncio
import random
import threading
import uuid
from collections import Counter

import pytest
from django.db import connection, connections, transaction
from django.db.models import Sum

from accounts.models import User
from accounts.selectors import mark_of
from common.clock import utc_now
from common.errors import MarketError
from orders.models import Order, OrderGroup, OrderLine
from orders.services.batching import Basket, basket_statements, offers, place_baskets
from orders.services.batching.waiting import batcher_of_baskets
from orders.services.placing import place_order
from orders.services.pricing import WantedLine
from shops.models import StockReservation, VariantStock
from tests.factories.accounts import make_sign_in
from tests.factories.orders import make_address
from tests.factories.shops import make_person, make_product

pytestmark = pytest.mark.django_db(transaction=True)
UNITS, CROWD = 40, 200


@pytest.fixture(autouse=True)
def _nothing_known():
    offers._known.clear()


@pytest.fixture
def goods(market, valkey):
    return [make_product(shop=market.shop, title=f"货{i}", stock=UNITS).variants.get().pk for i in range(4)]


def baskets_of(number: int, goods: list[int]) -> list[Basket]:
    """Three of the goods each, in any order."""
    chance, baskets = random.Random(7), []
    for i in range(number):
        person = make_person(name=f"买家{i}")
        lines = [WantedLine(pk, 1) for pk in chance.sample(goods, 3)]
        mark, sign_in, home = mark_of(person.password), make_sign_in(person), make_address(user=person).pk
        baskets.append(Basket(person.pk, mark, sign_in, uuid.uuid4(), lines, home))
    return baskets


def through(baskets: list[Basket], told: Counter, start: threading.Barrier) -> None:
    """Every basket twice, as phones do that lost the answer: from one key comes one purchase."""
    batcher = batcher_of_baskets()
    batcher._teller.tell = lambda *told: None

    async def crowd():
        return await asyncio.gather(*(batcher.order(one) for one in [*baskets, *baskets]))

    start.wait()
    for one in asyncio.run(crowd()):
        said = getattr(one.error, "code", repr(one.error)) if one.error else one.replayed
        told[{True: "again", False: "placed"}.get(said, said)] += 1


def one_by_one(baskets: list[Basket], told: Counter, start: threading.Barrier) -> None:
    start.wait()
    people = User.objects.in_bulk([basket.buyer_id for basket in baskets])
    for basket in baskets:
        try:
            place_order(
                buyer=people[basket.buyer_id], lines=basket.lines, address_id=basket.address_id,
                idempotency_key=basket.key, now=utc_now(),
            )  # fmt: skip
            told["placed"] += 1
        except MarketError as refusal:
            told[refusal.code] += 1
    connections.close_all()


def at_once(*parts) -> Counter:
    """Let each part run in a thread of its own, at the same moment."""
    told, start = Counter(), threading.Barrier(len(parts))
    threads = [threading.Thread(target=run, args=(baskets, told, start)) for run, baskets in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return told


def counters(goods: list[int]) -> list[tuple[int, int]]:
    return list(VariantStock.objects.filter(pk__in=goods).order_by("pk").values_list("available", "reserved"))


def sold(goods: list[int]) -> list[int]:
    lines = OrderLine.objects.filter(variant__in=goods).values("variant").order_by("variant")
    return list(lines.annotate(units=Sum("quantity")).values_list("units", flat=True))


def test_two_batchers_and_the_ordinary_door_sell_each_unit_once(goods):
    baskets = baskets_of(CROWD, goods)

    told = at_once((through, baskets[:80]), (through, baskets[80:160]), (one_by_one, baskets[160:]))

    assert set(told) == {"placed", "again", "sold_out"}
    assert told["placed"] == OrderGroup.objects.count() == Order.objects.count()
    assert OrderLine.objects.count() == StockReservation.objects.count() == 3 * told["placed"]
    assert [free + held for free, held in counters(goods)] == [UNITS] * 4
    assert [held for _, held in counters(goods)] == sold(goods)
    # Of three among four goods one is gone when nobody gets any more.
    assert sorted(free for free, _ in counters(goods))[:2] == [0, 0]


def test_control_without_the_condition_there_is_more_sold_than_there_is(goods, monkeypatch):
    monkeypatch.setattr(basket_statements, "TAKE_EACH", "SELECT $1::bigint[], $2::int[]")
    baskets = baskets_of(CROWD, goods)

    at_once((through, baskets[:100]), (through, baskets[100:]))

    assert max(sold(goods)) > UNITS
    assert counters(goods) == [(UNITS, 0)] * 4


def test_goods_whose_row_somebody_holds_keep_no_other_basket_waiting(goods):
    held, free = baskets_of(1, goods[:3])[0], baskets_of(1, goods[1:])[0]
    at_work, goes_on = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            VariantStock.objects.select_for_update().get(pk=goods[0])
            at_work.set()
            goes_on.wait(30)
        connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    assert at_work.wait(10)

    outcomes = place_baskets(baskets=[held, free], now=utc_now())
    goes_on.set()
    thread.join(10)

    assert outcomes[0].is_put_off
    assert outcomes[1].answer is not None
    assert Order.objects.count() == 1
    assert counters(goods[:1]) == [(UNITS, 0)]
    assert place_baskets(baskets=[held], now=utc_now())[0].answer is not None


def test_a_connection_that_breaks_before_the_commit_leaves_nothing_and_the_key_can_be_used(
    goods, monkeypatch
):
    (basket,) = baskets_of(1, goods)
    with monkeypatch.context() as broken:
        broken.setattr(
            basket_statements,
            "TAKE_EACH",
            "SELECT pg_terminate_backend(pg_backend_pid()), $1::bigint[], $2::int[]",
        )
        (lost,) = place_baskets(baskets=[basket], now=utc_now())
    nothing = (Order.objects.count(), counters(goods))

    (again,) = place_baskets(baskets=[basket], now=utc_now())

    assert (lost.error.status, lost.error.code) == (503, "busy")
    assert nothing == (0, [(UNITS, 0)] * 4)
    assert again.answer is not None
    assert not again.replayed
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        assert cursor.fetchone() == (0,)
