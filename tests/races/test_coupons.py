"""Crowds around coupons: the last one, one coupon in many purchases, two orders called off at once (A5)."""

import threading
import uuid

import pytest
from django.db import connection, transaction

from common.clock import utc_now
from orders.models import CouponCampaign, CouponClaim, Order, OrderGroup
from orders.services import using
from orders.services.cancelling import cancel_by_buyer
from orders.services.claiming import claim_coupon
from orders.services.paying import mark_group_paid
from orders.services.placing import place_order
from orders.services.pricing import WantedLine
from tests.factories.coupons import make_campaign, make_coupon
from tests.factories.orders import place
from tests.factories.shops import make_person, make_product, make_shop
from tests.races.test_last_unit import at_once

pytestmark = pytest.mark.django_db(transaction=True)

CROWD = 50


def test_a5_fifty_want_the_last_coupon_and_one_gets_it(market, mei):
    campaign = make_campaign(shop=market.shop, by=mei, total=1)
    people = [make_person(name=f"买家{i}") for i in range(CROWD)]

    def take(i: int) -> str:
        claim_coupon(user=people[i], campaign_id=campaign.pk, now=utc_now())
        return "taken"

    outcomes = at_once(CROWD, take)

    assert outcomes == {"taken": 1, "coupon_gone": CROWD - 1}
    campaign.refresh_from_db()
    assert (campaign.claimed, CouponClaim.objects.count()) == (1, 1)


def test_a5_control_without_the_guard_the_last_coupon_is_given_many_times(market, mei):
    """Read, then write: the same tables, the counter set by whoever looked instead of by one statement."""
    campaign = make_campaign(shop=market.shop, by=mei, total=1)
    people = [make_person(name=f"买家{i}") for i in range(20)]
    everyone_has_looked = threading.Barrier(20, timeout=30)

    def take_unguarded(i: int) -> str:
        seen = CouponCampaign.objects.get(pk=campaign.pk)
        everyone_has_looked.wait()
        if seen.claimed >= seen.total:
            return "coupon_gone"
        with transaction.atomic():
            CouponCampaign.objects.filter(pk=campaign.pk).update(claimed=seen.claimed + 1)
            CouponClaim.objects.create(
                campaign=seen, user=people[i], number=1, claimed_at=utc_now(), valid_until=seen.ends_at
            )
        return "taken"

    outcomes = at_once(20, take_unguarded)

    assert outcomes["taken"] > 1
    assert CouponClaim.objects.count() > campaign.total


def test_one_person_taps_twenty_times_and_gets_one(market, mei, arun):
    campaign = make_campaign(shop=market.shop, by=mei)

    def take(i: int) -> str:
        claim_coupon(user=arun, campaign_id=campaign.pk, now=utc_now())
        return "taken"

    outcomes = at_once(20, take)

    assert outcomes == {"taken": 1, "coupon_limit": 19}
    campaign.refresh_from_db()
    assert (campaign.claimed, CouponClaim.objects.count()) == (1, 1)


@pytest.fixture
def coupon(market, mei, arun, settings) -> CouponClaim:
    settings.UNPAID_PURCHASES_MAX = 100
    return make_coupon(user=arun, campaign=make_campaign(shop=market.shop, by=mei))


def _order_at_once(number: int, market, buyer, coupon: CouponClaim):
    def order(i: int) -> str:
        place_order(
            buyer=buyer,
            lines=[WantedLine(market.variant.pk, 1)],
            address_id=market.address.pk,
            idempotency_key=uuid.uuid4(),
            coupon_id=coupon.pk,
            now=utc_now(),
        )
        return "placed"

    return at_once(number, order)


def test_one_coupon_in_twenty_purchases_at_once_makes_one_cheaper(market, arun, coupon):
    outcomes = _order_at_once(20, market, arun, coupon)

    assert outcomes == {"placed": 1, "coupon_used": 19}
    coupon.refresh_from_db()
    assert (coupon.status, coupon.group) == ("held", OrderGroup.objects.get())
    assert Order.objects.get().discount_fen == 500


def test_control_without_the_guard_one_coupon_makes_many_purchases_cheaper(market, arun, coupon, monkeypatch):
    """No lock and no condition on the row's state: everyone who saw it free uses it."""
    everyone_has_looked = threading.Barrier(10, timeout=30)

    def look(*, buyer, coupon_id):
        seen = CouponClaim.objects.select_related("campaign").get(pk=coupon_id, user=buyer)
        everyone_has_looked.wait()
        assert seen.status == "claimed"
        return seen

    def hold(*, coupon, group):
        CouponClaim.objects.filter(pk=coupon.pk).update(status="held", group=group)

    monkeypatch.setattr("orders.services.placing.lock_coupon", look)
    monkeypatch.setattr("orders.services.placing.hold_coupon", hold)

    outcomes = _order_at_once(10, market, arun, coupon)

    assert outcomes["placed"] > 1
    assert Order.objects.filter(discount_fen=500).count() > 1


def test_the_statement_alone_lets_one_purchase_have_the_coupon(market, arun, coupon, monkeypatch):
    """Even when everyone has read it free: the condition is in the UPDATE, not in what was read."""
    everyone_has_looked = threading.Barrier(10, timeout=30)

    def look(*, buyer, coupon_id):
        seen = CouponClaim.objects.select_related("campaign").get(pk=coupon_id, user=buyer)
        everyone_has_looked.wait()
        return seen

    monkeypatch.setattr("orders.services.placing.lock_coupon", look)

    outcomes = _order_at_once(10, market, arun, coupon)

    assert outcomes == {"placed": 1, "coupon_used": 9}
    assert Order.objects.filter(discount_fen=500).count() == Order.objects.count() == 1


def test_two_orders_of_a_coupon_called_off_at_once_give_it_back_once(market, mei, arun, zoya):
    other = make_product(shop=make_shop(owner=zoya), title="蜂蜜", price_fen=6000).variants.get()
    coupon = make_coupon(user=arun, campaign=make_campaign(shop=None, by=mei))
    group = place(buyer=arun, lines=[(market.variant, 1), (other, 1)], coupon=coupon.pk)
    mark_group_paid(group_id=group.pk, now=utc_now())
    numbers = list(group.orders.values_list("number", flat=True))

    def cancel(i: int) -> str:
        return cancel_by_buyer(buyer=arun, number=numbers[i], now=utc_now()).status

    outcomes = at_once(2, cancel)

    assert outcomes == {"cancelled": 2}
    coupon.refresh_from_db()
    assert (coupon.status, coupon.group_id) == ("returned", None)


def test_paying_and_running_out_at_once_leave_the_coupon_where_the_order_is(market, arun, coupon):
    for _ in range(5):
        group = place(buyer=arun, lines=[(market.variant, 1)], coupon=coupon.pk)
        acts = [
            lambda group=group: str(mark_group_paid(group_id=group.pk, now=utc_now())),
            lambda group=group: str(cancel_by_buyer(
                buyer=arun, number=group.orders.get().number, now=utc_now()).status),
        ]  # fmt: skip
        at_once(2, lambda i, acts=acts: acts[i]())
        coupon.refresh_from_db()
        order = group.orders.get()
        expected = {
            "paid": ("used", group.pk),
            "cancelling": ("held", group.pk),
            "cancelled": ("returned", None),
        }[order.status]
        assert (coupon.status, coupon.group_id) == expected
        _free(coupon)

    assert connection.in_atomic_block is False
    assert using.expire_coupons() == 0


def _free(coupon: CouponClaim) -> None:
    CouponClaim.objects.filter(pk=coupon.pk).update(status="claimed", group=None)
