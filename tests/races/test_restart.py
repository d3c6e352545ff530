"""F5: the database goes away in the middle of a checkout; the retry with the same key finds one order."""

import threading
import uuid

import pytest
from django.db import OperationalError, connection, connections, transaction

from common.clock import utc_now
from orders.models import Order
from orders.services.placing import place_order
from orders.services.pricing import WantedLine
from shops.models import VariantStock

pytestmark = pytest.mark.django_db(transaction=True)


def cut() -> None:
    """End this test's database session from another one, as a restart does."""
    pid = connection.connection.info.backend_pid

    def terminate() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        connections.close_all()

    other = threading.Thread(target=terminate)
    other.start()
    other.join()


def test_f5_the_retry_after_a_restart_returns_the_first_order(market, arun):
    wanted = {
        "buyer": arun,
        "lines": [WantedLine(market.variant.pk, 2)],
        "address_id": market.address.pk,
        "idempotency_key": uuid.uuid4(),
    }
    with pytest.raises(OperationalError), transaction.atomic():
        place_order(**wanted, now=utc_now())
        cut()
    connection.close()
    kept_before = Order.objects.count()

    first, first_replayed = place_order(**wanted, now=utc_now())
    cut()  # committed, but the answer never reached the buyer
    connection.close()
    again, again_replayed = place_order(**wanted, now=utc_now())

    stock = VariantStock.objects.get(pk=market.variant.pk)
    assert (kept_before, Order.objects.count()) == (0, 1)
    assert (first_replayed, again_replayed) == (False, True)
    assert again == first
    assert (stock.available, stock.reserved, stock.sold) == (98, 2, 0)
