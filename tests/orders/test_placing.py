import uuid
from datetime import UTC, datetime, timedelta

import pytest

from common.errors import IdempotencyConflict, Invalid, NotFound
from common.models import IdempotencyKey, OutboxMessage
from livestreams.errors import BadSource
from livestreams.statuses import SessionStatus
from orders.errors import BuyerLimitReached, EmptyOrder, NotAuthorized, NotOnSale, TooManyUnpaid
from orders.models import CartLine, Order, OrderGroup, OrderLine
from orders.services.carting import add_to_cart
from orders.services.placing import place_order
from orders.services.pricing import WantedLine
from shops.errors import SoldOut
from shops.models import FarmerAuthorization, Product, Shop, StockReservation, Variant, VariantStock
from shops.statuses import AuthorizationStatus, ProductStatus, ShopStatus
from tests.factories.orders import make_address, make_pin, place, place_one
from tests.factories.shops import make_product, make_shop

NOW = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def nothing_happened(variant) -> bool:
    stock = VariantStock.objects.get(pk=variant.pk)
    return (
        not OrderGroup.objects.exists()
        and not StockReservation.objects.exists()
        and not OutboxMessage.objects.exists()
        and not IdempotencyKey.objects.exists()
        and (stock.reserved, stock.sold) == (0, 0)
    )


def test_a_purchase_freezes_name_price_address_and_shares_and_holds_the_units(market, arun):
    order = place_one(buyer=arun, variant=market.variant, quantity=2, now=NOW)

    line = order.lines.get()
    assert (line.title, line.variant_name, line.price_fen, line.quantity) == ("高山青稞米", "500克", 6800, 2)
    assert line.farmer == market.farmer
    assert list(line.commissions.values_list("kind", "rate_bp", "amount_fen")) == [("platform", 300, 408)]
    assert (order.goods_fen, order.freight_fen, order.total_fen) == (13600, 800, 14400)
    assert (order.recipient, order.address, order.status) == ("阿润", "人民路 1 号", "pending_payment")
    assert order.group.total_fen == 14400
    assert order.group.expires_at == NOW + timedelta(minutes=15)
    assert (line.reservation.quantity, line.reservation.expires_at) == (2, order.group.expires_at)
    stock = VariantStock.objects.get(pk=market.variant.pk)
    assert (stock.available, stock.reserved, stock.sold) == (98, 2, 0)
    assert len(order.number) == 16
    assert order.number.startswith("261001")


def test_one_purchase_in_two_shops_makes_two_orders_with_freight_each(market, arun, zoya):
    other_shop = make_shop(owner=zoya)
    other = make_product(shop=other_shop, title="蜂蜜", price_fen=3000).variants.get()

    group = place(buyer=arun, lines=[(other, 1), (market.variant, 1)], now=NOW)

    assert sorted(group.orders.values_list("shop", "total_fen")) == sorted(
        [(market.shop.pk, 7600), (other_shop.pk, 3800)]
    )
    assert group.total_fen == 11400
    assert OrderLine.objects.get(variant=other).farmer is None


def test_the_live_price_and_the_hosts_share_hold_while_the_session_is_on_air(market, arun):
    pin, source = make_pin(host=market.host, shop=market.shop, variant=market.variant, live_price_fen=5900)

    line = place_one(buyer=arun, variant=market.variant, source=source).lines.get()

    assert (line.price_fen, line.live_session, line.pin_event) == (5900, pin.session, pin)
    shares = sorted(line.commissions.values_list("kind", "host", "rate_bp", "amount_fen"))
    assert shares == [("host", market.host.pk, 500, 295), ("platform", None, 300, 177)]


def test_after_the_session_the_ordinary_price_holds_and_the_host_still_earns(market, arun):
    pin, source = make_pin(
        host=market.host, shop=market.shop, variant=market.variant, live_price_fen=5900,
        status=SessionStatus.ENDED,
    )  # fmt: skip

    line = place_one(buyer=arun, variant=market.variant, source=source).lines.get()

    assert (line.price_fen, line.live_session) == (6800, pin.session)
    assert line.commissions.get(kind="host").amount_fen == 340


def test_a_host_whose_consent_was_withdrawn_after_the_pin_earns_nothing(market, arun):
    _, source = make_pin(host=market.host, shop=market.shop, variant=market.variant, live_price_fen=5900)
    FarmerAuthorization.objects.filter(host=market.host).update(
        status=AuthorizationStatus.REVOKED, revoked_at=NOW
    )

    line = place_one(buyer=arun, variant=market.variant, source=source).lines.get()

    shares = list(line.commissions.values_list("kind", "rate_bp", "amount_fen"))
    assert shares == [("platform", 300, 177)]


@pytest.mark.parametrize(("hour", "day"), [(15, "261001"), (16, "261002")])
def test_the_number_begins_with_the_day_in_the_village(market, arun, hour, day):
    order = place_one(buyer=arun, variant=market.variant, now=NOW.replace(hour=hour))

    assert (order.number[:6], len(order.number)) == (day, 16)


def test_a_forged_source_or_one_of_another_variant_is_refused(market, arun):
    other = make_product(shop=market.shop, title="蜂蜜").variants.get()
    _, source = make_pin(host=market.host, shop=market.shop, variant=other, live_price_fen=1)
    OutboxMessage.objects.all().delete()

    for forged in (source, "1:forged:token", source[:-2] + "xx"):
        with pytest.raises(BadSource):
            place_one(buyer=arun, variant=market.variant, source=forged)

    assert nothing_happened(market.variant)


def test_one_person_cannot_buy_more_than_the_session_allows(market, arun, zoya):
    _, source = make_pin(
        host=market.host, shop=market.shop, variant=market.variant, live_price_fen=5900, per_buyer_limit=3
    )
    place_one(buyer=arun, variant=market.variant, quantity=2, source=source)

    with pytest.raises(BuyerLimitReached):
        place_one(buyer=arun, variant=market.variant, quantity=2, source=source)

    assert Order.objects.count() == 1
    assert place_one(buyer=zoya, variant=market.variant, quantity=3, source=source).goods_fen == 17700


@pytest.mark.parametrize("quantity", [0, -1, 1000, 10**9, 1.5, "1", True, float("nan"), None])
def test_a3_a_quantity_that_is_none_is_refused(market, arun, quantity):
    with pytest.raises(Invalid) as refusal:
        place_order(
            buyer=arun,
            lines=[WantedLine(market.variant.pk, quantity)],
            address_id=market.address.pk,
            idempotency_key=uuid.uuid4(),
            now=NOW,
        )

    assert "quantity" in refusal.value.fields
    assert nothing_happened(market.variant)


def test_nothing_or_the_same_thing_twice_is_refused(market, arun):
    wanted = {"buyer": arun, "address_id": market.address.pk, "idempotency_key": uuid.uuid4(), "now": NOW}

    with pytest.raises(EmptyOrder):
        place_order(lines=[], **wanted)
    with pytest.raises(Invalid):
        place_order(lines=[WantedLine(market.variant.pk, 1)] * 2, **wanted)

    assert nothing_happened(market.variant)


def test_c1_a_strangers_address_is_not_found(market, arun, zoya):
    hers = make_address(user=zoya)

    with pytest.raises(NotFound):
        place_order(
            buyer=arun,
            lines=[WantedLine(market.variant.pk, 1)],
            address_id=hers.pk,
            idempotency_key=uuid.uuid4(),
            now=NOW,
        )

    assert nothing_happened(market.variant)


def test_only_what_is_published_active_and_in_an_open_shop_is_sold(market, arun):
    changes = [
        (Product, market.product.pk, {"status": ProductStatus.ARCHIVED}, {"status": ProductStatus.PUBLISHED}),
        (Shop, market.shop.pk, {"status": ShopStatus.SUSPENDED}, {"status": ShopStatus.OPEN}),
        (Variant, market.variant.pk, {"is_active": False}, {"is_active": True}),
    ]
    for model, pk, closed, opened in changes:
        model.objects.filter(pk=pk).update(**closed)
        with pytest.raises(NotOnSale):
            place_one(buyer=arun, variant=market.variant)
        model.objects.filter(pk=pk).update(**opened)

    assert nothing_happened(market.variant)


def test_goods_of_a_farmer_who_withdrew_are_not_sold(market, arun):
    FarmerAuthorization.objects.filter(pk=market.shop_authorization.pk).update(
        status=AuthorizationStatus.REVOKED, revoked_at=NOW
    )

    with pytest.raises(NotAuthorized):
        place_one(buyer=arun, variant=market.variant)

    assert nothing_happened(market.variant)


def test_when_one_line_is_sold_out_the_whole_purchase_is_refused(market, arun):
    rare = make_product(shop=market.shop, title="松茸", stock=1).variants.get()

    with pytest.raises(SoldOut):
        place(buyer=arun, lines=[(market.variant, 1), (rare, 2)])

    assert nothing_happened(market.variant)
    assert VariantStock.objects.get(pk=rare.pk).available == 1


def test_the_same_key_again_gives_the_first_answer(market, arun):
    key = uuid.uuid4()
    wanted = {"buyer": arun, "address_id": market.address.pk, "idempotency_key": key, "now": NOW}

    first, replayed_first = place_order(lines=[WantedLine(market.variant.pk, 1)], **wanted)
    second, replayed_second = place_order(lines=[WantedLine(market.variant.pk, 1)], **wanted)

    assert (replayed_first, replayed_second) == (False, True)
    assert first == second
    assert Order.objects.count() == 1
    with pytest.raises(IdempotencyConflict):
        place_order(lines=[WantedLine(market.variant.pk, 2)], **wanted)
    assert Order.objects.count() == 1


def test_ordering_from_the_cart_takes_only_the_ordered_lines_out(market, arun):
    honey = make_product(shop=market.shop, title="蜂蜜").variants.get()
    for variant in (market.variant, honey):
        add_to_cart(user=arun, variant_id=variant.pk, quantity=1, now=NOW)

    place_order(
        buyer=arun,
        lines=[WantedLine(market.variant.pk, 1)],
        address_id=market.address.pk,
        idempotency_key=uuid.uuid4(),
        now=NOW,
        clear_cart=True,
    )

    assert [line.variant for line in CartLine.objects.filter(cart__user=arun)] == [honey]


def test_one_person_cannot_hold_the_shelf_with_unpaid_purchases(market, arun, zoya, settings):
    settings.UNPAID_PURCHASES_MAX = 2
    for _ in range(2):
        place_one(buyer=arun, variant=market.variant, quantity=1, now=NOW)

    with pytest.raises(TooManyUnpaid):
        place_one(buyer=arun, variant=market.variant, quantity=1, now=NOW)

    assert OrderGroup.objects.filter(buyer=arun).count() == 2
    assert VariantStock.objects.get(pk=market.variant.pk).reserved == 2
    make_address(user=zoya)
    assert place_one(buyer=zoya, variant=market.variant, quantity=1, now=NOW).status == "pending_payment"
