"""The fast door of ordinary goods: who comes in, and what the ordinary door answers to the same."""

import asyncio
import json
import uuid

import pytest
from rest_framework.test import APIClient

from common.clock import utc_now
from common.models import IdempotencyKey
from common.signing import sign_token
from orders import asgi
from orders.models import Order, OrderGroup, OrderLine
from orders.services.batching import offers
from orders.services.granting import GOODS_PURPOSE, PURPOSE
from shops.models import DealStock, VariantStock
from tests.factories.coupons import make_campaign, make_coupon
from tests.factories.livestreams import add_to_rundown, make_deal, make_session
from tests.factories.orders import make_address, make_pin
from tests.factories.shops import make_person, make_product
from tests.orders.deal_door import goods_body, goods_token, knock, post_goods, token_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _fresh_door(monkeypatch, valkey):
    monkeypatch.setattr(asgi, "_pace", asgi._Pace())
    # Its thread would go on in the next test's database.
    monkeypatch.setattr(asgi.baskets._teller, "tell", lambda *told: None)
    asgi._grants.clear()
    offers._known.clear()


@pytest.fixture
def often(settings):
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {
        "DEFAULT_THROTTLE_RATES": settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] | {"order": "1000/min"}
    }


@pytest.fixture
def honey(market):
    return make_product(shop=market.shop, title="蜂蜜", stock=20).variants.get()


@pytest.fixture
def client(arun):
    client = APIClient()
    client.force_login(arun)
    return client


def nothing_happened() -> bool:
    return (
        not OrderGroup.objects.exists()
        and not IdempotencyKey.objects.exists()
        and not VariantStock.objects.filter(reserved__gt=0).exists()
    )


def test_an_order_and_its_repetition_at_either_door_have_one_answer(market, arun, honey, client):
    body, key = goods_body([(market.variant, 2), (honey, 1)], market.address.pk), str(uuid.uuid4())

    grant = client.post("/api/v1/order-token/").json()
    first = post_goods(body, token=grant["order_token"], key=key)
    again = post_goods(body, buyer=arun, key=key)
    ordinary = client.post("/api/v1/orders/", body, headers={"Idempotency-Key": key})

    assert grant["order_url"] == "/api/v1/fast-orders/"
    assert (first.status, again.status, ordinary.status_code) == (201, 200, 200)
    assert first.body == again.body == ordinary.json()
    order = Order.objects.get()
    assert first.body["orders"] == [
        {"number": order.number, "shop": market.shop.pk, "total_fen": order.total_fen}
    ]
    other = post_goods(body | {"note": "x"}, buyer=arun, key=key)
    assert (other.status, other.body["code"]) == (409, "idempotency_conflict")
    assert VariantStock.objects.get(pk=honey.pk).reserved == 1


def test_an_answer_of_the_ordinary_door_is_repeated_here(market, arun, honey, client):
    body, key = goods_body([(honey, 1)], market.address.pk), str(uuid.uuid4())

    ordinary = client.post("/api/v1/orders/", body, headers={"Idempotency-Key": key})
    here = post_goods(body, buyer=arun, key=key)

    assert (ordinary.status_code, here.status) == (201, 200)
    assert here.body == ordinary.json()
    assert Order.objects.count() == 1


def test_only_a_grant_for_goods_opens(market, arun, honey):
    item = add_to_rundown(session=make_session(host=market.host, shop=market.shop), variant=market.variant)
    deal = make_deal(item=item, quantity=3)
    now = int(utc_now().timestamp())
    payload = {"user": arun.pk, "session": "", "deal": None, "mark": "", "language": "en", "until": now + 60}
    tokens = [
        None,
        "forged",
        goods_token(arun)[:-2] + "xx",
        token_of(arun, deal),
        sign_token(purpose=PURPOSE, payload=payload),
        sign_token(purpose=GOODS_PURPOSE, payload=payload | {"deal": deal.pk}),
        sign_token(purpose=GOODS_PURPOSE, payload=payload | {"until": now}),
        # Signed by us, but the password is another since.
        sign_token(purpose=GOODS_PURPOSE, payload=payload),
    ]

    answers = [post_goods(goods_body([(honey, 1)], market.address.pk), token=token) for token in tokens]

    assert [(answer.status, answer.body["code"]) for answer in answers] == [(401, "bad_token")] * len(tokens)
    assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}
    assert nothing_happened()


def test_a_grant_ends_with_the_sign_in(market, arun, honey, client):
    token = client.post("/api/v1/order-token/").json()["order_token"]
    body = goods_body([(honey, 1)], market.address.pk)
    assert post_goods(body, token=token).status == 201

    client.post("/api/v1/auth/logout/")
    plain = post_goods(body, token=token)
    odd = post_goods(body | {"coupon": 1}, token=token)

    assert [(one.status, one.body["code"]) for one in (plain, odd)] == [(401, "bad_token")] * 2
    assert Order.objects.count() == 1


BAD = [
    {}, [], None, {"lines": []}, {"lines": "x"}, {"lines": [{}]}, {"quantity": 0}, {"quantity": -1},
    {"quantity": 1000}, {"quantity": "1.5"}, {"quantity": 1.5}, {"quantity": True}, {"quantity": None},
    {"variant": 2**63}, {"variant": "x"}, {"deal": "x"}, {"address": None}, {"address": -1},
    {"note": "x" * 201}, {"note": "a\x00b"}, {"note": ["x"]}, {"source": "x" * 2001}, {"source": "forged"},
    {"coupon": -1}, {"notes": "x"}, {"notes": [{"shop": 1}]},
    {"notes": [{"shop": 1, "note": "a"}, {"shop": 1, "note": "b"}]},
    {"note": "x", "notes": [{"shop": 7, "note": "y"}]},
]  # fmt: skip


def test_a3_the_same_bad_bodies_meet_the_same_answers_at_both_doors(market, arun, honey, client, often):
    token = goods_token(arun)
    twice = {"lines": [{"variant": honey.pk, "quantity": 1}] * 2}
    many = {"lines": [{"variant": honey.pk + i, "quantity": 1} for i in range(51)]}

    for change in [*BAD, twice, many]:
        body = goods_body([(honey, 1)], market.address.pk)
        if isinstance(change, dict) and change.keys() <= {"quantity", "variant", "deal"} and change:
            body["lines"][0] |= change
        elif isinstance(change, dict) and change:
            body |= change
        else:
            body = change
        key = str(uuid.uuid4())
        raw = json.dumps(body).encode()
        here = post_goods(raw, token=token, key=key)
        there = client.post(
            "/api/v1/orders/", raw, content_type="application/json", headers={"Idempotency-Key": key}
        )
        assert (here.status, here.body) == (there.status_code, there.json()), change
        assert here.status == 400, change
    assert nothing_happened()


def test_refusals_say_what_the_ordinary_door_says(market, arun, zoya, honey, client, often):
    hers = make_address(user=zoya)
    unsold = make_product(shop=market.shop, title="未上架", stock=0).variants.get()
    token = goods_token(arun)
    bodies = [
        goods_body([(honey, 1)], hers.pk),
        goods_body([(honey, 21)], market.address.pk),
        goods_body([(honey, 1), (unsold, 1)], market.address.pk),
        {"lines": [{"variant": 10**9, "quantity": 1}], "address": market.address.pk},
        goods_body([(honey, 1)], market.address.pk, coupon=10**9),
        {"lines": [{"variant": honey.pk, "quantity": 1, "deal": 10**9}], "address": market.address.pk},
    ]

    for body in bodies:
        here = post_goods(body, token=token)
        there = client.post("/api/v1/orders/", body, headers={"Idempotency-Key": str(uuid.uuid4())})
        assert here.status in (404, 409)
        assert (here.status, here.body) == (there.status_code, there.json()), body
    assert nothing_happened()


def test_what_no_batch_can_place_goes_the_ordinary_way_from_here(market, arun, mei, honey, often):
    pin, source = make_pin(host=market.host, shop=market.shop, variant=market.variant, live_price_fen=5800)
    deal = make_deal(item=add_to_rundown(session=pin.session, variant=honey), price_fen=1000, quantity=4)
    campaign = make_campaign(shop=market.shop, by=mei)
    claim = make_coupon(user=arun, campaign=campaign)
    home, token = market.address.pk, goods_token(arun)
    deal_line = {"lines": [{"variant": honey.pk, "quantity": 1, "deal": deal.pk}], "address": home}

    answers = [
        post_goods(goods_body([(market.variant, 1)], home, source=source), token=token),
        post_goods(goods_body([(market.variant, 1)], home, coupon=claim.pk), token=token),
        post_goods(deal_line, token=token),
    ]

    assert [answer.status for answer in answers] == [201, 201, 201]
    sold_on_air, with_coupon, of_deal = OrderLine.objects.order_by("pk")
    assert (sold_on_air.pin_event_id, sold_on_air.price_fen) == (pin.pk, 5800)
    assert with_coupon.order.coupon_id == claim.pk
    assert (of_deal.flash_deal_id, of_deal.price_fen) == (deal.pk, 1000)
    assert DealStock.objects.get().reserved == 1


def test_a4_a_price_that_is_sent_along_is_ignored(market, arun, honey):
    body = goods_body([(honey, 1)], market.address.pk)
    body["lines"][0]["price_fen"] = 1

    assert post_goods(body | {"total_fen": 1}, buyer=arun).body["total_fen"] == honey.price_fen + 800


def test_a_person_orders_so_often_a_minute_at_all_fast_doors(market, arun, zoya, honey, settings):
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {
        "DEFAULT_THROTTLE_RATES": settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] | {"order": "2/min"}
    }
    body, key = goods_body([(honey, 1)], market.address.pk), str(uuid.uuid4())

    answers = [post_goods(body, buyer=arun, key=key) for _ in range(3)]

    assert [answer.status for answer in answers] == [201, 200, 429]
    assert post_goods(goods_body([(honey, 1)], make_address(user=zoya).pk), buyer=zoya).status == 201


def test_a_crowd_with_large_and_small_baskets_is_answered_from_few_batches(market, honey, monkeypatch):
    people = [make_person(name=f"买家{i}") for i in range(40)]
    goods = [
        honey,
        *(make_product(shop=market.shop, title=f"货{i}", stock=50).variants.get() for i in range(9)),
    ]
    asked = [
        (
            goods_token(person),
            goods_body([(one, 1) for one in goods[: 1 + i % 10]], make_address(user=person).pk),
            str(uuid.uuid4()),
        )
        for i, person in enumerate(people)
    ]
    batches = []
    place = asgi.baskets._place
    monkeypatch.setattr(
        asgi.baskets,
        "_place",
        lambda **batch: batches.append(sum(one.size for one in batch["wishes"])) or place(**batch),
    )

    async def crowd():
        return await asyncio.gather(*(knock(None, body, token=token, key=key) for token, body, key in asked))

    answers = asyncio.run(crowd())

    codes = [answer.body.get("code", answer.status) for answer in answers]
    assert codes == [201] * 20 + ["sold_out"] * 20
    assert sum(batches) == 220
    assert len(batches) < 10
    assert max(batches) <= 200
    assert VariantStock.objects.get(pk=honey.pk).available == 0


def test_an_answer_that_was_lost_between_commit_and_phone_is_told_again(market, arun, honey, monkeypatch):
    place = asgi.baskets._place

    def crash(**batch):
        place(**batch)
        raise ConnectionError("after the commit")

    body, key = goods_body([(honey, 1)], market.address.pk), str(uuid.uuid4())
    with monkeypatch.context() as broken:
        broken.setattr(asgi.baskets, "_place", crash)
        lost = post_goods(body, buyer=arun, key=key)

    again = post_goods(body, buyer=arun, key=key)

    assert (lost.status, lost.body["code"]) == (500, "server_error")
    assert again.status == 200
    assert again.body["orders"][0]["number"] == Order.objects.get().number
    assert VariantStock.objects.get(pk=honey.pk).reserved == 1
