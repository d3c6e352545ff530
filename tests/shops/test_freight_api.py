"""Freight templates through the API."""

import json

import pytest

from shops.models import FreightTemplate, Variant
from tests.factories.freight import make_freight, zone
from tests.factories.shops import make_person, make_shop

pytestmark = pytest.mark.django_db
URL = "/api/v1/freight-templates/"
PIECE = {
    "name": "常温",
    "measure": "piece",
    "free_above_fen": 9900,
    "is_default": True,
    "zones": [
        {"region_codes": [], "first_fen": 800, "step_fen": 200},
        {"region_codes": ["650000", "540000"], "is_deliverable": False},
    ],
}


def send(client, method, path, data):
    return getattr(client, method)(path, json.dumps(data), content_type="application/json")


def test_a_member_writes_and_changes_a_template(market, mei, client):
    client.force_login(mei)
    old = make_freight(shop=market.shop, name="旧", measure="piece", is_default=True, zones=[zone()])

    made = send(client, "post", URL, PIECE)
    pk = made.json()["id"]
    changed = send(client, "patch", f"{URL}{pk}/", {"cold_chain_fen": 1500})

    assert (made.status_code, changed.status_code) == (201, 200)
    assert changed.json() == {
        "id": pk, "shop": market.shop.pk, "name": "常温", "measure": "piece", "free_above_fen": 9900,
        "cold_chain_fen": 1500, "is_default": True,
        "zones": [
            {"region_codes": [], "is_deliverable": True, "first_units": 1, "first_fen": 800, "step_units": 1,
             "step_fen": 200},
            {"region_codes": ["650000", "540000"], "is_deliverable": False, "first_units": 1, "first_fen": 0,
             "step_units": 1, "step_fen": 0},
        ],
    }  # fmt: skip
    old.refresh_from_db()
    assert not old.is_default


@pytest.mark.parametrize(
    "change",
    [
        {"zones": []},
        {"zones": [{"region_codes": ["650000"], "is_deliverable": False}]},
        {"zones": [{"region_codes": []}, {"region_codes": []}]},
        {"zones": [{"region_codes": ["530000", "530000"]}]},
        {"zones": [{"region_codes": ["999999"]}]},
        {"zones": [{"region_codes": ["53"]}]},
        {"zones": [{"region_codes": [], "first_fen": -1}]},
        {"zones": [{"region_codes": [], "first_fen": 1.5}]},
        {"zones": [{"region_codes": [], "step_units": 0}]},
        {"zones": [{"region_codes": [], "first_fen": 10**9}]},
        {"measure": "smell"},
        {"name": ""},
        {"free_above_fen": 0},
        {"cold_chain_fen": -5},
    ],
)
def test_a_template_that_makes_no_sense_is_refused(market, mei, client, change):
    client.force_login(mei)

    answer = send(client, "post", URL, PIECE | change)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert next(iter(change)) in answer.json()["fields"]
    assert not FreightTemplate.objects.exists()


def test_c1_another_shops_template_is_not_there(market, mei, zoya, client):
    make_shop(owner=zoya)
    template = make_freight(shop=market.shop, zones=[zone()])
    client.force_login(zoya)

    answers = [
        send(client, "patch", f"{URL}{template.pk}/", {"name": "x"}),
        send(client, "post", URL, PIECE | {"shop": market.shop.pk}),
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert client.get(URL).json()["results"] == []
    template.refresh_from_db()
    assert template.name == "常温"


def test_goods_on_sale_are_weighed_before_their_freight_counts_weight(market, mei, client):
    client.force_login(mei)

    refused = send(client, "post", URL, PIECE | {"measure": "weight"})
    Variant.objects.update(weight_g=600)
    made = send(client, "post", URL, PIECE | {"measure": "weight"})
    variant = {"id": market.variant.pk, "name": "500克", "price_fen": 6800}
    unweighed = send(client, "patch", f"/api/v1/products/{market.product.pk}/", {"variants": [variant]})

    assert (refused.status_code, list(refused.json()["fields"])) == (400, ["measure"])
    assert made.status_code == 201
    assert (unweighed.status_code, unweighed.json()["code"]) == (400, "listing_incomplete")
    assert Variant.objects.get(pk=market.variant.pk).weight_g == 600


def test_a_product_names_a_template_of_its_own_shop_only(market, mei, client):
    client.force_login(mei)
    own = make_freight(shop=market.shop, measure="piece", zones=[zone()])
    other = make_freight(shop=make_shop(owner=make_person()), measure="piece", zones=[zone()])
    path = f"/api/v1/products/{market.product.pk}/"

    assert send(client, "patch", path, {"freight_template": other.pk}).status_code == 404
    assert send(client, "patch", path, {"freight_template": own.pk}).json()["freight_template"] == own.pk
    assert send(client, "patch", path, {"title": "新名字"}).json()["freight_template"] == own.pk
    assert send(client, "patch", path, {"freight_template": None}).json()["freight_template"] is None


def test_the_product_page_says_where_it_is_sent(market, arun, client):
    Variant.objects.update(weight_g=600)
    make_freight(shop=market.shop, is_default=True, zones=[zone(), zone("310000", is_deliverable=False)])
    path = f"/products/{market.product.pk}/"

    guest = client.get(path)
    client.force_login(arun)
    buyer = client.get(path)

    assert b'data-sent="yes"' in guest.content
    assert guest.context["sending"].never_to == ["上海市"]
    assert b'data-sent="no"' in buyer.content
    market.address.region_code = "530102"
    market.address.save(update_fields=["region_code"])
    assert client.get(path).context["sending"].freight_fen == 1000
