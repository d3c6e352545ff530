from datetime import datetime

import pytest

from common.clock import utc_now
from tests.factories.shops import make_person
from villagemarket.celery import app


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
