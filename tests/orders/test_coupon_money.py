"""Who pays for a coupon, to the fen: what is shared out always comes to what was paid and what was given."""

from datetime import timedelta

import pytest
from django.db.models import Sum

from common.clock import utc_now
from ledger.models import LedgerEntry
from ledger.services.posting import Posting, post
from ledger.statuses import Kind
from orders.services.discounting import cost_posting
from orders.services.paying import mark_group_paid
from orders.services.receiving import receive_order
from orders.services.shipping import ship_order
from payouts.models import PayoutStatement
from tests.factories.coupons import make_campaign, make_coupon
from tests.factories.orders import make_pin, place_one
from tests.factories.payouts import close_week
from tests.factories.shops import make_product

pytestmark = pytest.mark.django_db


def complete(order, seller, buyer, now=None):
    now = now or utc_now()
    assert mark_group_paid(group_id=order.group_id, now=now)
    ship_order(actor=seller, number=order.number, carrier="sf", tracking_number="SF00000001", now=now)
    return receive_order(buyer=buyer, number=order.number, now=now)


def shared_out(order) -> dict[tuple[str, str], int]:
    entries = LedgerEntry.objects.filter(transaction__key=f"completion:{order.pk}")
    rows = entries.values("account__purpose", "account__owner_kind").annotate(fen=Sum("amount_fen"))
    return {(row["account__purpose"], row["account__owner_kind"]): row["fen"] for row in rows}


def campaign_of(bearer: str, market, mei, pin):
    if bearer == "host":
        fields = {"host": market.host, "is_live_only": True, "live_session": pin.session}
        return make_campaign(shop=market.shop, by=mei, cost_bearer="host", **fields)
    return make_campaign(shop=market.shop if bearer == "shop" else None, by=mei, cost_bearer=bearer)


@pytest.mark.parametrize(
    ("bearer", "account"),
    [
        ("shop", ("coupon_cost", "shop")),
        ("host", ("coupon_cost", "host")),
        ("platform", ("platform_coupon", "system")),
    ],
)
def test_the_bearer_pays_and_the_farmer_gets_the_part_of_the_full_price(market, mei, arun, bearer, account):
    # The floor is the full price: no coupon may ever make the farmer's part smaller.
    market.shop_authorization.floor_price_bp = 10_000
    market.shop_authorization.save(update_fields=["floor_price_bp"])
    pin, source = make_pin(host=market.host, shop=market.shop, variant=market.variant)
    coupon = make_coupon(user=arun, campaign=campaign_of(bearer, market, mei, pin))
    order = place_one(buyer=arun, variant=market.variant, quantity=2, source=source, coupon=coupon.pk)

    complete(order, mei, arun)

    # 13600 of goods: 3 % the market, 5 % the host, the rest the farmer; 800 freight; 500 by the bearer.
    assert shared_out(order) == {
        ("buyer_held", "system"): 13_900,
        account: 500,
        ("farmer_payable", "farmer"): -12_512,
        ("host_payable", "host"): -680,
        ("platform_fee", "system"): -408,
        ("freight_payable", "shop"): -800,
    }
    assert sum(shared_out(order).values()) == 0


def test_refunds_of_a_discounted_line_balance_and_leave_the_bearer_at_nothing(market, mei, arun):
    """What a refund after the sale posts: the parts of buyer, farmer, market and bearer."""
    coupon = make_coupon(user=arun, campaign=make_campaign(shop=market.shop, by=mei))
    order = complete(place_one(buyer=arun, variant=market.variant, quantity=3, coupon=coupon.pk), mei, arun)
    line = order.lines.get()
    source = f"order_line:{line.pk}"
    parts = []

    # 20400 of goods, 500 off, 19900 paid, 612 to the market: a third goes back, then the rest.
    for before_fen, amount_fen, off_fen, fee_fen in ((0, 6634, 166, 204), (6634, 13_266, 334, 408)):
        parts.append((off_fen, amount_fen + off_fen))
        post(
            kind=Kind.ADJUSTMENT,
            key=f"back:{before_fen}",
            source=source,
            postings=[
                Posting("buyer_held", -amount_fen, source),
                Posting("farmer_payable", amount_fen + off_fen - fee_fen, source, "farmer", line.farmer_id),
                Posting("platform_fee", fee_fen, source),
                cost_posting(order.coupon.campaign, line, -off_fen),
            ],
            now=utc_now(),
        )

    assert parts == [(166, 6800), (334, 13_600)]
    entries = LedgerEntry.objects.filter(source=source)
    sums = dict(entries.values_list("account__purpose").annotate(fen=Sum("amount_fen")))
    assert sums == {"coupon_cost": 0, "farmer_payable": 0, "platform_fee": 0, "buyer_held": -19_900}


def test_the_tally_takes_a_shops_coupon_from_what_it_earns(market, mei, arun):
    long_ago = utc_now() - timedelta(days=15)
    own = make_product(shop=market.shop, title="蜂蜜", price_fen=6000).variants.get()
    coupon = make_coupon(user=arun, campaign=make_campaign(shop=market.shop, by=mei))
    complete(place_one(buyer=arun, variant=own, coupon=coupon.pk, now=long_ago), mei, arun, now=long_ago)

    period = close_week(shop=market.shop, now=long_ago)

    tally = PayoutStatement.objects.get(period=period, payee_shop=market.shop)
    assert (tally.gross_fen, tally.platform_fee_fen, tally.freight_fen) == (6000, 180, 800)
    assert (tally.coupon_fen, tally.correction_fen, tally.net_fen) == (-500, 0, 6120)
    kinds = sorted(tally.lines.values_list("kind", "amount_fen"))
    assert kinds == [("coupon", -500), ("freight", 800), ("sale", 5820)]
