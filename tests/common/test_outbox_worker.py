"""The outbox with a real Valkey and a real Celery worker (rules.md PR5, F1, F2)."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
import redis
from celery import Celery, current_app
from django.conf import settings
from django.db import transaction

from common import outbox
from common.clock import utc_now
from common.models import OutboxMessage
from notifications.services.telling import tell
from tests.addresses import database_url
from tests.factories.accounts import make_contact

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def broker(valkey, monkeypatch) -> redis.Redis:
    """Let hand-overs reach Valkey again."""
    app = current_app._get_current_object()
    monkeypatch.setattr(app, "send_task", Celery.send_task.__get__(app))
    outbox._broker_pause.until = 0.0
    return valkey


@pytest.fixture
def worker(broker, tmp_path) -> Iterator[Callable]:
    """A function that starts a worker on this test's database; it is stopped at the end."""
    started = []
    environment = os.environ | {
        "DATABASE_URL": database_url(),
        "MARKET_VAR": str(tmp_path / "var"),
    }

    def start() -> subprocess.Popen:
        command = [sys.executable, "-m", "celery", "-A", "tests.common.crashing:app", "worker"]
        process = subprocess.Popen(
            [
                *command,
                "-c",
                "1",
                "-Q",
                "fast,default",
                "--without-gossip",
                "--without-mingle",
                "-l",
                "WARNING",
            ],
            env=environment,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(condition: Callable[[], bool], seconds: float = 40) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.1)


def is_done(message: OutboxMessage) -> bool:
    message.refresh_from_db()
    return message.done_at is not None


def test_a_worker_runs_what_was_committed_and_the_farmer_is_told(worker, tmp_path):
    tashi = make_contact(phone="13900000099")
    with transaction.atomic():
        notification = tell(
            contact_id=tashi.pk, kind="sale", title="卖出了", body="", url="", dedupe_key="a", now=utc_now()
        )

    worker()

    wait_for(lambda: set(notification.deliveries.values_list("status", flat=True)) == {"delivered", "sent"})
    assert "13900000099\t卖出了" in (tmp_path / "var" / "log" / "sms.log").read_text()


def test_a_task_that_kills_its_worker_twice_is_repeated_until_it_is_done(worker, tmp_path):
    log = tmp_path / "runs"
    with transaction.atomic():
        message = outbox.enqueue("tests.crash", path=str(log), times=2)

    worker()

    wait_for(lambda: is_done(message))
    assert message.attempts == 3
    assert log.read_text() == "xxx"


def test_a_task_that_always_kills_its_worker_is_quarantined_after_five(worker, tmp_path):
    log = tmp_path / "runs"
    with transaction.atomic():
        message = outbox.enqueue("tests.crash", path=str(log), times=99)

    worker()

    def is_quarantined() -> bool:
        message.refresh_from_db()
        return message.quarantined_at is not None

    wait_for(is_quarantined)
    assert message.attempts == 5
    assert log.read_text() == "xxxxx"


def test_a_whole_worker_that_was_killed_is_replaced_and_a_flushed_valkey_is_swept(worker, broker, tmp_path):
    log = tmp_path / "runs"
    with transaction.atomic():
        message = outbox.enqueue("tests.crash", path=str(log), times=0)
    broker.flushall()
    worker()
    time.sleep(2)
    assert not is_done(message)

    assert outbox.sweep(now=message.due_at) == 1

    wait_for(lambda: is_done(message))
    assert log.read_text() == "x"


def test_a_broker_that_is_away_keeps_the_row_and_costs_no_time(broker, worker, monkeypatch, tmp_path):
    app = current_app._get_current_object()
    away = Celery("away", broker=f"redis+socket://{tmp_path}/nobody.sock", set_as_current=False)
    away.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    monkeypatch.setattr(app, "send_task", away.send_task)
    log = tmp_path / "runs"

    started = time.monotonic()
    with transaction.atomic():
        messages = [outbox.enqueue("tests.crash", path=str(log), times=0) for _number in range(5)]
    assert time.monotonic() - started < 1.5
    assert OutboxMessage.objects.filter(done_at=None, attempts=0).count() == 5
    assert outbox.sweep(now=messages[-1].due_at) == 0

    monkeypatch.setattr(app, "send_task", Celery.send_task.__get__(app))
    outbox._broker_pause.until = 0.0
    worker()
    assert outbox.sweep(now=messages[-1].due_at) == 5
    wait_for(lambda: all(is_done(message) for message in messages))
    assert log.read_text() == "xxxxx"
