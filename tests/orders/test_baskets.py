"""The fast door of ordinary goods does what the ordinary one does: the same answers, the same rows."""

import dataclasses

import pytest

from common.clock import utc_now
from common.models import IdempotencyKey, OutboxMessage
from orders.models import Order, OrderGroup, OrderLine
from orders.services.batching import offers, place_baskets
from orders.services.pricing import WantedLine
from shops.models import FarmerAuthorization, StockReservation, Variant, VariantStock
from shops.services import people
from shops.statuses import AuthorizationStatus
from tests.factories.freight import make_freight, zone
from tests.factories.orders import make_address
from tests.factories.shops import authorize_shop, make_person, make_product, make_shop
from tests.orders.two_paths import assert_equal_paths, at_once, basket, kinds

pytestmark = pytest.mark.django_db


def equal(baskets) -> list:
    return assert_equal_paths(baskets, fast=at_once)


def stock_of(variant: Variant) -> tuple[int, int]:
    return VariantStock.objects.values_list("available", "reserved").get(pk=variant.pk)


@pytest.fixture(autouse=True)
def _nothing_known():
    offers._known.clear()


@pytest.fixture
def honey(market):
    return make_product(shop=market.shop, title="蜂蜜", stock=20).variants.get()


@pytest.fixture
def tea(market):
    """Of another shop, with a farmer who lets it sell."""
    shop = make_shop(owner=make_person(name="茶姐"), village=market.village, name="茶店")
    authorize_shop(farmer=market.farmer, shop=shop)
    return make_product(shop=shop, farmer=market.farmer, title="雪茶", stock=20).variants.get()


def test_rows_and_answers_equal_those_of_the_ordinary_path(market, arun, zoya, honey, tea):
    third = make_person(name="买家")
    baskets = [
        basket(arun, [(market.variant, 2)]),
        basket(zoya, [(tea, 1), (honey, 3), (market.variant, 1)]),
        basket(third, [(honey, 1), (market.variant, 4)], note="放在门口 'quoted' \\ %s {\"a\"}"),
        basket(arun, [(tea, 2), (honey, 1)], notes={tea.product.shop_id: "轻放", market.shop.pk: ""}),
    ]

    outcomes = equal(baskets)

    assert kinds(outcomes) == ["placed"] * 4
    before = {variant.pk: stock_of(variant) for variant in (market.variant, honey, tea)}
    at_once(baskets, utc_now())
    assert OrderGroup.objects.count() == IdempotencyKey.objects.count() == 4
    assert Order.objects.count() == OutboxMessage.objects.filter(task="orders.after_placed").count() == 6
    assert OrderLine.objects.count() == StockReservation.objects.count() == 8
    taken = {market.variant: 7, honey: 5, tea: 3}
    for variant, units in taken.items():
        free, held = before[variant.pk]
        assert stock_of(variant) == (free - units, held + units)


def test_the_messages_of_each_purchase_are_those_of_its_orders(market, arun, zoya, honey, tea):
    baskets = [basket(arun, [(honey, 1), (tea, 1)]), basket(zoya, [(honey, 1)])]

    outcomes = place_baskets(baskets=baskets, now=utc_now())

    for outcome in outcomes:
        told = [OutboxMessage.objects.get(pk=pk).kwargs["order_id"] for pk in outcome.messages]
        assert told == list(
            Order.objects.filter(group=outcome.answer["group"]).order_by("pk").values_list("pk", flat=True)
        )


def test_freight_follows_shop_region_and_weight(market, arun, zoya, honey, tea):
    Variant.objects.filter(pk=market.variant.pk).update(weight_g=700)
    make_freight(
        shop=market.shop, is_default=True,
        zones=[zone(), zone("530000", first_fen=400), zone("650000", is_deliverable=False)],
    )  # fmt: skip
    near = make_address(user=zoya, region_code="533401")
    far = make_address(user=zoya, region_code="650102")
    unknown = make_address(user=zoya, region_code="")
    both = [(market.variant, 2), (honey, 1), (tea, 1)]

    outcomes = equal(
        [
            basket(arun, both),
            *(basket(zoya, both, address_id=home.pk) for home in (near, far, unknown)),
            basket(zoya, [(tea, 1)], address_id=far.pk),
        ]
    )

    assert kinds(outcomes) == ["placed", "placed", "undeliverable", "region_needed", "placed"]


def test_a_pool_is_sold_by_its_terms_and_never_below_its_floor(market, mei, arun, zoya, pool, growers, now):
    assert kinds(equal([basket(arun, [(pool, 2), (market.variant, 1)])])) == ["placed"]
    people.authorize(actor=mei, farmer=growers[0], shop=market.shop, floor_price_bp=9500, now=now)
    assert kinds(equal([basket(arun, [(pool, 2)]), basket(zoya, [(market.variant, 1)])])) == [
        "placed",
        "placed",
    ]

    Variant.objects.filter(pk=pool.pk).update(price_fen=1)

    assert equal([basket(zoya, [(pool, 1)])]) == [(409, "below_floor_price")]


def test_duplicates_and_refusals_equal_those_of_the_ordinary_path(market, arun, zoya, honey, tea, settings):
    settings.UNPAID_PURCHASES_MAX = 3
    earlier = basket(arun, [(honey, 2)])
    at_once([earlier], utc_now())
    zoyas = make_address(user=zoya)
    once = basket(zoya, [(honey, 1), (tea, 1)])
    hidden = make_product(shop=market.shop, title="未上架").variants.get()
    Variant.objects.filter(pk=hidden.pk).update(is_active=False)

    outcomes = equal(
        [
            earlier,
            dataclasses.replace(earlier, lines=[WantedLine(honey.pk, 1)]),
            once,
            once,
            dataclasses.replace(once, note="other"),
            basket(arun, [(honey, 1)], address_id=zoyas.pk),
            basket(arun, [(honey, 1)], address_id=0),
            basket(arun, [(honey, 1), (hidden, 1)]),
            basket(arun, [(honey, 1)], variants={honey.pk: 10**9}),
            basket(zoya, [(honey, 1), (tea, 1)], note="für wen?"),
            basket(zoya, [(honey, 1)], notes={tea.product.shop_id: "nichts von dort"}),
            basket(zoya, [(honey, 1)]),
            basket(zoya, [(tea, 1)]),
            basket(zoya, [(tea, 1)]),
        ]
    )

    assert kinds(outcomes) == [
        "replayed", "idempotency_conflict", "placed", "replayed", "idempotency_conflict", "not_found",
        "not_found", "not_on_sale", "not_on_sale", "invalid", "invalid", "placed", "placed",
        "too_many_unpaid",
    ]  # fmt: skip


def test_without_the_farmers_consent_nothing_of_the_basket_is_sold(market, arun, zoya, honey):
    FarmerAuthorization.objects.filter(shop=market.shop).update(
        status=AuthorizationStatus.REVOKED, revoked_at=utc_now()
    )

    outcomes = equal([basket(arun, [(market.variant, 1), (honey, 1)]), basket(zoya, [(honey, 1)])])

    assert kinds(outcomes) == ["not_authorized", "placed"]


@pytest.mark.parametrize("mode", ["", "own_goods", "profit_sharing"])
def test_for_whom_money_may_be_taken_is_asked_as_on_the_ordinary_path(
    market, arun, zoya, honey, tea, settings, mode
):
    settings.IS_PRODUCTION, settings.COLLECTION_MODE = True, mode
    market.shop.standing = "payee"
    market.shop.save(update_fields=["standing"])

    outcomes = equal([basket(arun, [(honey, 1), (tea, 1)]), basket(zoya, [(honey, 1)])])

    assert (
        kinds(outcomes)
        == {
            "": ["shop_by_shop", "placed"],
            "own_goods": ["shop_not_checked", "shop_not_checked"],
            "profit_sharing": ["shop_not_checked", "placed"],
        }[mode]
    )


def test_what_is_left_goes_to_those_who_came_first_and_for_whom_all_is_there(market, honey, tea):
    VariantStock.objects.filter(pk=honey.pk).update(available=5)
    never = make_product(shop=market.shop, title="没有", stock=1).variants.get()
    VariantStock.objects.filter(pk=never.pk).delete()
    people = [make_person(name=f"买家{i}") for i in range(7)]
    wanted = [
        [(honey, 3), (tea, 20)], [(honey, 3)], [(honey, 1), (tea, 1)], [(honey, 2)], [(never, 1)],
        [(tea, 1)], [(honey, 1)],
    ]  # fmt: skip

    outcomes = equal([basket(*one) for one in zip(people, wanted, strict=True)])

    assert kinds(outcomes) == [
        "placed", "sold_out", "sold_out", "placed", "sold_out", "sold_out", "sold_out",
    ]  # fmt: skip


def test_terms_that_change_between_two_batches_are_those_of_the_moment(market, arun, zoya, honey):
    first = at_once([basket(arun, [(honey, 2)])], utc_now())[0][0]
    Variant.objects.filter(pk=honey.pk).update(price_fen=100)
    honey.product.title = "新蜜"
    honey.product.save(update_fields=["title"])

    second = equal([basket(zoya, [(honey, 2)])])[0][0]
    at_once([basket(zoya, [(honey, 2)])], utc_now())

    assert first["total_fen"] != second["total_fen"] == 200 + 800
    assert list(OrderLine.objects.order_by("pk").values_list("title", "price_fen"))[1] == ("新蜜", 100)


def test_a_changed_password_or_a_closed_account_buys_nothing(market, arun, zoya, honey):
    old, closed = basket(arun, [(honey, 1)]), basket(zoya, [(honey, 1)])
    arun.set_password("another-password")
    arun.save(update_fields=["password"])
    zoya.is_active = False
    zoya.save(update_fields=["is_active"])

    assert at_once([old, closed], utc_now()) == [(401, "bad_token"), (401, "bad_token")]
    assert not OrderGroup.objects.exists()
    assert stock_of(honey) == (20, 0)
