import pytest
from celery import current_app


@pytest.fixture(autouse=True, scope="session")
def _tasks_are_found() -> None:
    """A worker loads every app's tasks at its start; here the test plays the worker."""
    current_app.loader.import_default_modules()
