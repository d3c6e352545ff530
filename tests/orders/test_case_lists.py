"""Lists of cases and orders cost the same however many there are."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories.cases import ask
from tests.factories.orders import make_shipped

pytestmark = pytest.mark.django_db


@pytest.fixture
def pages(client, arun, mei):
    def costs() -> dict[str, int]:
        found = {}
        for who, paths in (
            (arun, ("/after-sales/", "/orders/", "/api/v1/after-sales/", "/api/v1/orders/")),
            (mei, ("/desk/after-sales/", "/desk/orders/?tab=on_the_way", "/desk/parcels/")),
        ):
            client.force_login(who)
            for path in paths:
                client.get(path)
                with CaptureQueriesContext(connection) as made:
                    assert client.get(path).status_code == 200
                found[path] = len(made)
        return found

    return costs


def test_lists_cost_the_same_with_one_and_with_many(pages, market, pool, arun, mei, now):
    def one_more() -> None:
        for variant in (market.variant, pool):
            order = make_shipped(buyer=arun, seller=mei, variant=variant, quantity=2, now=now)
            ask(order, arun, now=now)

    one_more()
    few = pages()
    for _ in range(3):
        one_more()

    assert pages() == few
