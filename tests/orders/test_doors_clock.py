"""Until when goods are held is counted on the database's clock at every door, as their release is."""

import uuid
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone
from rest_framework.test import APIClient

from common.clock import database_now
from orders import asgi
from orders.models import OrderGroup
from shops.models import StockReservation
from tests.factories.livestreams import add_to_rundown, make_deal, make_session
from tests.orders.deal_door import body_of, goods_body, goods_token, post, post_goods, token_of

pytestmark = pytest.mark.django_db(transaction=True)
SLOW = timedelta(minutes=10)


@pytest.fixture(autouse=True)
def _own_doors(monkeypatch, valkey):
    for batcher in (asgi.batcher, asgi.baskets):
        # Its thread would go on in the next test's database.
        monkeypatch.setattr(batcher._teller, "tell", lambda *told: None)
    asgi._grants.clear()


def at_the_ordinary_door(market, arun, deal):
    client = APIClient()
    client.force_login(arun)
    body = goods_body([(market.variant, 1)], market.address.pk)
    return lambda: client.post("/api/v1/orders/", body, headers={"Idempotency-Key": str(uuid.uuid4())}).json()


def at_the_fast_door(market, arun, deal):
    token = goods_token(arun)
    return lambda: post_goods(goods_body([(market.variant, 1)], market.address.pk), token=token).body


def at_the_deals_door(market, arun, deal):
    token = token_of(arun, deal)
    return lambda: post(deal, body_of(deal, market.address.pk), token=token).body


@pytest.mark.parametrize("door", [at_the_ordinary_door, at_the_fast_door, at_the_deals_door])
def test_a_web_server_whose_clock_is_slow_holds_goods_as_long_as_any(market, arun, monkeypatch, door):
    item = add_to_rundown(session=make_session(host=market.host, shop=market.shop), variant=market.variant)
    order = door(market, arun, make_deal(item=item, price_fen=5000, quantity=10))
    before = database_now()
    monkeypatch.setattr(timezone, "now", lambda: before - SLOW)

    answer = order()

    after, held = database_now(), timedelta(minutes=settings.RESERVATION_MINUTES)
    reservation = StockReservation.objects.get()
    assert before + held <= reservation.expires_at <= after + held, answer
    assert OrderGroup.objects.get().expires_at == reservation.expires_at
