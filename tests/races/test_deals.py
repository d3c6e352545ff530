"""Crowds on a flash deal, on real connections: the last unit, the limit, stop and extend against them."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.db.models import Sum

from common.clock import database_now, utc_now
from livestreams.models import FlashDeal
from livestreams.services import dealing, timing_deals
from livestreams.statuses import DEAL_OPEN
from orders.models import Order, OrderGroup, OrderLine
from orders.services.cancelling import expire_group, finish_cancelling
from orders.services.placing import place_order
from orders.services.pricing import WantedLine
from shops.models import DealStock, StockReservation, VariantStock
from tests.factories.livestreams import add_to_rundown, make_deal, make_session
from tests.factories.orders import make_address
from tests.factories.shops import make_person, make_product
from tests.races.test_last_unit import at_once

pytestmark = pytest.mark.django_db(transaction=True)
CROWD = 200


@pytest.fixture
def item(market, valkey):
    return add_to_rundown(session=make_session(host=market.host, shop=market.shop), variant=market.variant)


def crowd(number: int) -> list[tuple]:
    """(buyer, address) of so many people."""
    people = [make_person(name=f"买家{i}") for i in range(number)]
    return [(person, make_address(user=person).pk) for person in people]


def buy(buyer, address_id: int, deal: FlashDeal, *, variant_id: int, quantity: int = 1, more=()) -> str:
    lines = [WantedLine(variant_id, quantity, deal_id=deal.pk), *more]
    key = uuid.uuid4()
    for _try in range(9):
        try:
            place_order(buyer=buyer, lines=lines, address_id=address_id, idempotency_key=key, now=utc_now())
        except OperationalError as error:
            # On a busy machine somebody waits for longer than lock_timeout; nothing was kept, so the phone
            # asks again with the same key.
            if "lock timeout" not in str(error):
                raise
        else:
            return "placed"
    return "busy"


def everything_is_somewhere(variant) -> tuple[int, int, int]:
    """Check every counter against movements and reservations; return the newest deal's free, held, sold."""
    row = VariantStock.objects.get(pk=variant.pk)
    stocks = DealStock.objects.filter(variant=variant)
    for stock in stocks:
        held = stock.reservations.filter(status="held").aggregate(n=Sum("quantity"))["n"] or 0
        sold = stock.reservations.filter(status="committed").aggregate(n=Sum("quantity"))["n"] or 0
        assert (stock.reserved, stock.sold) == (held, sold)
        assert stock.available + stock.reserved + stock.sold <= stock.quantity
    own = StockReservation.objects.filter(variant=variant, deal_stock=None, status="held")
    assert row.reserved == (own.aggregate(n=Sum("quantity"))["n"] or 0)
    assert row.in_deals == sum(stock.available + stock.reserved for stock in stocks)
    moved = variant.movements.aggregate(n=Sum("quantity"))["n"]
    assert row.available + row.reserved + row.in_deals == moved
    newest = stocks.order_by("-pk").first()
    return newest.available, newest.reserved, newest.sold


def test_two_hundred_buyers_on_twenty_units(market, item):
    deal = make_deal(item=item, quantity=20)
    people = crowd(CROWD)

    outcomes = at_once(CROWD, lambda i: buy(*people[i], deal, variant_id=market.variant.pk))

    assert outcomes == {"placed": 20, "sold_out": CROWD - 20}
    assert everything_is_somewhere(market.variant) == (0, 20, 0)
    assert OrderLine.objects.filter(flash_deal=deal, price_fen=5000).count() == 20
    deal.refresh_from_db()
    assert deal.status == "sold_out"


def test_control_read_then_write_sells_more_than_there_is(market, item):
    """The same crowd, looking first and taking afterwards: what the one statement protects from."""
    deal = make_deal(item=item, quantity=20)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE race_scratch (available int, taken int)")
        cursor.execute("INSERT INTO race_scratch VALUES (%s, 0)", [deal.quantity])
    everyone_has_looked = threading.Barrier(40, timeout=30)

    def careless(i: int) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT available FROM race_scratch")
            available = cursor.fetchone()[0]
            everyone_has_looked.wait()
            if available < 1:
                return "sold_out"
            cursor.execute("UPDATE race_scratch SET available = %s, taken = taken + 1", [available - 1])
            return "placed"

    try:
        outcomes = at_once(40, careless)
        with connection.cursor() as cursor:
            cursor.execute("SELECT taken FROM race_scratch")
            taken = cursor.fetchone()[0]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE race_scratch")

    assert outcomes["placed"] == taken == 40 > deal.quantity


def test_the_limit_holds_when_one_person_tries_twenty_times_at_once(market, item, settings):
    settings.UNPAID_PURCHASES_MAX = 100
    deal = make_deal(item=item, quantity=20, per_buyer=3)
    ((buyer, address_id),) = crowd(1)

    outcomes = at_once(20, lambda i: buy(buyer, address_id, deal, variant_id=market.variant.pk))

    assert outcomes == {"placed": 3, "limit_per_buyer": 17}
    assert everything_is_somewhere(market.variant) == (17, 3, 0)


def test_control_without_the_lock_the_limit_is_passed(market, item, settings, monkeypatch):
    settings.UNPAID_PURCHASES_MAX = 100
    deal = make_deal(item=item, quantity=20, per_buyer=3)
    ((buyer, address_id),) = crowd(1)
    everyone_has_counted = threading.Barrier(20, timeout=60)
    monkeypatch.setattr("orders.services.placing._check_unpaid", lambda buyer: None)

    def without_lock(buyer, lines):
        bought = OrderLine.objects.filter(order__group__buyer=buyer, flash_deal=deal).count()
        everyone_has_counted.wait()
        assert bought < 3

    monkeypatch.setattr("orders.services.placing._check_limits", without_lock)

    outcomes = at_once(20, lambda i: buy(buyer, address_id, deal, variant_id=market.variant.pk))

    assert outcomes["placed"] > 3


def test_stop_against_the_crowd_loses_no_unit(market, item, zhuoma):
    deal = make_deal(item=item, quantity=50)
    people = crowd(80)

    def act(i: int) -> str:
        if i == 30:
            dealing.stop_deal(actor=zhuoma, deal_id=deal.pk, now=database_now())
            return "stopped"
        return buy(*people[i], deal, variant_id=market.variant.pk)

    outcomes = at_once(80, act)

    assert outcomes["stopped"] == 1
    assert outcomes["placed"] + outcomes["deal_closed"] + outcomes["sold_out"] == 79
    placed = outcomes["placed"]
    assert everything_is_somewhere(market.variant) == (0, placed, 0)
    row = VariantStock.objects.get(pk=market.variant.pk)
    assert (row.available, row.in_deals) == (100 - placed, placed)


def test_extend_against_end_is_one_or_the_other(market, item, zhuoma):
    outcomes = set()
    for _round in range(6):
        deal = make_deal(item=item, quantity=5, seconds=60)
        begin = database_now() - timedelta(seconds=59.98)
        FlashDeal.objects.filter(pk=deal.pk).update(starts_at=begin, ends_at=begin + timedelta(seconds=60))

        def act(i: int, deal=deal) -> str:
            if i % 2:
                return timing_deals.settle_deal(deal_id=deal.pk)
            dealing.extend_deal(actor=zhuoma, deal_id=deal.pk, seconds=60, now=database_now())
            return "extended"

        got = at_once(8, act)
        deal.refresh_from_db()
        free, held, sold = everything_is_somewhere(market.variant)
        assert (held, sold) == (0, 0)
        if got["extended"]:
            assert deal.status in DEAL_OPEN
            assert deal.ends_at == begin + timedelta(seconds=60 + 60 * got["extended"])
            assert free == 5
        else:
            assert (got["deal_closed"], free) == (4, 0)
        outcomes |= set(got)
        dealing.stop_deal(actor=zhuoma, deal_id=deal.pk, now=database_now())
    assert outcomes <= {"extended", "deal_closed", "active", "ended"}


def test_two_phones_start_one_deal_once(market, item, zhuoma):
    deal = make_deal(item=item, quantity=10, starts=False)

    outcomes = at_once(
        8, lambda i: dealing.start_deal(actor=zhuoma, deal_id=deal.pk, now=database_now()).status
    )

    assert outcomes == {"active": 8}
    assert DealStock.objects.count() == 1
    assert everything_is_somewhere(market.variant) == (10, 0, 0)


def test_units_come_back_while_others_buy(market, item):
    deal = make_deal(item=item, quantity=20)
    people = crowd(100)
    for buyer, address_id in people[:20]:
        buy(buyer, address_id, deal, variant_id=market.variant.pk)
    OrderGroup.objects.update(expires_at=utc_now())
    groups = list(OrderGroup.objects.values_list("pk", flat=True))

    def act(i: int) -> str:
        if i < 20:
            expire_group(group_id=groups[i], now=utc_now())
            finish_cancelling(group_id=groups[i], now=utc_now())
            return "expired"
        return buy(*people[i], deal, variant_id=market.variant.pk)

    outcomes = at_once(100, act)
    timing_deals.watch_deals()

    assert outcomes["expired"] == 20
    assert outcomes["placed"] + outcomes["sold_out"] == 80
    assert everything_is_somewhere(market.variant) == (20 - outcomes["placed"], outcomes["placed"], 0)
    deal.refresh_from_db()
    assert deal.status == ("active" if outcomes["placed"] < 20 else "sold_out")


def test_a2_deals_and_ordinary_goods_in_opposite_baskets_do_not_wait_for_each_other(market, item, zhuoma):
    other = make_product(shop=market.shop, farmer=market.farmer, title="蜂蜜", stock=100).variants.get()
    other_item = add_to_rundown(session=item.session, variant=other)
    here, there = make_deal(item=item, quantity=50), make_deal(item=other_item, quantity=50)
    people = crowd(60)
    baskets = [(here, market.variant, other), (there, other, market.variant)]

    def act(i: int) -> str:
        if i == 40:
            dealing.stop_deal(actor=zhuoma, deal_id=here.pk, now=database_now())
            return "stopped"
        deal, of_deal, ordinary = baskets[i % 2]
        placed = buy(
            *people[i], deal, variant_id=of_deal.pk, more=[WantedLine(ordinary.pk, 1)]
        )  # fmt: skip
        if i % 3 == 0:
            group = OrderGroup.objects.get(buyer=people[i][0])
            OrderGroup.objects.filter(pk=group.pk).update(expires_at=utc_now())
            expire_group(group_id=group.pk, now=utc_now())
            finish_cancelling(group_id=group.pk, now=utc_now())
        return placed

    outcomes = at_once(60, act)

    assert set(outcomes) <= {"placed", "stopped", "deal_closed"}
    everything_is_somewhere(market.variant)
    everything_is_somewhere(other)
    assert Order.objects.count() == outcomes["placed"]
