"""What a granted case takes back from everybody's share, to the fen, and who carries the loss."""

import pytest

from ledger.models import LedgerTransaction
from orders.models import AfterSaleLine
from orders.services import judging
from orders.services.receiving import receive_order
from tests.factories.cases import ask, back_on_the_way
from tests.factories.coupons import make_campaign, make_coupon
from tests.factories.orders import make_pin, make_shipped
from tests.factories.shops import make_product
from tests.orders.test_after_sales import LATER, NOW, approve, balance, key, shipped

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("completes_first", [False, True])
def test_every_share_is_given_back_to_the_fen(market, arun, mei, completes_first):
    _, source = make_pin(host=market.host, shop=market.shop, variant=market.variant)
    order = shipped(market, arun, mei, 3, source=source)
    if completes_first:
        receive_order(buyer=arun, number=order.number, now=LATER)

    for amount_fen in (3333, 1, 6800):
        case = ask(order, arun, quantity=1, reason="spoiled", amount_fen=amount_fen, now=LATER)
        approve(mei, case)
    if not completes_first:
        receive_order(buyer=arun, number=order.number, now=LATER)

    # The whole: 20400 of goods, 5 % of it the host's, 3 % the market's. 10134 and the freight went back.
    freight = case.freight_fen
    back = [sum(parts) for parts in zip(*_returned(), strict=True)]
    assert (freight, sum(back)) == (800, 10134)
    assert balance("host_payable", market.host.pk) == -(1020 - back[0])
    assert balance("platform_fee") == -(612 - back[1])
    assert balance("farmer_payable", market.farmer.pk) == -(18768 - back[2])
    assert balance("freight_payable", market.shop.pk) == -(800 - freight)
    assert back == [507, 304, 9323]
    assert LedgerTransaction.objects.filter(kind="after_sale").count() == 3


def _returned() -> list[tuple[int, int, int]]:
    rows = []
    for line in AfterSaleLine.objects.order_by("pk"):
        parts = dict(line.commission_returns.values_list("commission__kind", "amount_fen"))
        rows.append((parts["host"], parts["platform"], line.amount_fen - parts["host"] - parts["platform"]))
    return rows


def test_nothing_is_left_of_any_share_after_the_last_unit(market, arun, mei):
    _, source = make_pin(host=market.host, shop=market.shop, variant=market.variant, live_price_fen=6801)
    order = shipped(market, arun, mei, 3, source=source)
    receive_order(buyer=arun, number=order.number, now=LATER)

    for _ in range(3):
        approve(mei, ask(order, arun, quantity=1, reason="spoiled", now=LATER))

    for purpose, owner in (
        ("host_payable", market.host.pk),
        ("platform_fee", 0),
        ("farmer_payable", market.farmer.pk),
        ("freight_payable", market.shop.pk),
    ):
        assert balance(purpose, owner) == 0, purpose
    assert balance("buyer_held") == 0


@pytest.mark.parametrize(
    ("reason", "purpose"),
    [("spoiled", "farmer_payable"), ("wrong_goods", "shop_payable"), ("damaged", "carrier_claim")],
)
def test_who_had_it_in_hand_carries_the_loss(market, arun, mei, reason, purpose):
    order = shipped(market, arun, mei, 2)
    receive_order(buyer=arun, number=order.number, now=LATER)
    earned = -balance("farmer_payable", market.farmer.pk)

    approve(mei, ask(order, arun, quantity=1, reason=reason, now=LATER))

    loss = 6800 - 204  # the market's 3 % of the unit goes back too
    expected = {"farmer_payable": 0, "shop_payable": 0, "carrier_claim": 0} | {purpose: loss}
    assert earned + balance("farmer_payable", market.farmer.pk) == expected["farmer_payable"]
    assert balance("shop_payable", market.shop.pk) == expected["shop_payable"]
    assert balance("carrier_claim") == expected["carrier_claim"]


def test_nobody_carries_a_loss_of_goods_that_are_on_the_shelf_again(market, arun, mei):
    order = shipped(market, arun, mei, 2)
    receive_order(buyer=arun, number=order.number, now=LATER)
    case = ask(order, arun, quantity=1, kind="return_and_refund", reason="damaged", now=LATER)
    case = back_on_the_way(approve(mei, case), arun, now=LATER)

    judging.receive_return(actor=mei, case_id=case.pk, idempotency_key=key(), now=LATER)

    assert balance("carrier_claim") == 0
    assert balance("farmer_payable", market.farmer.pk) == -(6800 - 204)


def test_goods_of_the_shop_itself_come_out_of_its_own_share(market, arun, mei):
    own = make_product(shop=market.shop, farmer=None, title="酥油", price_fen=5000, stock=9).variants.get()
    order = make_shipped(buyer=arun, seller=mei, variant=own, quantity=2, now=NOW)
    receive_order(buyer=arun, number=order.number, now=LATER)

    approve(mei, ask(order, arun, quantity=1, reason="spoiled", now=LATER))

    assert balance("shop_payable", market.shop.pk) == -(5000 - 150)


@pytest.mark.parametrize("bearer", ["shop", "platform"])
def test_the_coupons_share_goes_back_to_its_bearer(market, arun, mei, bearer):
    shop = market.shop if bearer == "shop" else None
    campaign = make_campaign(shop=shop, by=mei, amount_off_fen=1000)
    coupon = make_coupon(campaign=campaign, user=arun)
    order = shipped(market, arun, mei, 3, coupon=coupon.pk)
    purpose, owner = ("coupon_cost", market.shop.pk) if bearer == "shop" else ("platform_coupon", 0)
    receive_order(buyer=arun, number=order.number, now=LATER)
    assert balance(purpose, owner) == 1000

    cases = [approve(mei, ask(order, arun, quantity=1, now=LATER)) for _ in range(3)]

    # 20400 less 1000, over three units, and the freight with the last.
    assert [case.amount_fen for case in cases] == [6467, 6467, 6466]
    assert [case.freight_fen for case in cases] == [0, 0, 800]
    assert sum(AfterSaleLine.objects.values_list("discount_fen", flat=True)) == 1000
    assert balance(purpose, owner) == 0
    assert balance("farmer_payable", market.farmer.pk) == balance("platform_fee") == 0
    order.refresh_from_db()
    assert order.refund_requested_fen == order.captured_fen == 20200
