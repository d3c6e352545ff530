"""Two phones pin at once: one item is shown (domain.md: one open PinEvent per session)."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import IntegrityError, connection, connections

from common.clock import utc_now
from livestreams.models import PinEvent
from livestreams.services.presenting import pin_item
from tests.factories.livestreams import add_to_rundown, make_session
from tests.factories.shops import make_product

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 8


@pytest.fixture
def items(market, valkey):
    session = make_session(host=market.host, shop=market.shop)
    products = [make_product(shop=market.shop, title=f"货{number}") for number in range(THREADS)]
    return [add_to_rundown(session=session, variant=product.variants.get()) for product in products]


def at_once(work, items) -> list:
    barrier = Barrier(len(items))

    def one(item):
        try:
            barrier.wait()
            return work(item)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(items)) as pool:
        return list(pool.map(one, items))


def test_one_item_is_shown(items, zhuoma):
    session = items[0].session

    at_once(lambda item: pin_item(actor=zhuoma, session_id=session.pk, item_id=item.pk, now=utc_now()), items)

    assert PinEvent.objects.filter(session=session).count() == THREADS
    assert PinEvent.objects.filter(session=session, closed_at=None).count() == 1


def test_control_without_lock_and_constraint_shows_several(items):
    session = items[0].session
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX pin_one_open")

    looked = Barrier(THREADS)

    def careless(item):
        PinEvent.objects.filter(session=session, closed_at=None).update(closed_at=utc_now())
        looked.wait()
        PinEvent.objects.create(session=session, rundown_item=item, opened_at=utc_now())

    try:
        at_once(careless, items)
        assert PinEvent.objects.filter(session=session, closed_at=None).count() > 1
    finally:
        PinEvent.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE UNIQUE INDEX pin_one_open ON livestreams_pinevent (session_id)"
                " WHERE closed_at IS NULL"
            )


def test_database_itself_refuses_a_second_open_pin(items):
    PinEvent.objects.create(session=items[0].session, rundown_item=items[0], opened_at=utc_now())

    with pytest.raises(IntegrityError):
        PinEvent.objects.create(session=items[0].session, rundown_item=items[1], opened_at=utc_now())
