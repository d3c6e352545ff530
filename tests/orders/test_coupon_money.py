"""Who pays for a coupon, to the fen: what is shared out always comes to what was paid and what was given."""

import pytest
from django.db.models import Sum

from common.clock import utc_now
from ledger.models import LedgerEntry
from ledger.services.posting import Posting, post
from ledger.statuses import Kind
from orders.services.discounting import cost_posting, share_of_units
from orders.services.paying import mark_group_paid
from orders.services.receiving import receive_order
from orders.services.shipping import ship_order
from tests.factories.coupons import make_campaign, make_coupon
from tests.factories.orders import make_pin, place_one

pytestmark = pytest.mark.django_db


def complete(order, seller, buyer):
    assert mark_group_paid(group_id=order.group_id, now=utc_now())
    ship_order(actor=seller, number=order.number, carrier="sf", tracking_number="SF00000001", now=utc_now())
    return receive_order(buyer=buyer, number=order.number, now=utc_now())


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


@pytest.mark.parametrize("bearer", ["shop", "platform"])
def test_a_part_that_goes_back_takes_its_share_of_the_coupon_along(market, mei, arun, bearer):
    campaign = campaign_of(bearer, market, mei, None)
    coupon = make_coupon(user=arun, campaign=campaign)
    order = complete(place_one(buyer=arun, variant=market.variant, quantity=3, coupon=coupon.pk), mei, arun)
    line = order.lines.get()

    parts = [share_of_units(line, before=before, units=1) for before in range(3)]
    postings = [cost_posting(campaign, line, -part.discount_fen) for part in parts]

    assert [(part.gross_fen, part.discount_fen, part.paid_fen) for part in parts] == [
        (6800, 166, 6634),
        (6800, 167, 6633),
        (6800, 167, 6633),
    ]
    assert sum(posting.amount_fen for posting in postings) == -shared_out(order)[postings[0].owner[:2]]


def test_two_refunds_of_a_discounted_line_balance_and_leave_the_bearer_at_nothing(market, mei, arun):
    """What a refund after the sale posts: the parts of buyer, farmer, market and bearer."""
    coupon = make_coupon(user=arun, campaign=make_campaign(shop=market.shop, by=mei))
    order = complete(place_one(buyer=arun, variant=market.variant, quantity=3, coupon=coupon.pk), mei, arun)
    line = order.lines.get()
    campaign = order.coupon.campaign

    for before, units in ((0, 1), (1, 2)):
        part = share_of_units(line, before=before, units=units)
        platform_fen = 612 * units // 3
        source = f"order_line:{line.pk}"
        lines = [
            ("buyer_held", -part.paid_fen, "system", 0),
            ("farmer_payable", part.gross_fen - platform_fen, "farmer", line.farmer_id),
            ("platform_fee", platform_fen, "system", 0),
        ]
        from_others = [Posting(purpose, fen, source, kind, pk) for purpose, fen, kind, pk in lines]
        post(
            kind=Kind.ADJUSTMENT,
            key=f"back:{before}",
            source=source,
            postings=[*from_others, cost_posting(campaign, line, -part.discount_fen)],
            now=utc_now(),
        )

    balances = LedgerEntry.objects.filter(account__purpose__in=["coupon_cost", "farmer_payable"])
    sums = dict(balances.values_list("account__purpose").annotate(fen=Sum("amount_fen")))
    assert sums == {"coupon_cost": 0, "farmer_payable": 0}
