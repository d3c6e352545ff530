"""Taking a coupon, using it once, and what becomes of it when the purchase is called off."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from common.clock import database_now, utc_now
from common.errors import NotFound
from common.models import IdempotencyKey, OutboxMessage
from orders.errors import (
    CouponClosed,
    CouponExpired,
    CouponGone,
    CouponLimitReached,
    CouponNotUsable,
    CouponUsed,
)
from orders.models import CouponCampaign, CouponClaim, Order, OrderGroup, OrderLine
from orders.services.cancelling import cancel_by_buyer, cancel_by_shop, expire_group, finish_cancelling
from orders.services.claiming import claim_coupon
from orders.services.confirming import confirm_group, refuse_parcel
from orders.services.paying import mark_group_paid
from orders.services.shipping import ship_order
from orders.services.using import expire_coupons
from shops.models import StockReservation, VariantStock
from tests.factories.coupons import make_campaign, make_coupon
from tests.factories.orders import make_pin, place, place_one
from tests.factories.shops import make_product, make_shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(market, mei) -> CouponCampaign:
    return make_campaign(shop=market.shop, by=mei)


def state(coupon: CouponClaim) -> tuple[str, int | None]:
    coupon.refresh_from_db()
    return coupon.status, coupon.group_id


def assert_nothing_ordered(market, coupon: CouponClaim) -> None:
    assert (OrderGroup.objects.count(), StockReservation.objects.count()) == (0, 0)
    assert (IdempotencyKey.objects.count(), OutboxMessage.objects.count()) == (0, 0)
    assert VariantStock.objects.get(pk=market.variant.pk).available == 100
    assert state(coupon) == ("claimed", None)


def test_taking_a_coupon_counts_it_and_makes_it_the_persons(campaign, arun):
    coupon = claim_coupon(user=arun, campaign_id=campaign.pk, now=utc_now())

    campaign.refresh_from_db()
    assert (campaign.claimed, campaign.left) == (1, 99)
    assert (coupon.user, coupon.number, coupon.status) == (arun, 1, "claimed")
    assert coupon.valid_until == campaign.ends_at


def test_a_person_gets_as_many_as_one_person_may(campaign, arun, zoya):
    CouponCampaign.objects.filter(pk=campaign.pk).update(per_person=2)
    make_coupon(user=arun, campaign=campaign)
    make_coupon(user=arun, campaign=campaign)

    with pytest.raises(CouponLimitReached):
        make_coupon(user=arun, campaign=campaign)

    make_coupon(user=zoya, campaign=campaign)
    campaign.refresh_from_db()
    assert campaign.claimed == 3
    assert list(CouponClaim.objects.for_user(arun).values_list("number", flat=True)) == [1, 2]


@pytest.mark.parametrize(
    ("moved", "refusal"),
    [
        ({"claimed": 100}, CouponGone),
        ({"stopped_at": database_now}, CouponClosed),
        ({"starts_at": lambda: database_now() + timedelta(minutes=1)}, CouponClosed),
        ({"ends_at": lambda: database_now() - timedelta(seconds=1)}, CouponClosed),
    ],
)
def test_a_coupon_cannot_be_taken_outside_its_window_or_when_all_are_gone(campaign, arun, moved, refusal):
    values = {name: value() if callable(value) else value for name, value in moved.items()}
    CouponCampaign.objects.filter(pk=campaign.pk).update(**values)
    before = CouponCampaign.objects.get(pk=campaign.pk).claimed

    with pytest.raises(refusal):
        make_coupon(user=arun, campaign=campaign)

    campaign.refresh_from_db()
    assert (campaign.claimed, CouponClaim.objects.count()) == (before, 0)


@pytest.mark.parametrize(
    ("status", "is_open"),
    [("scheduled", False), ("live", True), ("interrupted", True), ("ended", False)],
)
def test_a_coupon_of_a_show_is_taken_while_it_is_on_air(market, mei, arun, status, is_open):
    pin, _ = make_pin(host=market.host, shop=market.shop, variant=market.variant, status=status)
    campaign = make_campaign(shop=market.shop, by=mei, is_live_only=True, live_session=pin.session)

    if is_open:
        make_coupon(user=arun, campaign=campaign)
    else:
        with pytest.raises(CouponClosed):
            make_coupon(user=arun, campaign=campaign)

    assert CouponClaim.objects.count() == int(is_open)


def test_a_purchase_freezes_what_the_coupon_took_off_and_holds_it(market, campaign, arun):
    other = make_product(shop=market.shop, title="蜂蜜", price_fen=3300).variants.get()
    coupon = make_coupon(user=arun, campaign=campaign)

    group = place(buyer=arun, lines=[(market.variant, 2), (other, 1)], coupon=coupon.pk)

    order = group.orders.get()
    lines = OrderLine.objects.order_by("variant_id").values_list("total_fen", "discount_fen")
    assert list(lines) == [(13600, 402), (3300, 98)]  # 500 × 136 / 169 = 402.37, 500 × 33 / 169 = 97.63
    assert (order.goods_fen, order.freight_fen, order.discount_fen) == (16900, 800, 500)
    assert (order.total_fen, group.total_fen, order.coupon) == (17200, 17200, coupon)
    assert state(coupon) == ("held", group.pk)
    assert list(order.lines.get(variant=market.variant).commissions.values_list("kind", "amount_fen")) == [
        ("platform", 408)
    ]


def test_the_markets_coupon_is_spread_over_the_shops_of_a_purchase(market, mei, arun, zoya):
    other = make_product(shop=make_shop(owner=zoya), title="蜂蜜", price_fen=3200).variants.get()
    campaign = make_campaign(shop=None, by=mei, amount_off_fen=1001, minimum_fen=10_000)
    coupon = make_coupon(user=arun, campaign=campaign)

    group = place(buyer=arun, lines=[(market.variant, 1), (other, 1)], coupon=coupon.pk)

    discounts = dict(group.orders.values_list("shop", "discount_fen"))
    assert discounts == {market.shop.pk: 681, other.product.shop_id: 320}
    assert group.total_fen == 6800 + 3200 + 1600 - 1001


def test_a_percentage_stops_at_its_cap(market, mei, arun):
    campaign = make_campaign(shop=market.shop, by=mei, percent_off=15, cap_fen=1500, minimum_fen=1)
    coupons = [make_coupon(user=arun, campaign=campaign)]
    CouponCampaign.objects.filter(pk=campaign.pk).update(per_person=2)
    coupons.append(make_coupon(user=arun, campaign=campaign))

    small = place_one(buyer=arun, variant=market.variant, coupon=coupons[0].pk)
    large = place_one(buyer=arun, variant=market.variant, quantity=2, coupon=coupons[1].pk)

    assert (small.discount_fen, large.discount_fen) == (1020, 1500)


def test_the_shops_coupon_holds_only_for_its_own_goods_and_from_its_minimum_on(market, campaign, arun, zoya):
    other = make_product(shop=make_shop(owner=zoya), title="蜂蜜", price_fen=90_000).variants.get()
    cheap = make_product(shop=market.shop, title="辣椒", price_fen=4999).variants.get()
    coupon = make_coupon(user=arun, campaign=campaign)

    with pytest.raises(CouponNotUsable):
        place(buyer=arun, lines=[(other, 1), (cheap, 1)], coupon=coupon.pk)

    assert_nothing_ordered(market, coupon)


def test_a_live_coupon_holds_for_what_its_show_sells_on_air(market, mei, arun):
    pin, source = make_pin(host=market.host, shop=market.shop, variant=market.variant)
    campaign = make_campaign(shop=market.shop, by=mei, is_live_only=True, live_session=pin.session)
    coupon = make_coupon(user=arun, campaign=campaign)

    with pytest.raises(CouponNotUsable):
        place_one(buyer=arun, variant=market.variant, coupon=coupon.pk)
    assert_nothing_ordered(market, coupon)
    order = place_one(buyer=arun, variant=market.variant, source=source, coupon=coupon.pk)

    assert order.discount_fen == 500


def test_a_foreign_coupon_is_not_there(market, campaign, arun, zoya):
    coupon = make_coupon(user=zoya, campaign=campaign)

    with pytest.raises(NotFound):
        place_one(buyer=arun, variant=market.variant, coupon=coupon.pk)

    assert_nothing_ordered(market, coupon)


def test_a_coupon_of_another_purchase_cannot_be_used_again(market, campaign, arun):
    coupon = make_coupon(user=arun, campaign=campaign)
    first = place(buyer=arun, lines=[(market.variant, 1)], coupon=coupon.pk)

    with pytest.raises(CouponUsed):
        place(buyer=arun, lines=[(market.variant, 1)], coupon=coupon.pk)
    assert mark_group_paid(group_id=first.pk, now=utc_now())
    with pytest.raises(CouponUsed):
        place(buyer=arun, lines=[(market.variant, 1)], coupon=coupon.pk)

    assert state(coupon) == ("used", first.pk)
    assert Order.objects.count() == 1


def test_a_coupon_whose_time_has_run_out_is_refused_by_the_databases_clock(market, campaign, arun):
    coupon = make_coupon(user=arun, campaign=campaign)
    CouponClaim.objects.update(valid_until=database_now() - timedelta(seconds=1))

    with pytest.raises(CouponExpired):
        place_one(buyer=arun, variant=market.variant, coupon=coupon.pk, now=utc_now() - timedelta(days=9))

    assert_nothing_ordered(market, coupon)
    assert expire_coupons() == 1
    assert expire_coupons() == 0
    assert state(coupon) == ("expired", None)
    with pytest.raises(CouponExpired):
        place_one(buyer=arun, variant=market.variant, coupon=coupon.pk)


def test_the_same_key_with_another_coupon_is_another_body(market, campaign, arun):
    coupon = make_coupon(user=arun, campaign=campaign)
    key = uuid.uuid4()
    group = place(buyer=arun, lines=[(market.variant, 1)], coupon=coupon.pk, key=key)

    again = place(buyer=arun, lines=[(market.variant, 1)], coupon=coupon.pk, key=key)

    assert again == group
    assert state(coupon) == ("held", group.pk)


def test_an_unpaid_purchase_lets_go_of_its_coupon(market, campaign, arun):
    coupon = make_coupon(user=arun, campaign=campaign)
    group = place(buyer=arun, lines=[(market.variant, 1)], coupon=coupon.pk)

    assert expire_group(group_id=group.pk, now=group.expires_at)
    assert state(coupon) == ("held", group.pk)  # until the provider has said that no money can come
    finish_cancelling(group_id=group.pk, now=group.expires_at)

    assert state(coupon) == ("claimed", None)
    assert place_one(buyer=arun, variant=market.variant, coupon=coupon.pk).discount_fen == 500


def test_late_money_takes_the_released_coupon_again(market, campaign, arun):
    coupon = make_coupon(user=arun, campaign=campaign)
    group = place(buyer=arun, lines=[(market.variant, 1)], coupon=coupon.pk)
    expire_group(group_id=group.pk, now=group.expires_at)
    finish_cancelling(group_id=group.pk, now=group.expires_at)

    assert mark_group_paid(group_id=group.pk, now=group.expires_at + timedelta(minutes=1))

    assert state(coupon) == ("used", group.pk)


def test_late_money_goes_back_when_the_coupon_is_in_another_purchase(market, campaign, arun):
    coupon = make_coupon(user=arun, campaign=campaign)
    group = place(buyer=arun, lines=[(market.variant, 1)], coupon=coupon.pk)
    expire_group(group_id=group.pk, now=group.expires_at)
    finish_cancelling(group_id=group.pk, now=group.expires_at)
    second = place(buyer=arun, lines=[(market.variant, 1)], coupon=coupon.pk)

    assert not mark_group_paid(group_id=group.pk, now=group.expires_at + timedelta(minutes=1))

    assert state(coupon) == ("held", second.pk)
    assert group.orders.get().status == "cancelled"
    assert VariantStock.objects.get(pk=market.variant.pk).available == 99


@pytest.mark.parametrize("by_shop", [False, True])
def test_an_order_called_off_before_shipping_gives_the_coupon_back(market, campaign, arun, mei, by_shop):
    coupon = make_coupon(user=arun, campaign=campaign)
    order = place_one(buyer=arun, variant=market.variant, coupon=coupon.pk)
    mark_group_paid(group_id=order.group_id, now=utc_now())
    later = campaign.ends_at + timedelta(hours=1)

    if by_shop:
        cancel_by_shop(actor=mei, number=order.number, now=later)
    else:
        cancel_by_buyer(buyer=arun, number=order.number, now=later)

    assert state(coupon) == ("returned", None)
    assert coupon.valid_until == (later + timedelta(days=7) if by_shop else campaign.ends_at)
    order.refresh_from_db()
    assert (order.coupon, order.refund_requested_fen) == (coupon, 7100)  # 6800 - 500 + 800


def test_a_coupon_of_two_shops_comes_back_with_the_last_order_only(market, mei, arun, zoya):
    other = make_product(shop=make_shop(owner=zoya), title="蜂蜜", price_fen=3200).variants.get()
    coupon = make_coupon(user=arun, campaign=make_campaign(shop=None, by=mei))
    group = place(buyer=arun, lines=[(market.variant, 1), (other, 1)], coupon=coupon.pk)
    mark_group_paid(group_id=group.pk, now=utc_now())
    first, second = group.orders.order_by("pk")

    cancel_by_buyer(buyer=arun, number=first.number, now=utc_now())
    assert state(coupon) == ("used", group.pk)
    cancel_by_buyer(buyer=arun, number=second.number, now=utc_now())

    assert state(coupon) == ("returned", None)


def test_a_parcel_refused_at_the_door_keeps_its_coupon_used(market, campaign, arun, mei):
    coupon = make_coupon(user=arun, campaign=campaign)
    order = place_one(buyer=arun, variant=market.variant, coupon=coupon.pk)
    confirm_group(group_id=order.group_id, now=utc_now())
    assert state(coupon) == ("used", order.group_id)
    ship_order(actor=mei, number=order.number, carrier="sf", tracking_number="SF00000001", now=utc_now())

    refuse_parcel(actor=mei, number=order.number, now=utc_now())

    assert state(coupon) == ("used", order.group_id)


def test_one_parcel_that_was_on_its_way_keeps_the_coupon_of_two_shops_used(market, mei, arun, zoya):
    other = make_product(shop=make_shop(owner=zoya), title="蜂蜜", price_fen=3200).variants.get()
    coupon = make_coupon(user=arun, campaign=make_campaign(shop=None, by=mei))
    group = place(buyer=arun, lines=[(market.variant, 1), (other, 1)], coupon=coupon.pk)
    confirm_group(group_id=group.pk, now=utc_now())
    barley, honey = group.orders.get(shop=market.shop), group.orders.exclude(shop=market.shop).get()
    ship_order(actor=mei, number=barley.number, carrier="sf", tracking_number="SF00000001", now=utc_now())
    refuse_parcel(actor=mei, number=barley.number, now=utc_now())

    cancel_by_shop(actor=zoya, number=honey.number, now=utc_now())

    assert state(coupon) == ("used", group.pk)


@pytest.mark.parametrize(
    "broken",
    [
        {"claimed": 101},
        {"cost_bearer": "farmer"},
        {"amount_off_fen": 5000},
        {"percent_off": 10},
        {"amount_off_fen": None},
        {"cost_bearer": "host"},
        {"per_person": 0},
    ],
)
def test_the_database_refuses_terms_that_make_no_sense(campaign, broken):
    with pytest.raises(IntegrityError), transaction.atomic():
        CouponCampaign.objects.filter(pk=campaign.pk).update(**broken)


def test_the_database_refuses_one_purchase_with_two_coupons_and_a_loose_hold(market, campaign, arun, zoya):
    coupon = make_coupon(user=arun, campaign=campaign)
    other = make_coupon(user=zoya, campaign=campaign)
    group = place(buyer=arun, lines=[(market.variant, 1)], coupon=coupon.pk)

    for broken in ({"status": "held"}, {"status": "used", "group": group}):
        with pytest.raises(IntegrityError), transaction.atomic():
            CouponClaim.objects.filter(pk=other.pk).update(**broken)
    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(group=group).update(discount_fen=501)

    assert state(other) == ("claimed", None)
