"""A batch's own transaction: begun with its first message, ended with its last, never left open."""

import pytest
from django.db import connection
from psycopg.pq import TransactionStatus

from common.clock import utc_now
from orders.models import Order
from orders.services.batching import batch as batch_module
from orders.services.batching import place_batch, statements
from shops.models import DealStock
from tests.factories.livestreams import add_to_rundown, make_deal, make_session
from tests.orders.two_paths import batched, wish

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def deal(market):
    item = add_to_rundown(session=make_session(host=market.host, shop=market.shop), variant=market.variant)
    return make_deal(item=item, quantity=10)


def held() -> tuple[int, int, int]:
    """Orders, units held, and locks of ours that are still taken."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = "
            "(SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        locks = cursor.fetchone()[0]
    assert connection.connection.info.transaction_status == TransactionStatus.IDLE
    return Order.objects.count(), DealStock.objects.get().reserved, locks


def test_what_is_placed_is_committed(arun, deal):
    ((_, replayed),) = batched([wish(arun, deal, 2)], utc_now())

    assert replayed is False
    assert held() == (1, 2, 0)


def test_where_all_are_refused_nothing_stays_open(arun, deal):
    assert batched([wish(arun, deal, 11)], utc_now()) == [(409, "sold_out")]

    assert held() == (0, 0, 0)


def test_units_that_are_never_there_undo_all_that_was_written(arun, zoya, deal, monkeypatch):
    monkeypatch.setattr(statements, "TAKE_ALL", "SELECT 1 / (0 * $1::int), $2::bigint")

    outcomes = batched([wish(arun, deal), wish(zoya, deal)], utc_now())

    assert outcomes == [(503, "busy"), (503, "busy")]
    assert held() == (0, 0, 0)


def test_a_mistake_in_between_undoes_all(arun, deal, monkeypatch):
    def fail(self, wish):
        raise RuntimeError("a mistake")

    monkeypatch.setattr(batch_module.Terms, "priced", fail)

    with pytest.raises(RuntimeError):
        place_batch(deal_id=deal.pk, wishes=[wish(arun, deal)], now=utc_now())

    assert held() == (0, 0, 0)


def test_a_connection_that_breaks_before_the_commit_leaves_nothing_and_the_key_can_be_used(
    arun, deal, monkeypatch
):
    one = wish(arun, deal)
    with monkeypatch.context() as broken:
        broken.setattr(
            statements, "TAKE_ALL", "SELECT pg_terminate_backend(pg_backend_pid()), $1::int, $2::bigint"
        )
        first = batched([one], utc_now())

    again = batched([one], utc_now())

    assert first == [(503, "busy")]
    assert again[0][1] is False
    assert held() == (1, 1, 0)
