"""The fast door of a deal: who comes in, what it answers, and what the ordinary door answers to the same."""

import asyncio
import json
import threading
import uuid

import pytest
import time_machine
from django.conf import settings as market_settings
from rest_framework.test import APIClient

from common.clock import utc_now
from common.errors import Busy
from common.models import IdempotencyKey
from common.signing import sign_token
from orders import asgi
from orders.models import Order, OrderGroup
from orders.services.batching import Outcome, Wish
from orders.services.batching.waiting import Batcher
from orders.services.granting import PURPOSE, TOKEN_SECONDS, grant_deal
from shops.models import DealStock
from tests.factories.livestreams import add_to_rundown, make_deal, make_session
from tests.factories.orders import make_address
from tests.factories.shops import make_person, make_product
from tests.orders.deal_door import body_of, knock, post, token_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def item(market, valkey):
    return add_to_rundown(session=make_session(host=market.host, shop=market.shop), variant=market.variant)


@pytest.fixture
def deal(item):
    return make_deal(item=item, price_fen=5000, quantity=10)


@pytest.fixture(autouse=True)
def _fresh_pace(monkeypatch):
    monkeypatch.setattr(asgi, "_pace", asgi._Pace())
    # Its thread would go on in the next test's database.
    monkeypatch.setattr(asgi.batcher._teller, "tell", lambda *told: None)
    asgi._grants.clear()


def nothing_happened() -> bool:
    stock = DealStock.objects.get()
    return (
        not OrderGroup.objects.exists()
        and not IdempotencyKey.objects.exists()
        and (stock.available, stock.reserved) == (10, 0)
    )


def test_an_order_and_its_repetition_at_either_door_have_one_answer(market, arun, deal):
    body, key = body_of(deal, market.address.pk, 2), str(uuid.uuid4())
    client = APIClient()
    client.force_login(arun)

    grant = client.post(f"/api/v1/deals/{deal.pk}/order-token/")
    first = post(deal, body, token=grant.json()["order_token"], key=key)
    again = post(deal, body, buyer=arun, key=key)
    ordinary = client.post("/api/v1/orders/", body, headers={"Idempotency-Key": key})

    assert grant.json()["order_url"] == f"/api/v1/deals/{deal.pk}/orders/"
    assert (first.status, again.status, ordinary.status_code) == (201, 200, 200)
    assert first.body == again.body == ordinary.json()
    assert first.headers["content-type"] == "application/json"
    assert first.headers["cache-control"] == "no-store"
    order = Order.objects.get()
    assert first.body["orders"] == [
        {"number": order.number, "shop": market.shop.pk, "total_fen": order.total_fen}
    ]
    other = post(deal, body | {"note": "x"}, buyer=arun, key=key)
    assert (other.status, other.body["code"]) == (409, "idempotency_conflict")
    assert DealStock.objects.get().available == 8


def test_an_answer_of_the_ordinary_door_is_repeated_here(market, arun, deal):
    body, key = body_of(deal, market.address.pk), str(uuid.uuid4())
    client = APIClient()
    client.force_login(arun)

    ordinary = client.post("/api/v1/orders/", body, headers={"Idempotency-Key": key})
    here = post(deal, body, buyer=arun, key=key)

    assert (ordinary.status_code, here.status) == (201, 200)
    assert here.body == ordinary.json()
    assert Order.objects.count() == 1


def test_only_a_grant_for_this_deal_opens(market, arun, deal):
    now = int(utc_now().timestamp())
    payload = {
        "user": arun.pk,
        "session": "",
        "deal": deal.pk,
        "mark": "",
        "language": "en",
        "until": now + 60,
    }
    tokens = [
        None,
        "forged",
        token_of(arun, deal)[:-2] + "xx",
        sign_token(purpose="take", payload=payload),
        sign_token(purpose=PURPOSE, payload=payload | {"deal": deal.pk + 1}),
        sign_token(purpose=PURPOSE, payload=payload | {"until": now}),
        # Signed by us, but the password is another since.
        sign_token(purpose=PURPOSE, payload=payload),
    ]

    answers = [post(deal, body_of(deal, market.address.pk), token=token) for token in tokens]

    assert [(answer.status, answer.body["code"]) for answer in answers] == [(401, "bad_token")] * 7
    assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}
    assert nothing_happened()


def test_a_session_cookie_opens_nothing(market, arun, deal):
    client = APIClient()
    client.force_login(arun)
    cookie = (
        f"{market_settings.SESSION_COOKIE_NAME}={client.cookies[market_settings.SESSION_COOKIE_NAME].value}"
    )

    answer = post(deal, body_of(deal, market.address.pk), token=None, cookie=cookie)

    assert answer.status == 401
    assert nothing_happened()


def test_a_grant_lasts_ten_minutes_also_where_it_was_seen_before(market, arun, deal):
    token, body = token_of(arun, deal), body_of(deal, market.address.pk)
    assert post(deal, body, token=token).status == 201

    with time_machine.travel(utc_now().timestamp() + TOKEN_SECONDS + 1):
        late = post(deal, body, token=token)

    assert (late.status, late.body["code"]) == (401, "bad_token")
    assert Order.objects.count() == 1


def test_a_grant_is_for_deals_that_people_can_see(market, arun, item):
    planned = make_deal(item=item, quantity=3, starts=False)
    client = APIClient()

    assert client.post(f"/api/v1/deals/{planned.pk}/order-token/").status_code == 401
    client.force_login(arun)
    assert client.post(f"/api/v1/deals/{planned.pk}/order-token/").status_code == 404
    assert client.post("/api/v1/deals/999999999/order-token/").status_code == 404


BAD_BODIES = [
    {},
    [],
    None,
    {"lines": []},
    {"lines": "x"},
    {"lines": [{}]},
    {"quantity": 0},
    {"quantity": -1},
    {"quantity": 1000},
    {"quantity": 10**9},
    {"quantity": "1.5"},
    {"quantity": 1.5},
    {"quantity": True},
    {"quantity": None},
    {"variant": 2**63},
    {"variant": "x"},
    {"address": None},
    {"address": -1},
    {"note": "x" * 201},
    {"note": "a\x00b"},
    {"note": ["x"]},
    {"source": "x" * 2001},
]


def test_a3_the_same_bad_bodies_meet_the_same_answers_at_both_doors(market, arun, deal, settings):
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {
        "DEFAULT_THROTTLE_RATES": settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] | {"order": "1000/min"}
    }
    client = APIClient()
    client.force_login(arun)
    token = token_of(arun, deal)

    for change in BAD_BODIES:
        body = body_of(deal, market.address.pk)
        if isinstance(change, dict) and change.keys() <= {"quantity", "variant"} and change:
            body["lines"][0] |= change
        elif isinstance(change, dict) and change:
            body |= change
        else:
            body = change
        key = str(uuid.uuid4())
        raw = json.dumps(body).encode()
        here = post(deal, raw, token=token, key=key)
        there = client.post(
            "/api/v1/orders/", raw, content_type="application/json", headers={"Idempotency-Key": key}
        )
        assert (here.status, here.body) == (there.status_code, there.json()), change
        assert here.status == 400, change
    for raw in (b"{", b'{"a": NaN}', b"\xff", b'{"note": "\\ud800"}', b"[" * 4000):
        here = post(deal, raw, token=token)
        assert (here.status, here.body["code"]) == (400, "invalid"), raw[:9]
    assert nothing_happened()


def test_only_the_line_of_the_deal_goes_through(market, arun, deal, item):
    honey = make_product(shop=market.shop, title="蜂蜜").variants.get()
    body = body_of(deal, market.address.pk)
    more = body | {"lines": [*body["lines"], {"variant": honey.pk, "quantity": 1}]}
    no_deal = body | {"lines": [{"variant": market.variant.pk, "quantity": 1}]}
    other = body | {"lines": [body["lines"][0] | {"deal": deal.pk + 1}]}

    answers = [post(deal, one, buyer=arun) for one in (more, no_deal, other)]

    assert [(answer.status, answer.body["code"]) for answer in answers] == [(400, "invalid")] * 3
    assert {tuple(answer.body["fields"]) for answer in answers} == {("lines",)}
    assert nothing_happened()


def test_a4_a_price_that_is_sent_along_is_ignored(market, arun, deal):
    body = body_of(deal, market.address.pk)
    body["lines"][0]["price_fen"] = 1

    assert post(deal, body | {"total_fen": 1}, buyer=arun).body["total_fen"] == 5800


def test_key_type_and_size_are_asked_for(market, arun, deal):
    body = body_of(deal, market.address.pk)

    missing = post(deal, body, buyer=arun, key=None)
    no_uuid = post(deal, body, buyer=arun, key="1")
    form = post(deal, body, buyer=arun, content_type="text/plain")
    large = post(deal, body | {"x": "x" * 20_000}, buyer=arun)
    said = post(deal, body, buyer=arun, content_length="99999999")

    assert [(a.status, a.body["code"]) for a in (missing, no_uuid, form, large, said)] == [
        (400, "idempotency_key_required"), (400, "idempotency_key_required"),
        (415, "unsupported_media_type"), (413, "too_large"), (413, "too_large"),
    ]  # fmt: skip
    assert {a.headers.get("connection") for a in (missing, no_uuid, form, large, said)} == {"close"}
    assert nothing_happened()


def test_c1_refusals_say_what_the_ordinary_door_says(market, arun, zoya, item):
    deal = make_deal(item=item, quantity=10, per_buyer=2)
    hers = make_address(user=zoya)

    strangers = post(deal, body_of(deal, hers.pk), buyer=arun)
    limit = post(deal, body_of(deal, market.address.pk, 3), buyer=arun)

    assert (strangers.status, strangers.body["code"]) == (404, "not_found")
    assert (limit.status, limit.body["code"]) == (409, "limit_per_buyer")
    assert nothing_happened()
    DealStock.objects.update(available=0, reserved=10)
    assert post(deal, body_of(deal, hers.pk), buyer=zoya).body["code"] == "sold_out"


def test_a_person_orders_so_often_a_minute(market, arun, zoya, deal, settings):
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {
        "DEFAULT_THROTTLE_RATES": settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] | {"order": "2/min"}
    }
    body, key = body_of(deal, market.address.pk), str(uuid.uuid4())

    answers = [post(deal, body, buyer=arun, key=key) for _ in range(3)]

    assert [answer.status for answer in answers] == [201, 200, 429]
    assert 1 <= int(answers[2].headers["retry-after"]) <= 60
    assert post(deal, body_of(deal, make_address(user=zoya).pk), buyer=zoya).status == 201


def test_a_phone_that_leaves_in_the_middle_orders_nothing(market, arun, deal):
    async def leave():
        sent = []

        async def receive():
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)

        headers = [
            (b"authorization", f"Bearer {token}".encode()), (b"idempotency-key", str(uuid.uuid4()).encode()),
            (b"content-type", b"application/json"),
        ]  # fmt: skip
        scope = {"headers": headers, "market": {"params": {"deal_id": str(deal.pk)}}}
        await asgi.order_deal(scope, receive, send)
        return sent

    token = token_of(arun, deal)

    assert asyncio.run(leave()) == []
    assert nothing_happened()


def test_a_crowd_is_answered_from_few_batches(market, deal, monkeypatch):
    people = [make_person(name=f"买家{i}") for i in range(40)]
    asked = [
        (token_of(person, deal), body_of(deal, make_address(user=person).pk), str(uuid.uuid4()))
        for person in people
    ]
    batches = []
    place = asgi.batcher._place
    monkeypatch.setattr(
        asgi.batcher, "_place", lambda **batch: batches.append(len(batch["wishes"])) or place(**batch)
    )

    async def crowd():
        return await asyncio.gather(
            *(knock(deal.pk, body, token=token, key=key) for token, body, key in asked)
        )

    answers = asyncio.run(crowd())

    codes = [answer.body.get("code", answer.status) for answer in answers]
    assert codes == [201] * 10 + ["sold_out"] * 30
    assert sum(batches) == 40
    assert len(batches) < 10
    assert DealStock.objects.get().reserved == 10
    assert OrderGroup.objects.count() == 10


def test_an_answer_that_was_lost_between_commit_and_phone_is_told_again(market, arun, deal, monkeypatch):
    place = asgi.batcher._place

    def crash(**batch):
        place(**batch)
        raise ConnectionError("after the commit")

    body, key = body_of(deal, market.address.pk), str(uuid.uuid4())
    monkeypatch.setattr(asgi.batcher, "_place", crash)
    lost = post(deal, body, buyer=arun, key=key)
    monkeypatch.setattr(asgi.batcher, "_place", place)

    again = post(deal, body, buyer=arun, key=key)

    assert (lost.status, lost.body["code"]) == (500, "server_error")
    assert again.status == 200
    assert again.body["orders"][0]["number"] == Order.objects.get().number
    assert DealStock.objects.get().reserved == 1


def test_a_full_queue_sends_people_to_the_other_door(market, arun, zoya, deal, monkeypatch):
    goes_on = threading.Event()
    slow = Batcher(place=lambda **batch: goes_on.wait(10) and [Outcome(error=Busy())] * len(batch["wishes"]),
                   most_waiting=1)  # fmt: skip
    monkeypatch.setattr(asgi, "batcher", slow)
    body = body_of(deal, market.address.pk)
    token = token_of(arun, deal)

    async def three():
        first = asyncio.create_task(knock(deal.pk, body, token=token, key=str(uuid.uuid4())))
        while slow._thread is None or slow._number:
            await asyncio.sleep(0.01)
        second = asyncio.create_task(knock(deal.pk, body, token=token, key=str(uuid.uuid4())))
        await asyncio.sleep(0.05)
        third = await knock(deal.pk, body, token=token, key=str(uuid.uuid4()))
        goes_on.set()
        await asyncio.gather(first, second)
        return third

    third = asyncio.run(three())

    assert (third.status, third.body["code"], third.headers["retry-after"]) == (503, "busy", "1")
    assert nothing_happened()


def test_a_buyer_who_buys_elsewhere_at_this_moment_steps_back_and_comes_again(market, arun, deal):
    outcomes = [[Outcome()], [Outcome()], [Outcome(answer={"group": 1})]]
    turns = []
    batcher = Batcher(place=lambda **batch: turns.append(1) or outcomes.pop(0))
    batcher._teller.tell = lambda *told: None
    wish = Wish(arun.pk, "", "", uuid.uuid4(), deal.pk, market.variant.pk, 1, market.address.pk)

    outcome = asyncio.run(batcher.order(wish))

    assert outcome.answer == {"group": 1}
    assert len(turns) == 3


def test_a_grant_names_its_language(market, arun, deal):
    body = body_of(deal, market.address.pk)

    told = {
        language: post(deal, body, token=token_of(arun, deal, language), key="1").body["message"]
        for language in ("zh-hans", "en")
    }

    assert told["zh-hans"] != told["en"]
    assert grant_deal(
        buyer=arun, deal_id=deal.pk, sign_in="", language="en", now=utc_now()
    ).order_token.count(":") == 2  # fmt: skip
