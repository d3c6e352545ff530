"""A crowd that waits too long for a row is told to try again, and nothing has happened meanwhile."""

import uuid

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from orders.models import Order
from tests.factories.orders import make_address

pytestmark = pytest.mark.django_db(transaction=True)


def test_stock_that_stays_locked_is_busy_and_the_same_key_buys_later(market, arun):
    address = make_address(user=arun)
    body = {"lines": [{"variant": market.variant.pk, "quantity": 1}], "address": address.pk}
    buyer = Client()
    buyer.force_login(arun)
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = 200")
    database = settings.DATABASES["default"]

    with psycopg.connect(host=database["HOST"], user=database["USER"], dbname=database["NAME"]) as other:
        other.execute(
            "SELECT 1 FROM shops_variantstock WHERE variant_id = %s FOR UPDATE", [market.variant.pk]
        )
        refused = buyer.post("/api/v1/orders/", body, content_type="application/json", headers=headers)
        other.rollback()

    assert (refused.status_code, refused.json()["code"]) == (503, "busy")
    assert refused.headers["Retry-After"] == "1"
    assert not Order.objects.exists()
    bought = buyer.post("/api/v1/orders/", body, content_type="application/json", headers=headers)
    assert bought.status_code == 201
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = 3000")
