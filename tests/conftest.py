"""What every test may use: a database and a Valkey of its own worker, an empty media folder, the outbox."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.core.management.commands import flush
from django.db import connections
from psycopg import sql

from common import outbox
from common.clock import utc_now
from common.models import OutboxMessage
from tests.emptying import empty_tables

pytest_plugins = ["tests.factories.people", "tests.sharing", "tests.stack"]

TEMPLATE_DATABASE = "market_template"


def pytest_configure(config) -> None:
    """Refuse a run outside script/test."""
    if os.environ.get("MARKET_MODE") != "test" or "REDIS_URL" not in os.environ:
        raise pytest.UsageError("Run the tests with script/test: they need a database of their own.")


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker) -> Iterator[None]:
    """Clone the migrated template, which stays clean for test_old_rows."""
    name = "market_test"
    database = settings.DATABASES["default"]
    with psycopg.connect(
        host=database["HOST"], user=database["USER"], dbname="postgres", autocommit=True
    ) as server:
        server.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(TEMPLATE_DATABASE)
            )
        )
    connections["default"].close()
    database["NAME"] = connections["default"].settings_dict["NAME"] = name
    yield
    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture(autouse=True, scope="session")
def _quick_flush() -> Iterator[None]:
    """Tests with real commits empty the tables afterwards, the ledger's too, which refuse that to others."""
    original = flush.Command.handle
    flush.Command.handle = lambda self, **options: empty_tables()
    yield
    flush.Command.handle = original


@pytest.fixture(autouse=True)
def media_root(settings, tmp_path: Path) -> Path:
    """An empty media folder for each test."""
    folder = tmp_path / "media"
    folder.mkdir()
    settings.MEDIA_ROOT = folder
    return folder


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """Limits and codes of one test never reach the next."""
    yield
    cache.clear()


@pytest.fixture
def valkey() -> Iterator[redis.Redis]:
    """A client of this worker's Valkey, emptied before and after."""
    client = redis.Redis.from_url(settings.REDIS_URL, decode_responses=True)
    client.flushall()
    yield client
    client.flushall()
    client.close()


@pytest.fixture
def drain_outbox():
    """A function that runs every waiting outbox message, and those that they enqueue; returns the task names.

    Failures are raised, so that a test sees them; the message stays in the outbox as in real life.
    """

    current_app.loader.import_default_modules()  # the tasks.py of every app, as a worker does

    def drain(*, now=None) -> list[str]:
        names = []
        while (
            message := OutboxMessage.objects.filter(done_at=None, quarantined_at=None).order_by("pk").first()
        ):
            names.append(message.task)
            OutboxMessage.objects.filter(pk=message.pk).update(due_at=now or utc_now())
            if not outbox.deliver(message.pk, now=now or utc_now()):
                message.refresh_from_db()
                raise AssertionError(f"outbox task {message.task} failed: {message.last_error}")
        return names

    return drain


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch) -> None:
    """Hand-over after commit goes nowhere: `drain_outbox` plays the worker. Tests of Celery undo this."""
    monkeypatch.setattr(current_app, "send_task", lambda *arguments, **options: None)
