"""What sending costs: cart, checkout and order agree to the fen."""

import json
import uuid

import pytest

from accounts.models import Address
from common.models import IdempotencyKey, OutboxMessage
from orders.errors import RegionNeeded, Undeliverable
from orders.models import CartLine, Order, OrderGroup
from orders.services.carting import add_to_cart
from orders.services.quoting import quote_cart
from shops.models import StockReservation, VariantStock
from tests.factories.freight import make_freight, zone
from tests.factories.orders import make_address, place, place_one
from tests.factories.shops import NOW, make_product, make_shop

pytestmark = pytest.mark.django_db


def nothing_happened(variant) -> bool:
    stock = VariantStock.objects.get(pk=variant.pk)
    return (
        not OrderGroup.objects.exists()
        and not StockReservation.objects.exists()
        and not OutboxMessage.objects.exists()
        and not IdempotencyKey.objects.exists()
        and (stock.available, stock.reserved) == (100, 0)
    )


@pytest.fixture
def template(market):
    market.variant.weight_g = 600
    market.variant.save(update_fields=["weight_g"])
    return make_freight(
        shop=market.shop, is_default=True,
        zones=[zone(), zone("530000", first_fen=400), zone("650000", is_deliverable=False)],
    )  # fmt: skip


def test_the_freight_by_weight_and_region_is_frozen_in_the_order(market, arun, template):
    order = place_one(buyer=arun, variant=market.variant, quantity=3)
    template.zones.update(first_fen=9900)
    order.refresh_from_db()

    assert (order.goods_fen, order.freight_fen, order.total_fen) == (20400, 1600, 22000)
    assert (order.region_code, order.group.total_fen) == ("310101", 22000)


def test_a_products_own_template_goes_before_the_shops(market, arun, template):
    market.product.freight_template = make_freight(
        shop=market.shop, name="冷链", zones=[zone(first_fen=5000)]
    )
    market.product.save(update_fields=["freight_template"])

    assert place_one(buyer=arun, variant=market.variant).freight_fen == 5000


def test_a_shop_without_a_template_keeps_the_flat_freight(market, arun, zoya, template):
    other = make_product(shop=make_shop(owner=zoya), title="蜂蜜", price_fen=3000).variants.get()

    group = place(buyer=arun, lines=[(other, 1), (market.variant, 1)])

    assert sorted(group.orders.values_list("freight_fen", flat=True)) == [800, 1000]


@pytest.mark.parametrize("quantity", [1, 2, 7])
def test_quote_and_order_say_the_same(market, arun, template, quantity):
    honey = make_product(shop=market.shop, title="蜂蜜", price_fen=3000).variants.get()
    add_to_cart(user=arun, variant_id=market.variant.pk, quantity=quantity, now=NOW)
    add_to_cart(user=arun, variant_id=honey.pk, quantity=1, now=NOW)

    quote = quote_cart(user=arun, region_code="310101")
    group = place(buyer=arun, lines=[(market.variant, quantity), (honey, 1)])

    assert quote.total_fen == group.total_fen
    assert quote.freight_fen == group.orders.get().freight_fen


def test_a_region_that_is_not_sent_to_is_refused_and_nothing_is_written(market, arun, template, client):
    Address.objects.filter(pk=market.address.pk).update(region_code="650102")
    client.force_login(arun)

    with pytest.raises(Undeliverable):
        place_one(buyer=arun, variant=market.variant)
    answer = client.post(
        "/api/v1/orders/",
        json.dumps({"lines": [{"variant": market.variant.pk, "quantity": 1}], "address": market.address.pk}),
        content_type="application/json",
        headers={"Idempotency-Key": str(uuid.uuid4())},
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "undeliverable")
    assert "高山青稞米" in answer.json()["fields"]["lines"]
    assert nothing_happened(market.variant)


def test_an_old_address_is_asked_for_its_region_only_where_that_matters(market, arun, zoya, template):
    Address.objects.filter(pk=market.address.pk).update(region_code="")
    other = make_product(shop=make_shop(owner=zoya), title="蜂蜜", price_fen=3000).variants.get()

    with pytest.raises(RegionNeeded):
        place_one(buyer=arun, variant=market.variant)

    assert nothing_happened(market.variant)
    assert place_one(buyer=arun, variant=other).freight_fen == 800


def test_the_checkout_leaves_out_what_cannot_be_sent_and_takes_another_address(
    market, arun, template, client
):
    far = make_address(user=arun, region_code="650102", region="新疆 乌鲁木齐市 天山区")
    add_to_cart(user=arun, variant_id=market.variant.pk, quantity=1, now=NOW)
    client.force_login(arun)

    page = client.get("/checkout/", {"address": far.pk})

    assert page.status_code == 200
    assert [line.problem for line in page.context["quote"].lines] == ["undeliverable"]
    assert (page.context["can_order"], page.context["quote"].total_fen) == (False, 0)
    assert b"data-undeliverable" in page.content
    seen = {"key": str(uuid.uuid4()), "total_fen": "7800"}
    assert client.post("/checkout/", seen | {"address": far.pk}).status_code == 409
    assert not Order.objects.exists()
    assert client.post("/checkout/", seen | {"address": market.address.pk}).status_code == 302
    assert Order.objects.get().freight_fen == 1000
    assert not CartLine.objects.exists()


def test_the_checkout_asks_for_the_region_of_an_old_address(market, arun, template, client):
    Address.objects.filter(pk=market.address.pk).update(region_code="")
    add_to_cart(user=arun, variant_id=market.variant.pk, quantity=1, now=NOW)
    client.force_login(arun)

    page = client.get("/checkout/")
    posted = client.post(
        "/checkout/",
        {
            "key": str(uuid.uuid4()),
            "address": market.address.pk,
            "total_fen": page.context["quote"].total_fen,
        },
    )

    assert b"data-complete" in page.content
    assert posted.status_code == 409
    away = client.post("/checkout/", {"key": str(uuid.uuid4()), "go": "complete"})
    assert away.url == f"/me/addresses/{market.address.pk}/?next=%2Fcheckout%2F"
    assert not Order.objects.exists()


def ask(client, market, address, **changes):
    body = {"lines": [{"variant": market.variant.pk, "quantity": 3}], "address": address.pk} | changes
    return client.post("/api/v1/order-quotes/", body, content_type="application/json")


def test_what_a_purchase_would_cost_is_asked_before_it_is_placed(client, market, arun, template):
    client.force_login(arun)

    answer = ask(client, market, market.address)

    assert (answer.status_code, answer.json()) == (
        200, {"goods_fen": 20400, "freight_fen": 1600, "total_fen": 22000},
    )  # fmt: skip
    assert nothing_happened(market.variant)
    assert place_one(buyer=arun, variant=market.variant, quantity=3).total_fen == 22000


def test_a_quote_refuses_what_the_order_would_refuse(client, market, arun, zoya, template):
    client.force_login(arun)
    there = make_address(user=arun)
    Address.objects.filter(pk=there.pk).update(region_code="650102")

    told = [
        ask(client, market, there),
        ask(client, market, make_address(user=zoya)),
        ask(client, market, there, lines=[{"variant": market.variant.pk, "quantity": "1.5"}]),
        ask(client, market, there, source="forged"),
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in told] == [
        (409, "undeliverable"), (404, "not_found"), (400, "invalid"), (400, "bad_source"),
    ]  # fmt: skip
    assert nothing_happened(market.variant)
