"""A coupon on goods that many farmers share: its bearer pays it, the farmers' parts by lots stay whole."""

import pytest
from django.db.models import Sum

from ledger.models import LedgerEntry
from livestreams.errors import BelowFloorPrice
from orders.models import CouponClaim, LotReturn, Order
from orders.services.receiving import receive_order
from tests.factories.cases import ask
from tests.factories.coupons import make_campaign, make_coupon
from tests.factories.lots import bring, everything, make_grower, make_pool, payable
from tests.factories.orders import make_pin, make_shipped, place_one
from tests.orders.test_after_sales import LATER, NOW, approve, balance

pytestmark = pytest.mark.django_db

ACCOUNTS = {
    "shop": ("coupon_cost", "shop"),
    "host": ("coupon_cost", "host"),
    "platform": ("platform_coupon", "system"),
}


def coupon_of(bearer: str, market, mei, arun, session, **fields) -> int:
    """Let arun take a coupon that this one pays."""
    if bearer == "host":
        fields |= {"host": market.host, "is_live_only": True, "live_session": session}
    shop = None if bearer == "platform" else market.shop
    campaign = make_campaign(shop=shop, by=mei, cost_bearer=bearer, **fields)
    return make_coupon(user=arun, campaign=campaign).pk


def posted(**which) -> dict[tuple[str, str], int]:
    """What the book has on each kind of account, in fen."""
    entries = LedgerEntry.objects.filter(**which).order_by()
    rows = entries.values_list("account__purpose", "account__owner_kind").annotate(Sum("amount_fen"))
    return {(purpose, kind): fen for purpose, kind, fen in rows}


@pytest.mark.parametrize("bearer", ACCOUNTS)
def test_the_bearer_pays_and_the_lots_share_the_full_price(market, mei, arun, growers, pool, bearer):
    pin, source = make_pin(host=market.host, shop=market.shop, variant=pool)
    coupon = coupon_of(bearer, market, mei, arun, pin.session)
    order = make_shipped(
        buyer=arun, seller=mei, variant=pool, quantity=4, source=source, coupon=coupon, now=NOW
    )

    receive_order(buyer=arun, number=order.number, now=LATER)

    # 27200 of goods: 5 % the host, 3 % the market, the rest by three units and one; 500 off by the bearer.
    assert order.discount_fen == 500
    assert posted(transaction__key=f"completion:{order.pk}") == {
        ("buyer_held", "system"): 27_200 + order.freight_fen - 500,
        ACCOUNTS[bearer]: 500,
        ("farmer_payable", "farmer"): -25_024,
        ("host_payable", "host"): -1_360,
        ("platform_fee", "system"): -816,
        ("freight_payable", "shop"): -order.freight_fen,
    }
    assert [payable(farmer) for farmer in growers] == [18_768, 6_256]
    shares = order.lines.get().allocations.order_by("pk")
    assert list(shares.values_list("quantity", "gross_fen", "host_fen", "platform_fen")) == [
        (3, 20_400, 1_020, 612), (1, 6_800, 340, 204),
    ]  # fmt: skip


def test_the_farmers_get_the_same_with_and_without_a_coupon(market, mei, arun, growers, pool):
    """Also where the coupon takes nearly all of the price."""
    dear = {"amount_off_fen": 13_000, "minimum_fen": 13_600}
    earned = []
    for fields in (None, {}, dear):
        before = [payable(farmer) for farmer in growers]
        coupon = coupon_of("platform", market, mei, arun, None, **fields) if fields is not None else None
        order = make_shipped(buyer=arun, seller=mei, variant=pool, quantity=2, coupon=coupon, now=NOW)
        receive_order(buyer=arun, number=order.number, now=LATER)
        units = dict(order.lines.get().allocations.values_list("farmer").annotate(Sum("quantity")))
        after = [payable(farmer) for farmer in growers]
        # 6800 less 3 %, for each unit of a lot.
        assert [now - then for now, then in zip(after, before, strict=True)] == [
            6_596 * units.get(farmer.pk, 0) for farmer in growers
        ]
        earned.append(sum(after) - sum(before))

    assert earned == [13_192] * 3
    assert balance("platform_coupon") == 13_500


@pytest.fixture
def proud_pool(market, mei, now):
    """Two farmers: one agreed to half the price, one to no less than nine tenths."""
    variant = make_pool(shop=market.shop, actor=mei, price_fen=10_000, now=now)
    for name, floor in (("低价", 5_000), ("高价", 9_000)):
        farmer = make_grower(shop=market.shop, name=name, floor_price_bp=floor, host=market.host)
        bring(actor=mei, variant=variant, farmer=farmer, quantity=5, now=now)
    return variant


def test_the_floor_of_the_proudest_holds_before_the_coupon(market, mei, arun, proud_pool):
    pin, source = make_pin(host=market.host, shop=market.shop, variant=proud_pool, live_price_fen=9_000)
    coupon = coupon_of("shop", market, mei, arun, pin.session, amount_off_fen=4_000)

    order = make_shipped(
        buyer=arun, seller=mei, variant=proud_pool, quantity=2, source=source, coupon=coupon, now=NOW
    )
    receive_order(buyer=arun, number=order.number, now=LATER)

    # The buyer pays 14000 for what may not be sold below 18000: the shop has taken that on itself.
    line = order.lines.get()
    assert (line.term_sheet.floor_fen, line.total_fen, line.paid_fen) == (9_000, 18_000, 14_000)
    assert balance("coupon_cost", market.shop.pk) == 4_000
    assert balance("host_payable", market.host.pk) == -900
    grown = line.allocations.values_list("farmer__name", "gross_fen", "host_fen", "platform_fen")
    assert sorted(grown) == [("低价", 9_000, 450, 270), ("高价", 9_000, 450, 270)]


@pytest.mark.parametrize("bearer", ACCOUNTS)
def test_no_coupon_buys_a_price_below_the_floor(market, mei, arun, proud_pool, bearer):
    pin, source = make_pin(host=market.host, shop=market.shop, variant=proud_pool, live_price_fen=8_999)
    coupon = coupon_of(bearer, market, mei, arun, pin.session)
    before = everything(proud_pool)

    with pytest.raises(BelowFloorPrice):
        place_one(buyer=arun, variant=proud_pool, quantity=2, source=source, coupon=coupon)

    assert everything(proud_pool) == before
    assert not Order.objects.exists()
    assert CouponClaim.objects.get(pk=coupon).used_at is None


@pytest.fixture
def bought(market, mei, arun, pool, bearer):
    """Three units at an odd price, two of one lot and one of the other, less 777 by a coupon."""
    type(pool).objects.filter(pk=pool.pk).update(price_fen=6_801)
    pin, source = make_pin(host=market.host, shop=market.shop, variant=pool)
    coupon = coupon_of(bearer, market, mei, arun, pin.session, amount_off_fen=777)
    order = make_shipped(
        buyer=arun, seller=mei, variant=pool, quantity=3, source=source, coupon=coupon, now=NOW
    )
    return receive_order(buyer=arun, number=order.number, now=LATER)


@pytest.mark.parametrize("bearer", ACCOUNTS)
def test_partial_refunds_come_out_of_every_share_to_the_fen(market, mei, arun, growers, bought, bearer):
    taken = []
    for amount_fen in (1_001, None, None):
        case = approve(mei, ask(bought, arun, quantity=1, amount_fen=amount_fen, now=LATER))
        book = posted(transaction__key=f"after_sale:{case.pk}")
        assert sum(book.values()) == 0
        assert book["buyer_held", "system"] == -case.amount_fen - case.freight_fen
        lots = LotReturn.objects.filter(line__case=case).order_by("allocation")
        taken.append((
            case.amount_fen, -book[ACCOUNTS[bearer]], book["host_payable", "host"],
            book["platform_fee", "system"], book["farmer_payable", "farmer"],
            list(lots.values_list("amount_fen", flat=True)),
        ))  # fmt: skip

    # The buyer gets, and the bearer; of host, market and farmers, these by their lots of two units and one.
    assert taken == [
        (1_001, 39, 52, 31, 957, [638, 319]),
        (6_542, 259, 340, 204, 6_257, [4_171, 2_086]),
        (6_542, 259, 340, 204, 6_257, [4_172, 2_085]),
    ]
    # What is left of 20403 of goods: 1020 the host's, 612 the market's, 18771 the farmers', 777 the coupon.
    assert [payable(farmer) for farmer in growers] == [12_514 - 8_981, 6_257 - 4_490]
    left = posted(source=f"order_line:{bought.lines.get().pk}")
    assert left[ACCOUNTS[bearer]] == 777 - 557
    assert left["host_payable", "host"] == -(1_020 - 732)
    assert left["platform_fee", "system"] == -(612 - 439)


@pytest.mark.parametrize("bearer", ACCOUNTS)
def test_nothing_is_left_of_any_share_after_the_last_unit(market, mei, arun, growers, bought, bearer):
    cases = [approve(mei, ask(bought, arun, quantity=1, now=LATER)) for _ in range(3)]

    assert [case.amount_fen for case in cases] == [6_542] * 3
    assert [payable(farmer) for farmer in growers] == [0, 0]
    assert set(posted().values()) == {0}
    assert ACCOUNTS[bearer] in posted()
