import pytest
from celery import current_app

from common.clock import utc_now
from tests.common.away import valkey_away
from tests.factories.lots import bring, make_grower, make_pool
from tests.factories.sandbox import market_online, sandbox, sandbox_process

__all__ = ["market_online", "sandbox", "sandbox_process", "valkey_away"]


@pytest.fixture(autouse=True, scope="session")
def _every_task() -> None:
    """Register the tasks of every app, as a worker does when it starts."""
    current_app.loader.import_default_modules()


@pytest.fixture
def now():
    return utc_now()


@pytest.fixture
def growers(market):
    return [make_grower(shop=market.shop, name=name, host=market.host) for name in ("格桑", "洛桑")]


@pytest.fixture
def pool(market, mei, growers, now):
    """Thirty units of the first farmer and ten of the second, shared in proportion."""
    variant = make_pool(shop=market.shop, actor=mei, now=now)
    for farmer, quantity in zip(growers, (30, 10), strict=True):
        bring(actor=mei, variant=variant, farmer=farmer, quantity=quantity, now=now)
    return variant
