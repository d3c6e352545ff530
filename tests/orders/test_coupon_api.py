"""Coupons over HTTP: who may offer at whose cost, taking, the room, and bad input at placing."""

import uuid
from datetime import timedelta

import pytest

from common.clock import database_now
from common.models import IdempotencyKey
from livestreams.services.telling_room import channel_of
from orders.models import CouponCampaign, CouponClaim, Order
from tests.factories.coupons import make_campaign, make_coupon
from tests.factories.orders import make_pin, place

pytestmark = pytest.mark.django_db

CAMPAIGNS = "/api/v1/coupon-campaigns/"


def post(client, path, body=None, **headers):
    return client.post(path, body or {}, content_type="application/json", headers=headers)


def terms(market, **changes) -> dict:
    body = {
        "shop": market.shop.pk,
        "title": "满 50 减 5",
        "amount_off_fen": 500,
        "minimum_fen": 5000,
        "total": 10,
        "ends_at": (database_now() + timedelta(days=1)).isoformat(),
    }
    return body | changes


def order(client, market, coupon):
    body = {
        "lines": [{"variant": market.variant.pk, "quantity": 1}],
        "address": market.address.pk,
        "coupon": coupon,
    }
    return post(client, "/api/v1/orders/", body, **{"Idempotency-Key": str(uuid.uuid4())})


def test_a_member_offers_a_coupon_at_the_cost_of_the_shop(client, market, mei):
    client.force_login(mei)

    made = post(client, CAMPAIGNS, terms(market)).json()

    campaign = CouponCampaign.objects.get()
    assert (campaign.shop, campaign.cost_bearer, campaign.created_by) == (market.shop, "shop", mei)
    assert (made["id"], made["left"], made["amount_off_fen"]) == (campaign.pk, 10, 500)
    assert [row["id"] for row in client.get(CAMPAIGNS).json()["results"]] == [campaign.pk]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount_off_fen": 5000}, "amount_off_fen"),
        ({"amount_off_fen": None}, "amount_off_fen"),
        ({"percent_off": 10, "cap_fen": 100}, "amount_off_fen"),
        ({"amount_off_fen": None, "percent_off": 10}, "cap_fen"),
        ({"amount_off_fen": None, "percent_off": 91, "cap_fen": 100}, "percent_off"),
        ({"amount_off_fen": -1}, "amount_off_fen"),
        ({"amount_off_fen": "1.5"}, "amount_off_fen"),
        ({"total": 0}, "total"),
        ({"total": 10**9}, "total"),
        ({"per_person": 21}, "per_person"),
        ({"cost_bearer": "farmer"}, "cost_bearer"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, "ends_at"),
        ({"title": " "}, "title"),
        ({"cost_bearer": "host"}, "live_session"),
        ({"shop": None}, "cost_bearer"),
    ],
)
def test_terms_that_make_no_sense_are_400(client, market, mei, changes, field):
    client.force_login(mei)

    answer = post(client, CAMPAIGNS, terms(market, **changes))

    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == [field]
    assert not CouponCampaign.objects.exists()


def test_nobody_makes_another_pay(client, market, mei, zoya, zhuoma, operator):
    pin, _ = make_pin(host=market.host, shop=market.shop, variant=market.variant)
    in_show = {"live_session": pin.session_id}
    tries = [
        (zoya, {}, 404),
        (mei, {"cost_bearer": "platform"}, 403),
        (mei, {"cost_bearer": "host"} | in_show, 403),
        (zhuoma, {}, 404),
        (zhuoma, {"cost_bearer": "platform", "shop": None}, 403),
    ]

    for person, changes, status in tries:
        client.force_login(person)
        assert post(client, CAMPAIGNS, terms(market, **changes)).status_code == status
    assert not CouponCampaign.objects.exists()

    client.force_login(zhuoma)
    assert post(client, CAMPAIGNS, terms(market, cost_bearer="host", shop=None, **in_show)).status_code == 201
    client.force_login(operator)
    assert post(client, CAMPAIGNS, terms(market, cost_bearer="platform", shop=None)).status_code == 201
    made = CouponCampaign.objects.order_by("pk").values_list("cost_bearer", "host", "shop", "is_live_only")
    assert list(made) == [
        ("host", market.host.pk, market.shop.pk, True),
        ("platform", None, None, False),
    ]


def test_taking_a_coupon_and_seeing_it_among_ones_own(client, market, mei, arun, zoya):
    campaign = make_campaign(shop=market.shop, by=mei)
    client.force_login(arun)

    taken = post(client, f"{CAMPAIGNS}{campaign.pk}/claim/")
    again = post(client, f"{CAMPAIGNS}{campaign.pk}/claim/")

    assert (taken.status_code, taken.json()["status"]) == (201, "claimed")
    assert (again.status_code, again.json()["code"]) == (409, "coupon_limit")
    assert [row["id"] for row in client.get("/api/v1/me/coupons/").json()["results"]] == [taken.json()["id"]]
    client.force_login(zoya)
    assert client.get("/api/v1/me/coupons/").json()["results"] == []
    assert post(client, f"{CAMPAIGNS}999999/claim/").status_code == 404


def test_an_order_with_a_coupon_costs_less(client, market, mei, arun):
    coupon = make_coupon(user=arun, campaign=make_campaign(shop=market.shop, by=mei))
    client.force_login(arun)

    answer = order(client, market, coupon.pk)

    assert (answer.status_code, answer.json()["total_fen"]) == (201, 7100)
    number = answer.json()["orders"][0]["number"]
    seen = client.get(f"/api/v1/orders/{number}/").json()
    assert (seen["discount_fen"], seen["total_fen"], seen["lines"][0]["discount_fen"]) == (500, 7100, 500)


def test_a_foreign_used_or_unfit_coupon_is_refused_and_nothing_is_written(client, market, mei, arun, zoya):
    foreign = make_coupon(user=zoya, campaign=make_campaign(shop=market.shop, by=mei))
    used = make_coupon(user=arun, campaign=make_campaign(shop=market.shop, by=mei))
    dear = make_coupon(user=arun, campaign=make_campaign(shop=market.shop, by=mei, minimum_fen=6801))
    old = make_coupon(user=arun, campaign=make_campaign(shop=market.shop, by=mei))
    CouponClaim.objects.filter(pk=old.pk).update(valid_until=database_now() - timedelta(seconds=1))
    place(buyer=arun, lines=[(market.variant, 1)], coupon=used.pk)
    client.force_login(arun)
    before = (Order.objects.count(), IdempotencyKey.objects.count())
    states = list(CouponClaim.objects.order_by("pk").values_list("status", "group"))

    answers = [order(client, market, pk) for pk in (foreign.pk, 10**9, used.pk, dear.pk, old.pk)]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (404, "not_found"),
        (404, "not_found"),
        (409, "coupon_used"),
        (409, "coupon_not_usable"),
        (409, "coupon_expired"),
    ]
    for bad in ("abc", -1, 1.5, [], {"id": 1}):
        assert order(client, market, bad).status_code == 400
    assert (Order.objects.count(), IdempotencyKey.objects.count()) == before
    assert list(CouponClaim.objects.order_by("pk").values_list("status", "group")) == states


def test_the_host_holds_a_coupon_up_and_the_room_sees_it(
    client, market, mei, zhuoma, arun, monkeypatch, django_capture_on_commit_callbacks
):
    said = []
    monkeypatch.setattr(
        "livestreams.services.telling_room.publish",
        lambda channel, event, data: said.append((channel, event, data)),
    )
    pin, _ = make_pin(host=market.host, shop=market.shop, variant=market.variant)
    campaign = make_campaign(shop=market.shop, by=mei, is_live_only=True, live_session=pin.session)
    room = f"/api/v1/live-sessions/{pin.session_id}/coupons/"
    assert client.get(room).json() == []

    client.force_login(arun)
    assert post(client, f"{CAMPAIGNS}{campaign.pk}/offer/").status_code == 404
    client.force_login(zhuoma)
    assert [row["is_offered"] for row in client.get(room).json()] == [False]
    with django_capture_on_commit_callbacks(execute=True):
        answer = post(client, f"{CAMPAIGNS}{campaign.pk}/offer/")

    assert answer.status_code == 200
    [(channel, event, data)] = said
    assert (channel, event) == (channel_of(pin.session_id), "coupon")
    assert (data["coupon"]["id"], data["coupon"]["left"]) == (campaign.pk, 100)
    client.logout()
    assert [row["id"] for row in client.get(room).json()] == [campaign.pk]


def test_a_coupon_is_not_held_up_once_it_is_stopped_or_gone(client, market, mei):
    pin, _ = make_pin(host=market.host, shop=market.shop, variant=market.variant)
    campaign = make_campaign(shop=market.shop, by=mei, is_live_only=True, live_session=pin.session, total=1)
    client.force_login(mei)
    make_coupon(user=mei, campaign=campaign)

    gone = post(client, f"{CAMPAIGNS}{campaign.pk}/offer/").json()["code"]
    stopped = [post(client, f"{CAMPAIGNS}{campaign.pk}/stop/").json()["stopped_at"] for _ in range(2)]
    closed = post(client, f"{CAMPAIGNS}{campaign.pk}/offer/").json()["code"]

    assert (gone, closed) == ("coupon_gone", "coupon_closed")
    assert stopped[0] == stopped[1] is not None
    campaign.refresh_from_db()
    assert campaign.offered_at is None
