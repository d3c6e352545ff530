"""Deliveries on the phone: brought, graded, put aside, called back; and what the buyer sees of them."""

import uuid

import pytest

from common.clock import utc_now
from orders.models import RefundRequest
from orders.selectors import farmer_shares
from orders.services.recalling import settle_recall
from shops.models import Lot, VariantStock
from tests.factories.lots import bring, make_grower, make_pool
from tests.factories.orders import make_paid, make_shipped
from tests.factories.shops import make_product

pytestmark = pytest.mark.django_db


@pytest.fixture
def pool(market, mei):
    return make_pool(shop=market.shop, actor=mei, now=utc_now())


@pytest.fixture
def grower(market):
    return make_grower(shop=market.shop, name="李国强")


def url(variant, name="lots"):
    return f"/desk/goods/{variant.product_id}/{name}/"


def test_a_rule_is_published_and_a_delivery_written_down_from_the_phone(market, mei, grower, client):
    variant = make_product(shop=market.shop, title="礼盒", stock=0).variants.get()
    client.force_login(mei)
    assert client.get(url(variant)).context["form"].fields["variant"].queryset.count() == 0

    response = client.post(url(variant, "pool"), {"variant": variant.pk, "rule": "smallest_first"})

    assert response.status_code == 302
    assert variant.allocation_policies.get().rule == "smallest_first"
    posted = {
        "key": str(uuid.uuid4()), "variant": variant.pk, "farmer": grower.pk, "quantity": "12",
        "weight_g": "6000", "place": "上坝", "harvested_on": "2026-09-01",
    }  # fmt: skip
    assert client.post(url(variant), posted).status_code == 302
    assert client.post(url(variant), posted).status_code == 302  # pressed twice
    lot = Lot.objects.get(variant=variant)
    assert (lot.status, lot.quantity, lot.weight_g, lot.place) == ("declared", 12, 6000, "上坝")


@pytest.mark.parametrize("change", [{"quantity": "0"}, {"quantity": "-3"}, {"farmer": "0"}])
def test_a_delivery_that_is_none_is_shown_again(market, mei, pool, grower, client, change):
    client.force_login(mei)
    posted = {"key": str(uuid.uuid4()), "variant": pool.pk, "farmer": grower.pk, "quantity": "5"} | change

    assert client.post(url(pool), posted).status_code == 422

    assert not pool.lots.exists()


def test_grade_offer_hold_short_and_recall_with_the_number_of_buyers(market, mei, arun, pool, grower, client):
    lot = bring(actor=mei, variant=pool, farmer=grower, quantity=12, grade="", now=utc_now())
    page, move = f"/desk/lots/{lot.pk}/", f"/desk/lots/{lot.pk}/move/"
    client.force_login(mei)

    def state():
        lot.refresh_from_db()
        return lot.status, VariantStock.objects.get(pk=pool.pk).available

    assert client.get(page).context["can_grade"]
    client.post(move, {"move": "grade", "grade": "A", "weight_g": "6100"})
    assert state() == ("graded", 0)
    client.post(move, {"move": "offer"})
    assert state() == ("available", 12)
    client.post(move, {"move": "hold", "reason": ""})
    assert state() == ("available", 12)
    client.post(move, {"move": "hold", "reason": "潮"})
    assert state() == ("held", 0)
    client.post(move, {"move": "offer"})
    client.post(move, {"move": "short", "units": "2", "reason": "少"})
    assert state() == ("available", 10)
    order = make_shipped(buyer=arun, seller=mei, variant=pool, quantity=3, now=utc_now())
    asked = client.get(page + "?ask=recall")
    assert (asked.context["buyers"], asked.context["units"]) == (1, 3)
    assert 'data-buyers="1"' in asked.content.decode()
    client.post(move, {"move": "recall", "reason": "农残"})
    assert state() == ("recalled", 0)
    settle_recall(lot_id=lot.pk, now=utc_now())
    assert RefundRequest.objects.get().order == order


def test_the_buyer_sees_whose_goods_these_are_and_that_they_were_called_back(
    market, mei, arun, pool, grower, client
):
    lot = bring(actor=mei, variant=pool, farmer=grower, quantity=12, place="上坝", now=utc_now())
    order = make_paid(buyer=arun, variant=pool, quantity=2, now=utc_now())

    product = client.get(f"/products/{pool.product_id}/").content.decode()
    assert 'data-growers="1"' in product
    page = client.get(f"/lots/{lot.code}/")
    assert page.status_code == 200
    shown = page.content.decode()
    # By the given name, as nothing else was agreed; the parcel's code leads here.
    assert grower.shown_name == "国强"
    assert "国强" in shown
    assert "李国强" not in shown
    assert "上坝" in shown
    assert "data-recalled" not in shown
    client.force_login(arun)
    assert f"/lots/{lot.code}/" in client.get(f"/orders/{order.number}/").content.decode()
    client.force_login(mei)
    paper = client.get("/desk/parcels/print/?kind=labels").content.decode()
    assert f'data-lot="{lot.code}"' in paper
    client.post(f"/desk/lots/{lot.pk}/move/", {"move": "recall", "reason": "农残"})
    assert "data-recalled" in client.get(f"/lots/{lot.code}/").content.decode()


def test_a_lot_that_is_not_offered_has_no_page(market, mei, pool, grower, client):
    lot = bring(actor=mei, variant=pool, farmer=grower, quantity=12, grade="", now=utc_now())

    assert client.get(f"/lots/{lot.code}/").status_code == 404
    assert client.get("/lots/NOSUCHLOTS/").status_code == 404


@pytest.mark.parametrize(
    ("name", "agreed", "shown"),
    [("扎西", "", "扎西"), ("李国强", "", "国强"), ("Tashi Dorje", "", "Tashi"), ("李国强", "老李", "老李")],
)
def test_how_a_farmer_is_named_to_strangers(market, name, agreed, shown):
    farmer = make_grower(shop=market.shop, name=name)
    farmer.public_name = agreed

    assert farmer.shown_name == shown


def test_farmers_of_a_pool_are_told_what_each_sold(market, mei, arun, pool, grower):
    other = make_grower(shop=market.shop, name="洛桑")
    for farmer, quantity in ((grower, 6), (other, 2)):
        bring(actor=mei, variant=pool, farmer=farmer, quantity=quantity, now=utc_now())
    order = make_paid(buyer=arun, variant=pool, quantity=4, now=utc_now())

    shares = {share.farmer: share.amount_fen for share in farmer_shares(order)}

    assert shares == {grower: 19788, other: 6596}


def test_lots_over_the_api(market, mei, arun, zoya, pool, grower, client):
    lot = bring(actor=mei, variant=pool, farmer=grower, quantity=12, now=utc_now())
    make_paid(buyer=arun, variant=pool, quantity=2, now=utc_now())
    address = f"/api/v1/lots/{lot.pk}/"
    client.force_login(zoya)
    assert client.get(address).status_code == 404
    client.force_login(mei)

    seen = client.get(address).json()
    assert (seen["left"], seen["buyers"], seen["units_sold"]) == (10, 1, 2)
    for bad in ({"move": "eat"}, {"move": "short", "units": 0}, {"move": "hold"}, {"move": "short"}):
        assert client.post(address, bad, content_type="application/json").status_code == 400
    refused = client.post(
        address, {"move": "short", "units": 13, "reason": "x"}, content_type="application/json"
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "lot_too_small")
    done = client.post(address, {"move": "recall", "reason": "农残"}, content_type="application/json")
    assert (done.status_code, done.json()["status"]) == (200, "recalled")


def test_a_delivery_over_the_api_needs_farmer_and_key(market, mei, pool, grower, client):
    client.force_login(mei)
    body = {"variant": pool.pk, "farmer": grower.pk, "quantity": 5, "grade": "A", "place": "上坝"}
    key = str(uuid.uuid4())

    def post(body, **headers):
        return client.post("/api/v1/lots/", body, content_type="application/json", headers=headers)

    assert post(body).status_code == 400
    assert post({**body, "farmer": None}, idempotency_key=key).status_code == 404
    assert post({**body, "quantity": 0}, idempotency_key=key).status_code == 400
    assert not pool.lots.exists()
    made = post(body, idempotency_key=key)
    assert (made.status_code, made.json()["status"], made.json()["place"]) == (201, "available", "上坝")
    assert post(body, idempotency_key=key).json()["id"] == made.json()["id"]
    assert pool.lots.count() == 1


def test_the_scales_over_the_api(market, mei, arun, pool, grower, client):
    pool.weight_g = 500
    pool.save(update_fields=["weight_g"])
    bring(actor=mei, variant=pool, farmer=grower, quantity=12, now=utc_now())
    order = make_paid(buyer=arun, variant=pool, quantity=4, now=utc_now())
    client.force_login(mei)

    def weigh(weight_g):
        body = {"line": order.lines.get().pk, "weight_g": weight_g}
        return client.post(f"/api/v1/orders/{order.number}/weights/", body, content_type="application/json")

    assert weigh(0).status_code == 400
    assert weigh(1900).json() == {"refund_fen": 1360}
    # The same word again changes nothing; another one is refused.
    assert weigh(1900).json() == {"refund_fen": 1360}
    assert (weigh(1800).status_code, RefundRequest.objects.count()) == (409, 1)
