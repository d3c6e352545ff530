"""Coupons at the market's cost: made in the admin, through the service; their counters are compared."""

import importlib

import pytest
from django.db import connection

from backoffice.comparing import JOBS
from common.clock import database_now, utc_now
from common.models import AuditEntry
from livestreams.models import LiveSession
from livestreams.statuses import SessionStatus
from orders.models import CouponCampaign, CouponClaim, OrderLine, ShipmentLine
from orders.services.claiming import claim_coupon
from orders.services.paying import mark_group_paid
from tests.factories.coupons import make_campaign, make_coupon
from tests.factories.orders import make_pin, make_shipped, place_one

pytestmark = pytest.mark.django_db

ADD = "/admin/orders/couponcampaign/add/"
TYPED = {
    "title": "助农满减", "amount_off_fen": "8", "minimum_fen": "50", "total": "30", "per_person": "1",
    "starts_at_0": "2026-01-01", "starts_at_1": "00:00:00",
    "ends_at_0": "2026-12-31", "ends_at_1": "00:00:00",
}  # fmt: skip


def found() -> list[tuple[str, str]]:
    return [(one.kind, one.subject) for one in JOBS["coupons"](utc_now())]


def test_an_operator_makes_a_coupon_at_the_markets_cost(client, operator, arun, market):
    client.force_login(operator)
    assert client.get(ADD).status_code == 200

    answer = client.post(ADD, TYPED)

    made = CouponCampaign.objects.get()
    assert answer.status_code == 302
    assert (made.cost_bearer, made.shop, made.amount_off_fen, made.minimum_fen, made.created_by) == (
        "platform", None, 800, 5000, operator,
    )  # fmt: skip
    entry = AuditEntry.objects.get(action="coupons.create")
    assert (entry.actor, entry.target, entry.after["bearer"]) == (
        f"user:{operator.pk}", f"couponcampaign:{made.pk}", "platform",
    )  # fmt: skip
    assert claim_coupon(user=arun, campaign_id=made.pk, now=utc_now()).campaign == made


@pytest.mark.parametrize(
    "change",
    [
        {"amount_off_fen": "60"},
        {"percent_off": "10", "cap_fen": "9"},
        {"total": "0"},
        {"ends_at_0": "2025-12-31"},
        {"amount_off_fen": ""},
    ],
)
def test_terms_that_make_no_sense_make_no_coupon(client, operator, change):
    client.force_login(operator)

    client.post(ADD, TYPED | change)

    assert not CouponCampaign.objects.exists()
    assert not AuditEntry.objects.filter(action="coupons.create").exists()


def test_who_may_not_add_makes_none(client, mei):
    mei.is_staff = True
    mei.save(update_fields=["is_staff"])
    client.force_login(mei)

    assert client.post(ADD, TYPED).status_code == 403
    assert not CouponCampaign.objects.exists()


def test_coupons_and_orders_agree_and_each_difference_is_found(market, mei, arun):
    campaign = make_campaign(shop=market.shop, by=mei, per_person=5)
    used, held, free = (make_coupon(user=arun, campaign=campaign) for _ in range(3))
    paid = place_one(buyer=arun, variant=market.variant, coupon=used.pk)
    mark_group_paid(group_id=paid.group_id, now=utc_now())
    waiting = place_one(buyer=arun, variant=market.variant, coupon=held.pk)
    assert found() == []

    CouponClaim.objects.filter(pk=used.pk).update(status="claimed", group=None, used_at=None)
    assert found() == [("coupon_not_used", f"coupon_claim:{used.pk}")]
    CouponClaim.objects.filter(pk=used.pk).update(status="used", group=paid.group)
    CouponClaim.objects.filter(pk=held.pk).update(status="used")
    assert found() == [("coupon_used", f"coupon_claim:{held.pk}")]
    CouponClaim.objects.filter(pk=held.pk).update(status="held")
    mark_group_paid(group_id=waiting.group_id, now=utc_now())
    CouponClaim.objects.filter(pk=held.pk).update(status="held")
    assert sorted(found()) == [
        ("coupon_held", f"coupon_claim:{held.pk}"), ("coupon_not_used", f"coupon_claim:{held.pk}"),
    ]  # fmt: skip
    CouponClaim.objects.filter(pk=held.pk).update(status="used")
    OrderLine.objects.filter(order=paid).update(discount_fen=499)
    assert found() == [("coupon_discount", f"order:{paid.pk}")]
    OrderLine.objects.filter(order=paid).update(discount_fen=500)
    free.delete()
    assert found() == [("coupons_claimed", f"coupon_campaign:{campaign.pk}")]


def test_r4_what_is_for_shows_alone_is_not_in_a_replay_and_cannot_be_taken_there(client, market, mei, arun):
    make_pin(host=market.host, shop=market.shop, variant=market.variant)
    session = LiveSession.objects.latest("pk")
    everywhere = make_campaign(shop=market.shop, by=mei)
    of_market = make_campaign(shop=None, by=mei)
    live_only = make_campaign(shop=market.shop, by=mei, is_live_only=True)
    of_show = make_campaign(
        shop=market.shop, by=mei, is_live_only=True, live_session=session, offered_at=database_now()
    )
    gone = make_campaign(shop=market.shop, by=mei, total=1, claimed=1)
    LiveSession.objects.filter(pk=session.pk).update(status=SessionStatus.ENDED, ended_at=utc_now())
    client.force_login(arun)

    page = client.get(f"/live/{session.pk}/").content.decode()

    shown = {one.pk for one in CouponCampaign.objects.all() if f'data-coupon="{one.pk}"' in page}
    assert shown == {everywhere.pk, of_market.pk}
    assert {live_only.pk, of_show.pk, gone.pk} & shown == set()
    refused = client.post(f"/api/v1/coupon-campaigns/{of_show.pk}/claim/")
    assert (refused.status_code, refused.json()["code"]) == (409, "coupon_closed")
    assert (
        client.post(f"/coupons/{everywhere.pk}/claim/", {"next": f"/live/{session.pk}/"}).status_code == 302
    )
    assert [claim.campaign for claim in CouponClaim.objects.filter(user=arun)] == [everywhere]


def test_migration_0006_puts_what_was_sent_whole_into_its_last_parcel(market, arun, mei):
    """The rows as they were: orders with a parcel, whose lines counted nothing yet."""
    sent = make_shipped(buyer=arun, seller=mei, variant=market.variant, quantity=3)
    waiting = place_one(buyer=arun, variant=market.variant, quantity=2)
    ShipmentLine.objects.all().delete()
    OrderLine.objects.update(shipped_units=0)

    with connection.cursor() as cursor:
        cursor.execute(importlib.import_module("orders.migrations.0006_parcels").FILL_PARCELS)

    line = ShipmentLine.objects.get()
    assert (line.shipment.order, line.line.order, line.quantity) == (sent, sent, 3)
    assert list(OrderLine.objects.order_by("pk").values_list("order", "shipped_units")) == [
        (sent.pk, 3), (waiting.pk, 0),
    ]  # fmt: skip
