import pytest
from celery import current_app

from tests.factories.providers import gateway, providers, providers_online, providers_process
from tests.factories.sandbox import market_online, sandbox, sandbox_process

__all__ = [
    "gateway", "market_online", "providers", "providers_online", "providers_process", "sandbox",
    "sandbox_process",
]  # fmt: skip


@pytest.fixture(autouse=True, scope="session")
def _every_task() -> None:
    """Register the tasks of every app, as a worker does when it starts."""
    current_app.loader.import_default_modules()
