"""Work after a commit is never lost and never doubled at once (rules.md 7, PR5, F1, F2, F4)."""

import contextlib
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from celery import current_app
from django.db import connection, connections, transaction

from common import outbox
from common.models import OutboxMessage

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


class Task:
    """A task of these tests, with a record of its runs."""

    def __init__(self):
        self.runs = []
        self.error: Exception | None = None
        self.hold: threading.Event | None = None

    def run(self, **kwargs) -> None:
        self.runs.append(kwargs)
        if self.hold:
            self.hold.wait(10)
        if self.error:
            raise self.error


@pytest.fixture
def task(monkeypatch) -> Task:
    """The task named tests.work."""
    made = Task()
    monkeypatch.setitem(current_app.tasks, "tests.work", made)
    return made


@pytest.fixture
def handed(monkeypatch) -> list[int]:
    """The ids that Celery was given."""
    given = []
    monkeypatch.setattr(
        current_app, "send_task", lambda name, args, queue, retry: given.append((name, args[0], queue, retry))
    )
    return given


def put(**changes) -> OutboxMessage:
    fields = {"task": "tests.work", "kwargs": {"pk": 1}, "created_at": NOW, "due_at": NOW} | changes
    return OutboxMessage.objects.create(**fields)


@pytest.mark.django_db(transaction=True)
def test_a_commit_hands_the_message_over(handed):
    with transaction.atomic():
        message = outbox.enqueue("tests.work", queue="fast", pk=1)
        assert handed == []

    assert handed == [("common.deliver", message.pk, "fast", False)]


@pytest.mark.django_db(transaction=True)
def test_a_rollback_leaves_nothing(handed):
    with pytest.raises(RuntimeError), transaction.atomic():
        outbox.enqueue("tests.work", pk=1)
        raise RuntimeError("refused")

    assert handed == []
    assert OutboxMessage.objects.count() == 0


@pytest.mark.django_db
def test_a_message_is_done_once(task):
    message = put()

    assert outbox.deliver(message.pk, now=NOW) is True
    assert outbox.deliver(message.pk, now=NOW) is False

    message.refresh_from_db()
    assert task.runs == [{"pk": 1}]
    assert message.done_at is not None
    assert message.attempts == 1


@pytest.mark.django_db
def test_a_message_that_is_not_there_is_no_error(task):
    assert outbox.deliver(987654321, now=NOW) is False


@pytest.mark.django_db
def test_a_failure_waits_longer_each_time_and_is_quarantined_after_five(task):
    task.error = RuntimeError("no")
    message = put()
    waits = []

    for _attempt in range(5):
        started = datetime.now(UTC)
        message.refresh_from_db()
        assert outbox.deliver(message.pk, now=max(message.due_at, started)) is False
        message.refresh_from_db()
        waits.append(round((message.due_at - max(started, NOW)).total_seconds()))

    assert len(task.runs) == 5
    assert message.attempts == 5
    assert message.quarantined_at is not None
    assert message.last_error == "RuntimeError('no')"
    assert outbox.deliver(message.pk, now=message.due_at + timedelta(days=1)) is False
    assert len(task.runs) == 5


@pytest.mark.django_db
def test_a_message_that_came_twice_does_not_jump_its_delay(task):
    task.error = RuntimeError("no")
    message = put(due_at=datetime.now(UTC))
    outbox.deliver(message.pk, now=datetime.now(UTC))

    assert outbox.deliver(message.pk, now=datetime.now(UTC)) is False
    assert len(task.runs) == 1


@pytest.mark.django_db
def test_a_task_that_nobody_wrote_is_a_failure_not_a_crash():
    message = put(task="tests.nowhere")

    assert outbox.deliver(message.pk, now=NOW) is False
    message.refresh_from_db()
    assert "tests.nowhere" in message.last_error
    assert message.done_at is None


@pytest.mark.django_db
def test_what_killed_its_worker_five_times_is_quarantined_without_running_again(task):
    message = put(attempts=5)

    assert outbox.deliver(message.pk, now=NOW) is False

    message.refresh_from_db()
    assert task.runs == []
    assert message.quarantined_at == NOW
    assert message.last_error == "The worker died while this ran."


@pytest.mark.django_db
def test_the_sweep_takes_what_is_due_and_nothing_else(handed):
    late = put(queue="fast")
    put(due_at=NOW + timedelta(seconds=1))
    put(done_at=NOW)
    put(quarantined_at=NOW)

    assert outbox.sweep(now=NOW) == 1
    assert [(pk, queue) for _name, pk, queue, _retry in handed] == [(late.pk, "fast")]


@pytest.mark.django_db
def test_the_sweep_does_not_flood_a_slow_queue_and_repeats_after_a_minute(handed):
    put()

    taken = [outbox.sweep(now=NOW + timedelta(seconds=seconds)) for seconds in (0, 5, 30, 59, 61, 65)]

    assert taken == [1, 0, 0, 0, 1, 0]


@pytest.mark.django_db
def test_the_sweep_is_bounded(handed):
    for _number in range(7):
        put()

    assert [outbox.sweep(now=NOW, limit=5), outbox.sweep(now=NOW, limit=5)] == [5, 2]


@pytest.mark.django_db
def test_a_failed_message_is_swept_when_its_delay_is_over(task, handed):
    task.error = RuntimeError("no")
    message = put()
    outbox.sweep(now=NOW)
    outbox.deliver(message.pk, now=NOW)
    message.refresh_from_db()

    assert outbox.sweep(now=message.due_at - timedelta(milliseconds=1)) == 0
    assert outbox.sweep(now=message.due_at) == 1


@pytest.mark.django_db(transaction=True)
def test_two_deliveries_at_once_run_once_however_long_it_takes(task):
    task.hold = threading.Event()
    message = put()
    results = []

    def deliver() -> None:
        try:
            results.append(outbox.deliver(message.pk, now=datetime.now(UTC)))
        finally:
            connections.close_all()

    first = threading.Thread(target=deliver)
    first.start()
    while not task.runs:
        time.sleep(0.01)
    others = [threading.Thread(target=deliver) for _number in range(6)]
    for thread in others:
        thread.start()
    for thread in others:
        thread.join()
    # An hour later the first still runs: nobody takes it away.
    assert outbox.deliver(message.pk, now=datetime.now(UTC) + timedelta(hours=1)) is False
    task.hold.set()
    first.join()

    assert sorted(results) == [False] * 6 + [True]
    assert len(task.runs) == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_two_deliveries_would_run_twice(task, monkeypatch):
    """The control of the test above."""
    monkeypatch.setattr(outbox, "_running", lambda message_id: contextlib.nullcontext(True))
    task.hold = threading.Event()
    message = put()

    def deliver() -> None:
        try:
            outbox.deliver(message.pk, now=NOW)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=deliver) for _number in range(2)]
    for thread in threads:
        thread.start()
    give_up = time.monotonic() + 10
    while len(task.runs) < 2 and time.monotonic() < give_up:
        time.sleep(0.01)
    task.hold.set()
    for thread in threads:
        thread.join()

    assert len(task.runs) == 2


@pytest.mark.django_db(transaction=True)
def test_the_lock_is_given_back_after_success_and_after_failure(task):
    first, second = put(), put()
    outbox.deliver(first.pk, now=NOW)
    task.error = RuntimeError("no")
    outbox.deliver(second.pk, now=NOW)

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        assert cursor.fetchone() == (0,)


@pytest.mark.django_db(transaction=True)
def test_a_task_that_loses_its_database_is_a_failure_that_is_repeated(task, monkeypatch):
    message = put()

    def lose_the_database(**kwargs) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    monkeypatch.setattr(task, "run", lose_the_database)
    with pytest.raises(Exception, match=r"closed|terminat|lost"):
        outbox.deliver(message.pk, now=NOW)
    connection.close()
    monkeypatch.undo()
    message.refresh_from_db()

    assert message.attempts == 1
    assert message.done_at is None
