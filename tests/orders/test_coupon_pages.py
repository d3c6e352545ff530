"""Coupons on pages: the buyer's, the shop's, the desk's, and at the till."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from common.clock import database_now
from orders.models import CouponCampaign, CouponClaim, Order
from orders.services.carting import add_to_cart
from tests.factories.coupons import make_campaign, make_coupon
from tests.factories.orders import place

pytestmark = pytest.mark.django_db


def value_of(html: str, name: str) -> str:
    return re.search(rf'name="{name}" value="([^"]*)"', html).group(1)


def shown(html: str) -> list[tuple[int, str]]:
    return [(int(pk), state) for pk, state in re.findall(r'data-coupon="(\d+)" data-status="(\w+)"', html)]


def test_my_coupons_shows_what_can_be_used_and_what_was(client, market, mei, arun, zoya):
    kept, used, old = (
        make_coupon(user=arun, campaign=make_campaign(shop=market.shop, by=mei)) for _ in range(3)
    )
    make_coupon(user=zoya, campaign=make_campaign(shop=market.shop, by=mei))
    place(buyer=arun, lines=[(market.variant, 1)], coupon=used.pk)
    CouponClaim.objects.filter(pk=old.pk).update(valid_until=database_now() - timedelta(seconds=1))
    client.force_login(arun)

    page = client.get("/me/coupons/").content.decode()

    usable, others = page.split("data-waiting")
    waiting, past = others.split('aria-labelledby="past"')
    assert shown(usable) == [(kept.pk, "claimed")]
    assert shown(waiting) == [(used.pk, "held")]
    assert shown(past) == [(old.pk, "claimed")]
    # What holds it can be reached, and says until when.
    group = used.__class__.objects.get(pk=used.pk).group
    assert f'href="/checkout/{group.pk}/"' in waiting
    assert timezone.localtime(group.expires_at).strftime("%H:%M") in waiting


def test_a_coupon_that_does_not_hold_yet_waits_for_its_day(client, market, mei, arun):
    now = database_now()
    campaign = make_campaign(shop=market.shop, by=mei)
    soon = make_coupon(user=arun, campaign=campaign)
    CouponCampaign.objects.filter(pk=campaign.pk).update(starts_at=now + timedelta(hours=30))
    client.force_login(arun)

    page = client.get("/me/coupons/").content.decode()

    assert shown(page.split("data-waiting")[1]) == [(soon.pk, "claimed")]
    assert 'aria-labelledby="past"' not in page


def test_a_coupon_is_taken_on_the_shops_page_and_leads_back_there(client, market, mei, arun):
    campaign = make_campaign(shop=market.shop, by=mei)
    action = f"/coupons/{campaign.pk}/claim/"
    client.force_login(arun)
    shop = f"/shops/{market.shop.pk}/"
    assert f'action="{action}"' in client.get(shop).content.decode()

    first = client.post(action, {"next": shop})
    again = client.post(action, {"next": "https://evil.example/"})

    assert (first.status_code, first["Location"]) == (302, shop)
    assert (again.status_code, again["Location"]) == (302, "/me/coupons/")
    assert CouponClaim.objects.for_user(arun).count() == 1
    assert client.post("/coupons/999999/claim/").status_code == 404


def test_the_desk_makes_a_coupon_and_stops_it(client, market, mei):
    client.force_login(mei)
    body = {
        "title": "满 50 减 5", "amount_off_fen": "5", "minimum_fen": "50", "total": "20", "per_person": "1",
        "days": "7", "cost_bearer": "shop",
    }  # fmt: skip

    refused = client.post("/desk/coupons/new/", body | {"amount_off_fen": "50"})
    assert (refused.status_code, CouponCampaign.objects.count()) == (400, 0)
    assert client.post("/desk/coupons/new/", body).status_code == 302

    campaign = CouponCampaign.objects.get()
    assert (campaign.shop, campaign.amount_off_fen, campaign.minimum_fen) == (market.shop, 500, 5000)
    assert campaign.ends_at - campaign.starts_at == timedelta(days=7)
    assert f'data-campaign="{campaign.pk}"' in client.get("/desk/coupons/").content.decode()
    assert client.post(f"/desk/coupons/{campaign.pk}/stop/").status_code == 302
    campaign.refresh_from_db()
    assert campaign.stopped_at is not None


def test_the_till_chooses_the_best_coupon_and_shows_what_it_saves(client, market, mei, arun):
    small = make_coupon(user=arun, campaign=make_campaign(shop=market.shop, by=mei))
    best = make_coupon(user=arun, campaign=make_campaign(shop=market.shop, by=mei, amount_off_fen=900))
    dear = make_coupon(user=arun, campaign=make_campaign(shop=market.shop, by=mei, minimum_fen=99_999))
    add_to_cart(user=arun, variant_id=market.variant.pk, quantity=1, now=database_now())
    client.force_login(arun)

    page = client.get("/checkout/").content.decode()
    assert (value_of(page, "coupon"), value_of(page, "total_fen")) == (str(best.pk), "6700")
    assert f'data-offer="{small.pk}"' in page
    assert f'data-offer="{dear.pk}"' not in page
    other = client.get(f"/checkout/?coupon={small.pk}").content.decode()
    assert (value_of(other, "coupon"), value_of(other, "total_fen")) == (str(small.pk), "7100")
    none = client.get("/checkout/?coupon=0").content.decode()
    assert (value_of(none, "coupon"), value_of(none, "total_fen")) == ("0", "7600")
    assert value_of(client.get(f"/checkout/?coupon={dear.pk}").content.decode(), "coupon") == "0"

    body = {name: value_of(page, name) for name in ("key", "total_fen", "coupon")}
    placed = client.post("/checkout/", body | {"address": market.address.pk})

    assert placed.status_code == 302
    order = Order.objects.get()
    assert (order.coupon, order.discount_fen, order.total_fen) == (best, 900, 6700)


def test_the_till_asks_again_when_the_coupon_is_gone_meanwhile(client, market, mei, arun):
    coupon = make_coupon(user=arun, campaign=make_campaign(shop=market.shop, by=mei))
    add_to_cart(user=arun, variant_id=market.variant.pk, quantity=1, now=database_now())
    client.force_login(arun)
    page = client.get("/checkout/").content.decode()
    body = {name: value_of(page, name) for name in ("key", "total_fen", "coupon")}
    CouponClaim.objects.filter(pk=coupon.pk).update(valid_until=database_now() - timedelta(seconds=1))

    answer = client.post("/checkout/", body | {"address": market.address.pk})

    assert answer.status_code == 409
    assert value_of(answer.content.decode(), "total_fen") == "7600"
    assert not Order.objects.exists()
