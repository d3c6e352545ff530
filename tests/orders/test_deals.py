"""Buying at a deal's price: whose clock, how many, and where unpaid units go."""

import uuid
from datetime import timedelta

import pytest
from django.db.models import Sum
from rest_framework.test import APIClient

from common.clock import database_now, utc_now
from common.errors import Invalid, NotFound
from livestreams.errors import DealClosed
from livestreams.models import FlashDeal
from livestreams.services import dealing, timing_deals
from orders.errors import BuyerLimitReached, NotAuthorized
from orders.models import Order, OrderGroup, OrderLine
from orders.services.cancelling import cancel_by_buyer, expire_group, finish_cancelling
from orders.services.paying import mark_group_paid
from orders.services.placing import place_order
from orders.services.pricing import WantedLine
from shops.errors import SoldOut
from shops.models import DealStock, FarmerAuthorization, StockReservation, VariantStock
from shops.statuses import AuthorizationStatus
from tests.factories.livestreams import add_to_rundown, make_deal, make_pin, make_session
from tests.factories.orders import make_address
from tests.factories.orders import make_pin as make_source
from tests.factories.shops import make_person, make_product

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


def buy(buyer, deal, quantity=1, *, variant_id=None, source="", more=(), key=None) -> OrderGroup:
    address = buyer.addresses.first() or make_address(user=buyer)
    wanted = WantedLine(variant_id or deal.rundown_item.variant_id, quantity, deal_id=deal.pk)
    answer, _ = place_order(
        buyer=buyer, lines=[wanted, *more], address_id=address.pk, source=source,
        idempotency_key=key or uuid.uuid4(), now=utc_now(),
    )  # fmt: skip
    return OrderGroup.objects.get(pk=answer["group"])


def units(deal) -> tuple[int, int, int]:
    """(available, reserved, sold) of the deal, after asserting that every unit is somewhere."""
    stock = DealStock.objects.get(pk=deal.stock_id)
    row = VariantStock.objects.get(pk=stock.variant_id)
    moved = stock.variant.movements.aggregate(n=Sum("quantity"))["n"]
    assert row.available + row.reserved + row.in_deals == moved
    assert row.in_deals == stock.available + stock.reserved
    held = StockReservation.objects.filter(status="held", variant=stock.variant)
    assert stock.reserved == (held.filter(deal_stock=stock).aggregate(n=Sum("quantity"))["n"] or 0)
    assert row.reserved == (held.filter(deal_stock=None).aggregate(n=Sum("quantity"))["n"] or 0)
    return stock.available, stock.reserved, stock.sold


def over(deal, seconds: float = 1) -> None:
    FlashDeal.objects.filter(pk=deal.pk).update(ends_at=database_now() - timedelta(seconds=seconds))


def call_off(group, *, expired=False) -> None:
    order = group.orders.get()
    if expired:
        OrderGroup.objects.filter(pk=group.pk).update(expires_at=utc_now())
        assert expire_group(group_id=group.pk, now=utc_now())
    else:
        cancel_by_buyer(buyer=group.buyer, number=order.number, now=utc_now())
    assert finish_cancelling(group_id=group.pk, now=utc_now())


def test_the_deals_price_its_show_and_the_shares_are_frozen(market, arun, item, deal):
    pin = make_pin(item=item)

    line = buy(arun, deal, 2).orders.get().lines.get()

    assert (line.price_fen, line.total_fen, line.flash_deal) == (5000, 10_000, deal)
    assert (line.live_session, line.pin_event) == (item.session, pin)
    assert sorted(line.commissions.values_list("kind", "rate_bp", "amount_fen")) == [
        ("host", 500, 500), ("platform", 300, 300),
    ]  # fmt: skip
    assert (line.reservation.deal_stock_id, line.reservation.quantity) == (deal.stock_id, 2)
    assert units(deal) == (8, 2, 0)
    assert VariantStock.objects.get(pk=market.variant.pk).available == 90


def test_the_api_sells_a_deal_and_answers_a_repetition_with_the_same(market, arun, deal):
    client = APIClient()
    client.force_login(arun)
    body = {
        "lines": [{"variant": market.variant.pk, "quantity": 1, "deal": deal.pk, "price_fen": 1}],
        "address": market.address.pk,
    }
    key = {"Idempotency-Key": str(uuid.uuid4())}

    first = client.post("/api/v1/orders/", body, headers=key)
    again = client.post("/api/v1/orders/", body, headers=key)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json()["total_fen"] == 5000 + 800
    line = client.get(f"/api/v1/orders/{first.json()['orders'][0]['number']}/").json()["lines"][0]
    assert (line["flash_deal"], line["price_fen"]) == (deal.pk, 5000)
    other = client.post(
        "/api/v1/orders/", {**body, "lines": [{"variant": market.variant.pk, "quantity": 1}]}, headers=key
    )
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    assert units(deal) == (9, 1, 0)


@pytest.mark.parametrize(
    ("field", "value"),
    [("quantity", value) for value in (-1, 0, 10**9, "1.5", "NaN", None, [1], {"a": 1})]
    + [("deal", value) for value in (-1, 0, 2**63, "1.5", "NaN", [1], {"a": 1})],
)
def test_a3_hostile_numbers_are_400(market, arun, deal, field, value):
    client = APIClient()
    client.force_login(arun)
    line = {"variant": market.variant.pk, "quantity": 1, "deal": deal.pk, field: value}

    answer = client.post(
        "/api/v1/orders/",
        {"lines": [line], "address": market.address.pk},
        headers={"Idempotency-Key": str(uuid.uuid4())},
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert units(deal) == (10, 0, 0)


def test_a_deal_that_is_not_there_or_for_other_goods(market, arun, deal, zoya):
    other = make_product(shop=market.shop, title="蜂蜜").variants.get()
    with pytest.raises(Invalid):
        buy(arun, deal, variant_id=other.pk)
    deal.pk = 10**9
    with pytest.raises(NotFound):
        buy(arun, deal)
    assert not Order.objects.exists()


def test_before_the_countdown_is_over_nobody_buys(arun, item):
    deal = make_deal(item=item, countdown=30)
    with pytest.raises(DealClosed):
        buy(arun, deal)
    planned = make_deal(
        item=add_to_rundown(session=item.session, variant=_more(item)), price_fen=100, starts=False
    )
    with pytest.raises(DealClosed):
        buy(arun, planned)
    assert units(deal) == (10, 0, 0)
    assert not Order.objects.exists()


def _more(item):
    shop = item.session.shop
    return make_product(shop=shop, title="松茸", price_fen=3000).variants.get()


def test_the_countdown_ends_by_the_databases_clock_though_nobody_swept(arun, item):
    deal = make_deal(item=item, countdown=30)
    FlashDeal.objects.filter(pk=deal.pk).update(starts_at=database_now())

    buy(arun, deal)

    assert units(deal) == (9, 1, 0)


def test_after_its_end_nothing_is_sold_though_nobody_swept(arun, deal):
    over(deal)

    with pytest.raises(DealClosed):
        buy(arun, deal)

    assert units(deal) == (10, 0, 0)
    deal.refresh_from_db()
    assert deal.status == "active"
    assert not OrderGroup.objects.exists()


def test_f7_a_web_server_whose_clock_is_wrong_sells_neither_early_nor_late(arun, deal):
    address = make_address(user=arun)
    over(deal)
    for wrong in (timedelta(minutes=-10), timedelta(minutes=10)):
        with pytest.raises(DealClosed):
            place_order(
                buyer=arun,
                lines=[WantedLine(deal.rundown_item.variant_id, 1, deal_id=deal.pk)],
                address_id=address.pk,
                idempotency_key=uuid.uuid4(),
                now=utc_now() + wrong,
            )


def test_the_last_unit_sells_out_and_comes_back_when_it_is_not_paid(
    arun, deal, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        group = buy(arun, deal, 10)
    deal.refresh_from_db()
    assert (deal.status, units(deal)) == ("sold_out", (0, 10, 0))
    with pytest.raises(SoldOut):
        buy(make_person(), deal)

    call_off(group, expired=True)
    timing_deals.watch_deals()

    deal.refresh_from_db()
    assert (deal.status, units(deal)) == ("active", (10, 0, 0))
    assert OrderLine.objects.get().reservation.status == "expired"
    buy(make_person(), deal, 3)
    assert units(deal) == (7, 3, 0)


@pytest.mark.parametrize("swept", [True, False])
def test_units_that_come_back_after_the_end_go_to_the_variant(market, arun, deal, swept):
    group = buy(arun, deal, 4)
    over(deal)
    if swept:
        timing_deals.watch_deals()

    call_off(group)
    timing_deals.watch_deals()

    assert units(deal) == (0, 0, 0)
    row = VariantStock.objects.get(pk=market.variant.pk)
    assert (row.available, row.in_deals) == (100, 0)


def test_a_purchase_keeps_its_price_when_the_deal_is_over(market, arun, deal, zhuoma):
    group = buy(arun, deal, 4)
    dealing.stop_deal(actor=zhuoma, deal_id=deal.pk, now=database_now())

    assert mark_group_paid(group_id=group.pk, now=utc_now())

    assert group.total_fen == 4 * 5000 + 800
    assert units(deal) == (0, 0, 4)
    row = VariantStock.objects.get(pk=market.variant.pk)
    assert (row.available, row.reserved, row.sold, row.in_deals) == (96, 0, 4, 0)
    assert market.variant.movements.get(kind="sale").quantity == -4


def test_paid_and_called_off_units_go_to_the_shelf_not_to_the_deal(market, arun, deal, mei):
    group = buy(arun, deal, 4)
    assert mark_group_paid(group_id=group.pk, now=utc_now())

    cancel_by_buyer(buyer=arun, number=group.orders.get().number, now=utc_now())

    assert units(deal) == (6, 0, 4)
    assert VariantStock.objects.get(pk=market.variant.pk).available == 94


def test_b8_late_money_takes_the_deals_units_again_while_there_are_any(market, arun, deal):
    group = buy(arun, deal, 4)
    call_off(group, expired=True)
    buy(make_person(), deal, 7)
    assert not mark_group_paid(group_id=group.pk, now=utc_now())
    assert units(deal) == (3, 7, 0)

    small = buy(make_person(), deal, 3)
    call_off(small, expired=True)

    assert mark_group_paid(group_id=small.pk, now=utc_now())
    assert units(deal) == (0, 7, 3)


def test_b8_after_the_deal_late_money_takes_from_the_shelf_within_what_the_deal_promised(market, arun, deal):
    first, second = buy(arun, deal, 6), buy(make_person(), deal, 4)
    call_off(first, expired=True)
    third = buy(make_person(), deal, 5)
    assert mark_group_paid(group_id=second.pk, now=utc_now())
    assert mark_group_paid(group_id=third.pk, now=utc_now())
    over(deal)
    timing_deals.watch_deals()
    assert units(deal) == (0, 0, 9)

    assert not mark_group_paid(group_id=first.pk, now=utc_now())
    assert units(deal) == (0, 0, 9)
    DealStock.objects.filter(pk=deal.stock_id).update(quantity=15)
    assert mark_group_paid(group_id=first.pk, now=utc_now())

    assert units(deal) == (0, 0, 15)
    assert VariantStock.objects.get(pk=market.variant.pk).available == 85


def test_the_limit_counts_paid_and_unpaid_and_forgets_what_was_called_off(market, arun, item):
    deal = make_deal(item=item, quantity=10, per_buyer=3)
    first = buy(arun, deal, 1)
    assert mark_group_paid(group_id=first.pk, now=utc_now())
    second = buy(arun, deal, 2)
    with pytest.raises(BuyerLimitReached):
        buy(arun, deal, 1)
    buy(make_person(), deal, 3)

    call_off(second)
    buy(arun, deal, 2)

    assert units(deal) == (4, 5, 1)


def test_one_basket_with_a_deal_and_ordinary_goods(market, arun, deal):
    honey = make_product(shop=market.shop, farmer=market.farmer, title="蜂蜜", price_fen=3000).variants.get()

    group = buy(arun, deal, 2, more=[WantedLine(honey.pk, 1)])

    assert group.total_fen == 2 * 5000 + 3000 + 800
    assert units(deal) == (8, 2, 0)
    with pytest.raises(Invalid):
        buy(arun, deal, 1, more=[WantedLine(market.variant.pk, 1)])


def test_without_the_farmers_consent_a_deal_sells_nothing(arun, deal):
    FarmerAuthorization.objects.update(status=AuthorizationStatus.REVOKED)

    with pytest.raises(NotAuthorized):
        buy(arun, deal)

    assert units(deal) == (10, 0, 0)


def test_ordinary_sales_on_air_stay_within_the_quota_that_deals_leave(market, arun, valkey):
    pin, source = make_source(host=market.host, shop=market.shop, variant=market.variant, live_price_fen=5900)
    item = pin.rundown_item
    item.quota = 12
    item.save(update_fields=["quota"])
    make_deal(item=item, quantity=10)
    address = make_address(user=arun)

    def ordinary(quantity, source=source):
        return place_order(
            buyer=arun, lines=[WantedLine(market.variant.pk, quantity)], address_id=address.pk, source=source,
            idempotency_key=uuid.uuid4(), now=utc_now(),
        )  # fmt: skip

    with pytest.raises(SoldOut):
        ordinary(3)
    group = OrderGroup.objects.get(pk=ordinary(2)[0]["group"])
    with pytest.raises(SoldOut):
        ordinary(1)
    call_off(group)
    ordinary(1)

    ordinary(5, source="")
    assert OrderLine.objects.filter(live_session=None).get().price_fen == 6800


def test_a_limit_on_air_holds_without_a_live_price_too(market, arun, valkey):
    _pin, source = make_source(host=market.host, shop=market.shop, variant=market.variant, per_buyer_limit=2)
    address = make_address(user=arun)

    with pytest.raises(BuyerLimitReached):
        place_order(
            buyer=arun, lines=[WantedLine(market.variant.pk, 3)], address_id=address.pk, source=source,
            idempotency_key=uuid.uuid4(), now=utc_now(),
        )  # fmt: skip

    assert not Order.objects.exists()
