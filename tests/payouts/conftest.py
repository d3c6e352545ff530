from datetime import datetime

import pytest

from common.clock import utc_now
from tests.factories.payouts import close_week, make_live_sale
from tests.factories.providers import providers, providers_process
from tests.factories.runs import make_account
from tests.factories.shops import make_person
from villagemarket.celery import app

__all__ = ["providers", "providers_process"]


@pytest.fixture
def now() -> datetime:
    """The sources of sales are signed on the real clock, so the sales of these tests are made on it, too."""
    return utc_now()


@pytest.fixture
def checker(db):
    return make_person(name="复核员", phone="13800000099", is_staff=True, is_superuser=True)


@pytest.fixture(autouse=True, scope="session")
def _all_tasks_known() -> None:
    """A worker imports every tasks.py at start; so does the test that plays the worker."""
    app.loader.import_default_modules()


@pytest.fixture
def tallies(market, arun, mei, now):
    """The farmer earned 62.56, the host 3.40, the shop its freight."""
    make_live_sale(market=market, buyer=arun, seller=mei, now=now)
    return close_week(shop=market.shop, now=now)


@pytest.fixture
def farmer_account(market, operator, checker, now):
    return make_account(payee=market.farmer, writer=operator, checker=checker, now=now)
