"""On which terms a shared stock is sold: the highest floor, frozen with each line (decisions.md 11)."""

import uuid

import pytest

from livestreams.errors import BelowFloorPrice
from livestreams.services.dealing import create_deal
from orders.models import Order
from orders.services.placing import place_order
from orders.services.pricing import WantedLine
from shops.errors import (
    FarmerNotAuthorized,
    PriceBelowFloor,
)
from shops.models import FarmerAuthorization
from shops.services import people
from shops.services.listing import ListingData, VariantData, save_product
from shops.services.pooling import hold_lot, offer_lot
from tests.factories.livestreams import add_to_rundown, make_deal, make_session
from tests.factories.lots import bring, counted, make_grower, make_pool
from tests.factories.orders import make_paid
from tests.orders.two_paths import assert_equal_paths, kinds, wish

pytestmark = pytest.mark.django_db


def test_the_floor_is_the_highest_of_the_lots_that_could_fill_the_line(market, mei, arun, now):
    variant = make_pool(shop=market.shop, actor=mei, price_fen=10000, now=now)
    proud = make_grower(shop=market.shop, name="高价", floor_price_bp=9000)
    modest = make_grower(shop=market.shop, name="低价", floor_price_bp=5000)
    bring(actor=mei, variant=variant, farmer=modest, quantity=5, now=now)
    first = variant.term_sheets.order_by("-version").first()
    high = bring(actor=mei, variant=variant, farmer=proud, quantity=5, now=now)
    second = variant.term_sheets.order_by("-version").first()
    hold_lot(actor=mei, lot=high, reason="潮", now=now)
    third = variant.term_sheets.order_by("-version").first()

    assert [one.floor_fen for one in (first, second, third)] == [5000, 9000, 5000]
    assert [one.version for one in (first, second, third)] == [2, 3, 4]
    assert second.farmer_ids == {proud.pk, modest.pk}
    assert second.terms[0]["authorization"] == modest.authorizations.get().pk


def below(market, mei, now):
    variant = make_pool(shop=market.shop, actor=mei, price_fen=10000, now=now)
    for name, floor in (("高价", 9000), ("低价", 5000)):
        farmer = make_grower(shop=market.shop, name=name, floor_price_bp=floor, host=market.host)
        bring(actor=mei, variant=variant, farmer=farmer, quantity=10, now=now)
    return variant


def test_a_deal_below_the_floor_is_refused_when_made_and_when_bought(market, mei, zhuoma, arun, now, valkey):
    variant = below(market, mei, now)
    item = add_to_rundown(session=make_session(host=market.host, shop=market.shop), variant=variant)
    with pytest.raises(BelowFloorPrice):
        create_deal(
            actor=zhuoma, session_id=item.session_id, item_id=item.pk, price_fen=8999, quantity=2, seconds=60,
            countdown=0, starts=True, now=now,
        )  # fmt: skip
    deal = make_deal(item=item, price_fen=9500, quantity=4)
    type(deal).objects.filter(pk=deal.pk).update(price_fen=8999)  # as if it had been made under other terms
    address = arun.addresses.get()

    with pytest.raises(BelowFloorPrice):
        place_order(
            buyer=arun, lines=[WantedLine(variant.pk, 1, deal_id=deal.pk)], address_id=address.pk,
            idempotency_key=uuid.uuid4(), now=now,
        )  # fmt: skip
    assert not Order.objects.exists()
    assert kinds(assert_equal_paths([wish(arun, deal)])) == ["below_floor_price"]


def test_both_paths_freeze_the_same_terms(market, mei, arun, zoya, now, valkey):
    variant = below(market, mei, now)
    item = add_to_rundown(
        session=make_session(host=market.host, shop=market.shop), variant=variant, host_commission_bp=500
    )
    deal = make_deal(item=item, price_fen=9000, quantity=6)

    assert kinds(assert_equal_paths([wish(arun, deal, 2), wish(zoya, deal)])) == ["placed", "placed"]
    # One of the farmers does not let the host sell any more: nothing is kept from the terms before.
    FarmerAuthorization.objects.filter(host=market.host, farmer__name="高价").update(
        status="revoked", revoked_at=now
    )
    assert kinds(assert_equal_paths([wish(arun, deal, 2)])) == ["placed"]
    bring(actor=mei, variant=variant, farmer=make_grower(shop=market.shop, name="新"), quantity=1, now=now)
    assert kinds(assert_equal_paths([wish(arun, deal, 2)])) == ["placed"]


def test_a_listed_price_below_the_floor_is_refused(market, mei, now):
    variant = below(market, mei, now)

    def reprice(price_fen):
        product = variant.product
        data = ListingData(
            title=product.title, category=product.category, village=product.village,
            variants=[VariantData(name=variant.name, price_fen=price_fen, pk=variant.pk)],
        )  # fmt: skip
        save_product(actor=mei, shop=market.shop, product=product, data=data, now=now)

    with pytest.raises(PriceBelowFloor):
        reprice(8999)
    variant.refresh_from_db()
    assert variant.price_fen == 10000
    reprice(9000)
    variant.refresh_from_db()
    assert variant.price_fen == 9000
    # What was agreed when the goods came does not fall with the price.
    assert variant.term_sheets.order_by("-version").first().floor_fen == 9000


def test_new_terms_hold_for_what_is_unsold_and_are_kept_as_history(market, mei, arun, growers, pool, now):
    make_paid(buyer=arun, variant=pool, now=now)
    people.authorize(actor=mei, farmer=growers[0], shop=market.shop, floor_price_bp=9500, now=now)

    assert pool.term_sheets.order_by("-version").first().floor_fen == 6460
    assert sorted(growers[0].authorizations.filter(shop=market.shop).values_list("status", flat=True)) == [
        "granted", "revoked",
    ]  # fmt: skip
    assert pool.order_lines.get().term_sheet.floor_fen == 0


def test_a_withdrawn_consent_takes_the_lots_off_sale(market, mei, arun, growers, pool, now):
    authorization = growers[0].authorizations.get(shop=market.shop)
    people.revoke(actor=mei, authorization=authorization, now=now)

    lot = pool.lots.first()
    assert (lot.status, counted(pool)) == ("held", (10, 0, 0))
    with pytest.raises(FarmerNotAuthorized):
        offer_lot(actor=mei, lot=lot, now=now)
    order = make_paid(buyer=arun, variant=pool, quantity=3, now=now)
    assert [one.farmer for one in order.lines.get().allocations.all()] == [growers[1]]
