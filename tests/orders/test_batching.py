"""The fast path of a deal does what the ordinary one does: the same answers, the same rows to the column."""

import dataclasses
from datetime import timedelta

import pytest
from django.db import connection

from common.clock import database_now, utc_now
from common.models import IdempotencyKey, OutboxMessage
from livestreams.models import FlashDeal
from orders.models import Order, OrderGroup, OrderLine
from orders.services import batching
from orders.services.batching import batch as batch_module
from orders.services.batching import place_batch, statements
from orders.services.batching.terms import LOOK
from shops.models import DealStock, FarmerAuthorization, StockReservation
from shops.statuses import AuthorizationStatus
from tests.factories.freight import make_freight, zone
from tests.factories.livestreams import add_to_rundown, make_deal, make_pin, make_session
from tests.factories.orders import make_address
from tests.factories.shops import make_person, make_product
from tests.orders.two_paths import assert_equal_paths, batched, kinds, wish

pytestmark = pytest.mark.django_db


@pytest.fixture
def item(market, valkey):
    session = make_session(host=market.host, shop=market.shop)
    return add_to_rundown(
        session=session, variant=market.variant, live_price_fen=5800, host_commission_bp=500
    )


@pytest.fixture
def deal(item):
    return make_deal(item=item, price_fen=5000, quantity=10)


def test_rows_and_answers_equal_those_of_the_ordinary_path(market, arun, zoya, deal, item):
    make_pin(item=item)
    stranger = make_person(name="买家")
    wishes = [
        wish(arun, deal, 2),
        wish(zoya, deal, note="放在门口 'quoted' \\ %s"),
        wish(stranger, deal, 3, source="any"),
    ]

    outcomes = assert_equal_paths(wishes)

    assert kinds(outcomes) == ["placed", "placed", "placed"]
    placed = place_batch(deal_id=deal.pk, wishes=wishes, now=utc_now())
    written = (OrderGroup, Order, OrderLine, StockReservation, IdempotencyKey)
    assert {model.objects.count() for model in written} == {3}
    messages = OutboxMessage.objects.filter(task="orders.after_placed").order_by("pk")
    assert [message for outcome in placed for message in outcome.messages] == list(
        messages.values_list("pk", flat=True)
    )
    assert [one.kwargs["order_id"] for one in messages] == list(
        Order.objects.order_by("pk").values_list("pk", flat=True)
    )
    stock = DealStock.objects.get()
    assert (stock.available, stock.reserved) == (4, 6)


def test_without_a_hosts_share_there_is_one_commission_line(market, arun, zoya, deal):
    FarmerAuthorization.objects.filter(host=market.host).update(
        status=AuthorizationStatus.REVOKED, revoked_at=utc_now()
    )

    assert kinds(assert_equal_paths([wish(arun, deal), wish(zoya, deal)])) == ["placed", "placed"]


def test_the_shops_own_freight_and_the_regions_that_it_does_not_send_to(market, arun, zoya, deal):
    market.variant.weight_g = 700
    market.variant.save(update_fields=["weight_g"])
    make_freight(
        shop=market.shop, is_default=True,
        zones=[zone(), zone("440000", first_fen=300), zone("650000", is_deliverable=False)],
    )  # fmt: skip
    near, far, old = (make_person(name=name) for name in ("近", "远", "旧"))
    make_address(user=near, region_code="440103")
    make_address(user=far, region_code="650102")
    make_address(user=old, region_code="")

    outcomes = assert_equal_paths([wish(arun, deal, 2), wish(near, deal), wish(far, deal), wish(old, deal)])

    assert kinds(outcomes)[:2] == ["placed", "placed"]
    batched([wish(arun, deal, 2), wish(near, deal), wish(far, deal), wish(old, deal)], utc_now())
    assert list(Order.objects.order_by("pk").values_list("freight_fen", flat=True)) == [1300, 300]


def test_goods_of_a_shop_without_a_farmer(market, arun, item):
    variant = make_product(shop=market.shop, title="蜂蜜", stock=20).variants.get()
    deal = make_deal(item=add_to_rundown(session=item.session, variant=variant), quantity=3)

    assert kinds(assert_equal_paths([wish(arun, deal, 2)])) == ["placed"]


def test_freight_follows_region_and_weight_as_on_the_ordinary_path(market, arun, zoya, deal):
    market.variant.weight_g = 600
    market.variant.save(update_fields=["weight_g"])
    make_freight(
        shop=market.shop, is_default=True,
        zones=[zone(), zone("530000", first_fen=400), zone("650000", is_deliverable=False)],
    )  # fmt: skip
    near = make_address(user=zoya, region_code="533401")
    far = make_address(user=zoya, region_code="650102")
    unknown = make_address(user=zoya, region_code="")

    outcomes = assert_equal_paths(
        [
            wish(arun, deal, 3),
            *(wish(zoya, deal, address_id=home.pk) for home in (near, far, unknown)),
            wish(zoya, deal, 2, address_id=near.pk),
        ]
    )

    assert kinds(outcomes) == ["placed", "placed", "undeliverable", "region_needed", "placed"]
    assert [one["total_fen"] for one, _ in (outcomes[0], outcomes[1])] == [15000 + 1600, 5000 + 400]


def test_duplicates_and_refusals_equal_those_of_the_ordinary_path(market, arun, zoya, item, settings):
    settings.UNPAID_PURCHASES_MAX = 3
    deal = make_deal(item=item, quantity=20, per_buyer=4)
    earlier = wish(arun, deal, 2)
    place_batch(deal_id=deal.pk, wishes=[earlier], now=utc_now())
    zoyas = make_address(user=zoya)
    once = wish(zoya, deal)

    outcomes = assert_equal_paths(
        [
            earlier,
            dataclasses.replace(earlier, quantity=1),
            wish(arun, deal, 3),
            once,
            once,
            dataclasses.replace(once, note="other"),
            wish(arun, deal, address_id=zoyas.pk),
            wish(arun, deal, address_id=0),
            wish(zoya, deal, 4),
            wish(zoya, deal),
            wish(zoya, deal),
            wish(zoya, deal),
            wish(arun, deal, variant_id=10**9),
            wish(arun, deal, variant_id=make_product(shop=market.shop, title="蜂蜜").variants.get().pk),
        ]
    )

    assert kinds(outcomes) == [
        "replayed", "idempotency_conflict", "limit_per_buyer", "placed", "replayed", "idempotency_conflict",
        "not_found", "not_found", "limit_per_buyer", "placed", "placed", "too_many_unpaid", "not_on_sale",
        "invalid",
    ]  # fmt: skip


def test_what_is_left_goes_to_those_who_came_first_and_for_whom_it_is_enough(market, deal):
    people = [make_person(name=f"买家{i}") for i in range(8)]
    wishes = [
        wish(person, deal, quantity)
        for person, quantity in zip(people, [4, 3, 4, 2, 5, 1, 1, 1], strict=True)
    ]

    outcomes = assert_equal_paths([*wishes, wishes[0]])

    assert kinds(outcomes) == [
        "placed", "placed", "sold_out", "placed", "sold_out", "placed", "sold_out", "sold_out", "replayed",
    ]  # fmt: skip


@pytest.mark.parametrize("state", ["planned", "countdown", "over", "stopped"])
def test_a_deal_sells_on_the_databases_clock_only(market, arun, zhuoma, item, state):
    starts = state != "planned"
    deal = make_deal(item=item, quantity=5, starts=starts)
    if state == "countdown":
        FlashDeal.objects.filter(pk=deal.pk).update(starts_at=database_now() + timedelta(seconds=30))
    elif state == "over":
        FlashDeal.objects.filter(pk=deal.pk).update(ends_at=database_now() - timedelta(seconds=1))
    elif state == "stopped":
        DealStock.objects.filter(pk=deal.stock_id).update(is_open=False, available=0)

    assert assert_equal_paths([wish(arun, deal)]) == [(409, "deal_closed")]


def test_terms_that_change_between_two_batches_are_those_of_the_moment(market, arun, zoya, deal, item):
    assert batched([wish(arun, deal)], utc_now())[0][0]["total_fen"] == 5800
    FlashDeal.objects.filter(pk=deal.pk).update(price_fen=4000)
    item.variant.product.title = "新名"
    item.variant.product.save(update_fields=["title"])

    assert batched([wish(zoya, deal)], utc_now())[0][0]["total_fen"] == 4800
    assert list(OrderLine.objects.order_by("pk").values_list("title", "price_fen"))[1] == ("新名", 4000)

    FarmerAuthorization.objects.update(status=AuthorizationStatus.REVOKED, revoked_at=utc_now())
    assert assert_equal_paths([wish(zoya, deal)]) == [(409, "not_authorized")]


def test_a_changed_password_or_a_closed_account_buys_nothing(market, arun, zoya, deal):
    old, closed = wish(arun, deal), wish(zoya, deal)
    arun.set_password("another-password")
    arun.save(update_fields=["password"])
    zoya.is_active = False
    zoya.save(update_fields=["is_active"])

    assert batched([old, closed], utc_now()) == [(401, "bad_token"), (401, "bad_token")]
    assert not OrderGroup.objects.exists()
    assert DealStock.objects.get().available == 10


def test_a_purchase_that_the_database_refuses_takes_no_other_with_it(market, arun, zoya, deal, monkeypatch):
    # A number that is taken: one in ten thousand million a day.
    taken = batched([wish(make_person(name="买家"), deal)], utc_now())[0][0]["orders"][0]["number"]
    monkeypatch.setattr(batch_module, "draw_numbers", lambda now, count: [taken] * count)

    outcomes = place_batch(deal_id=deal.pk, wishes=[wish(arun, deal), wish(zoya, deal)], now=utc_now())

    assert [outcome.error for outcome in outcomes] == [None, None]
    assert Order.objects.count() == 3
    assert DealStock.objects.get().available == 7


def test_units_that_somebody_takes_after_the_look_are_not_sold_twice(market, arun, zoya, deal, monkeypatch):
    looked = []

    class Late(batch_module.Terms):
        def __init__(self, deal_id, look):
            super().__init__(deal_id, look)
            if not looked:
                self.available += 5
            looked.append(self.available)

    monkeypatch.setattr(batch_module, "Terms", Late)

    outcomes = batched([wish(arun, deal, 9), wish(zoya, deal, 4)], utc_now())

    assert looked == [15, 10]
    assert kinds(outcomes) == ["placed", "sold_out"]
    assert DealStock.objects.get().available == 1


@pytest.mark.parametrize("number", [3, batching.batch.MOST])
def test_a_batch_asks_the_same_number_of_questions_whatever_its_size(
    market, deal, django_assert_num_queries, monkeypatch, number
):
    DealStock.objects.update(available=500, quantity=500)
    people = [make_person(name=f"买家{i}") for i in range(number)]
    wishes = [wish(person, deal) for person in people]
    batched([wish(people[0], deal)], utc_now())

    asked = []
    ask = statements.ask

    def noting(*all, **options):
        asked.append([sql for sql, _ in all])
        return ask(*all, **options)

    monkeypatch.setattr(statements, "ask", noting)

    # A savepoint, made and kept, because the test has begun a transaction.
    with django_assert_num_queries(2):
        outcomes = batched(wishes, utc_now())

    assert asked == [
        [statements.BY_INDEX, statements.LOCK, statements.READ, LOOK],
        [statements.WRITE, statements.TAKE_ALL],
    ]
    assert kinds(outcomes) == ["placed"] * number
    assert OrderGroup.objects.count() == number + 1
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
