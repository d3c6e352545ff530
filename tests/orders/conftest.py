import pytest
from celery import current_app

from tests.common.away import valkey_away
from tests.factories.sandbox import market_online, sandbox, sandbox_process

__all__ = ["market_online", "sandbox", "sandbox_process", "valkey_away"]


@pytest.fixture(autouse=True, scope="session")
def _every_task() -> None:
    """Register the tasks of every app, as a worker does when it starts."""
    current_app.loader.import_default_modules()
