"""What the buyer is shown as everybody's part is what the book posts, to the fen."""

import pytest
from django.db.models import Sum

from common.clock import utc_now
from ledger.models import LedgerEntry
from orders.money_cards import money_box, plain_sale_parts
from orders.selectors.splitting import order_parts
from orders.services.paying import mark_group_paid
from orders.services.receiving import receive_order
from orders.services.shipping import ship_order
from shops.pricing import split_price
from tests.factories.coupons import make_campaign, make_coupon
from tests.factories.lots import bring, make_grower, make_pool
from tests.factories.orders import make_paid, make_pin, place
from tests.factories.shops import make_product

pytestmark = pytest.mark.django_db

ACCOUNTS = {
    "farmer": ("farmer_payable",),
    "shop": ("shop_payable",),
    "host": ("host_payable",),
    "platform": ("platform_fee",),
    "freight": ("freight_payable",),
}


def posted(order) -> dict[str, int]:
    entries = LedgerEntry.objects.filter(transaction__key=f"completion:{order.pk}")
    sums = dict(entries.order_by().values_list("account__purpose").annotate(Sum("amount_fen")))
    return {
        kind: -sum(sums.get(name, 0) for name in names)
        for kind, names in ACCOUNTS.items()
        if any(name in sums for name in names)
    }


def shown(order) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in order_parts(order):
        kind = "farmer" if part.kind == "pool" else part.kind
        found[kind] = found.get(kind, 0) + part.amount_fen
    return found


def complete(order, seller, buyer) -> None:
    now = utc_now()
    ship_order(actor=seller, number=order.number, carrier="sf", tracking_number=f"SF{order.pk:012d}", now=now)
    receive_order(buyer=buyer, number=order.number, now=now)


@pytest.mark.parametrize("bearer", ["", "shop", "host", "platform"])
def test_parts_on_the_order_page_are_posted_to_the_fen(market, mei, arun, client, bearer):
    """Goods of a farmer shown live, of the shop, of a pool of two farmers, with freight and a coupon."""
    now = utc_now()
    gifts = make_product(shop=market.shop, title="礼盒", price_fen=4_567).variants.get()
    pool = make_pool(shop=market.shop, actor=mei, now=now, price_fen=3_333)
    for name in ("白玛", "次仁"):
        bring(actor=mei, variant=pool, farmer=make_grower(shop=market.shop, name=name), quantity=1, now=now)
    pin, source = make_pin(host=market.host, shop=market.shop, variant=market.variant)
    coupon = None
    if bearer:
        fields = {"cost_bearer": bearer, "amount_off_fen": 777}
        if bearer == "host":
            fields |= {"host": market.host, "is_live_only": True, "live_session": pin.session}
        shop = None if bearer == "platform" else market.shop
        coupon = make_coupon(user=arun, campaign=make_campaign(shop=shop, by=mei, **fields)).pk
    lines = [(market.variant, 3), (gifts, 1), (pool, 2)]
    group = place(buyer=arun, lines=lines, source=source, coupon=coupon)
    assert mark_group_paid(group_id=group.pk, now=utc_now())
    order = group.orders.get()
    before = shown(order)
    client.force_login(arun)
    html = client.get(f"/orders/{order.number}/").content.decode()

    complete(order, mei, arun)

    assert before == posted(order) == shown(order)
    assert sum(before.values()) == order.total_fen + order.discount_fen
    assert set(before) == {"farmer", "shop", "host", "platform", "freight"}
    assert order.discount_fen == (777 if bearer else 0)
    # 3 bags and 2 of the pool at 97 %, of the bags 5 % more for the host.
    assert before["host"] == split_price(
        total_fen=20_400, host_commission_bp=500, platform_fee_bp=300
    ).host_fen == 1_020  # fmt: skip
    for part in money_box(order).parts:
        assert f"¥{part.amount_fen // 100}.{part.amount_fen % 100:02d}" in html.replace(",", "")


@pytest.mark.parametrize("price_fen", [1, 3, 33, 6_801, 99_999])
def test_parts_on_the_product_page_are_posted_to_the_fen(market, mei, arun, client, price_fen):
    variant = market.variant
    variant.price_fen = price_fen
    variant.save(update_fields=["price_fen"])
    parts = client.get(f"/products/{market.product.pk}/?variant={variant.pk}").context["parts"]

    order = make_paid(buyer=arun, variant=variant)
    complete(order, mei, arun)

    book = posted(order)
    assert {part.kind: part.amount_fen for part in parts if part.amount_fen} == {
        kind: amount for kind, amount in book.items() if kind in ("farmer", "platform")
    }


def test_a_pools_page_names_its_farmers_as_the_order_does(client, market, mei, arun):
    now = utc_now()
    pool = make_pool(shop=market.shop, actor=mei, now=now, price_fen=3_333)
    bring(actor=mei, variant=pool, farmer=make_grower(shop=market.shop, name="格桑"), quantity=3, now=now)
    gifts = make_product(shop=market.shop, title="礼盒").variants.get()

    pooled, of_shop, of_farmer = (plain_sale_parts(one.product, one) for one in (pool, gifts, market.variant))

    assert [(one.kind, one.amount_fen) for one in pooled] == [("farmer", 3_233), ("platform", 100)]
    assert of_shop[0].label == market.shop.name
    assert of_farmer[0].label == market.farmer.name
    assert pooled[0].label not in (market.shop.name, "")
    order = make_paid(buyer=arun, variant=pool)
    assert money_box(order).parts[0].label == pooled[0].label
    assert pooled[0].label in client.get(f"/products/{pool.product_id}/").content.decode()
