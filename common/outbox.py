"""Side effects leave through a row written in the same transaction, never lost (rules.md 7).

`enqueue` writes the row and, after commit, hands its id to Celery. Where that hand-over fails
(broker down, process killed, Valkey flushed), `sweep` hands it over again. `deliver` counts the
attempt in the database before it runs the task, so a message that kills its worker is quarantined
all the same. While a task runs, its database session holds an advisory lock: two deliveries never
run at once however long the task takes, and a killed worker lets go of the lock by dying. (Workers
therefore need sessions of their own: no pooler in transaction mode between them and PostgreSQL.)
"""

import contextlib
import logging
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace

from celery import current_app
from django.db import Error as AnyDatabaseError
from django.db import connection, transaction
from django.db.models import F, Q
from kombu.exceptions import KombuError
from redis import RedisError

from common.clock import utc_now
from common.models import OutboxMessage

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
HANDOVER_GRACE = timedelta(seconds=15)
# A message that waits in a long queue is not put there again at every sweep.
HANDOVER_REPEAT = timedelta(seconds=60)
MOST_SENT_SINGLY = 20
BROKER_ERRORS = (KombuError, RedisError, OSError)
# While the broker is away only one request in a while pays for finding out.
BROKER_PAUSE_SECONDS = 3.0
_broker_pause = SimpleNamespace(until=0.0)


def enqueue(
    task: str, *, queue: str = "default", delay_seconds: int = 0, **kwargs: int | str
) -> OutboxMessage:
    """Promise that the Celery task named `task` runs at least once after this transaction commits.

    With `delay_seconds` (a few) not before they have passed.

    Arguments are ids only, no personal data. Tasks must be repeatable.
    """
    now = utc_now()
    message = OutboxMessage.objects.create(
        task=task,
        kwargs=kwargs,
        queue=queue,
        created_at=now,
        due_at=now + timedelta(seconds=delay_seconds) + HANDOVER_GRACE,
    )
    transaction.on_commit(lambda: hand_over([(message.pk, queue)], countdown=delay_seconds))
    return message


def enqueue_many(task: str, arguments: list[dict[str, int | str]], *, queue: str = "default") -> None:
    """Promise the same task for each of these arguments, as `enqueue` does, in one statement."""
    now = utc_now()
    messages = OutboxMessage.objects.bulk_create(
        OutboxMessage(task=task, kwargs=kwargs, queue=queue, created_at=now, due_at=now + HANDOVER_GRACE)
        for kwargs in arguments
    )
    if len(messages) > MOST_SENT_SINGLY:
        transaction.on_commit(lambda: hand_over_at_once([message.pk for message in messages], queue=queue))
    elif messages:
        transaction.on_commit(lambda: hand_over([(message.pk, queue) for message in messages]))


def hand_over(messages: list[tuple[int, str]], *, countdown: int = 0) -> int:
    """Give message ids to Celery; return how many were taken. A dead broker is left to the sweeper."""
    taken = 0
    options = {"countdown": countdown} if countdown else {}
    for pk, queue in messages:
        if time.monotonic() < _broker_pause.until:
            return taken
        try:
            current_app.send_task("common.deliver", args=[pk], queue=queue, retry=False, **options)
        except BROKER_ERRORS as error:
            _broker_pause.until = time.monotonic() + BROKER_PAUSE_SECONDS
            logger.warning("outbox hand-over failed, the sweeper will repeat it: %s", error)
            return taken
        taken += 1
    return taken


def hand_over_at_once(message_ids: list[int], *, queue: str = "default") -> bool:
    """Give many ids to Celery as one message, which a worker takes apart; False leaves them to the sweeper.

    For whoever has no time to send each: it costs the same for one as for hundreds.
    """
    if time.monotonic() < _broker_pause.until:
        return False
    try:
        current_app.send_task("common.hand_over", args=[message_ids, queue], queue=queue, retry=False)
    except BROKER_ERRORS as error:
        _broker_pause.until = time.monotonic() + BROKER_PAUSE_SECONDS
        logger.warning("outbox hand-over failed, the sweeper will repeat it: %s", error)
        return False
    return True


def deliver(message_id: int, *, now: datetime) -> bool:
    """Run one message's task; return whether it ran. Failures are counted, delayed, quarantined after 5."""
    with _running(message_id) as is_alone:
        if not is_alone:
            return False
        message = _claim(message_id, now)
        if message is None:
            return False
        try:
            current_app.tasks[message.task].run(**message.kwargs)
        except Exception as error:
            logger.exception("outbox task %s failed (message %s)", message.task, message.pk)
            _note_failure(message, error, now)
            return False
        OutboxMessage.objects.filter(pk=message_id).update(done_at=utc_now())
        return True


def sweep(*, now: datetime, limit: int = 500) -> int:
    """Hand over again what is due and not done. Return how many were taken."""
    overdue = (
        OutboxMessage.objects.filter(done_at=None, quarantined_at=None, due_at__lte=now)
        .filter(Q(swept_at=None) | Q(swept_at__lte=now - HANDOVER_REPEAT) | Q(swept_at__lt=F("due_at")))
        .order_by("due_at", "pk")
    )
    messages = list(overdue.values_list("pk", "queue")[:limit])
    taken = hand_over(messages)
    OutboxMessage.objects.filter(pk__in=[pk for pk, _ in messages[:taken]]).update(swept_at=now)
    return taken


def _claim(message_id: int, now: datetime) -> OutboxMessage | None:
    """Count an attempt of a message that is waiting; quarantine one that died five times."""
    waiting = OutboxMessage.objects.filter(pk=message_id, done_at=None, quarantined_at=None)
    # The first delivery comes with the hand-over; later ones wait for the delay after a failure.
    due = waiting.filter(Q(attempts=0) | Q(due_at__lte=now), attempts__lt=MAX_ATTEMPTS)
    if due.update(attempts=F("attempts") + 1, due_at=now):
        return OutboxMessage.objects.get(pk=message_id)
    died = waiting.filter(attempts__gte=MAX_ATTEMPTS)
    if died.update(quarantined_at=now, last_error="The worker died while this ran."):
        logger.error("outbox message %s killed its worker %s times: quarantined", message_id, MAX_ATTEMPTS)
    return None


def _note_failure(message: OutboxMessage, error: Exception, now: datetime) -> None:
    failed_at = max(now, utc_now())
    OutboxMessage.objects.filter(pk=message.pk).update(
        last_error=repr(error).replace("\x00", "")[:2000],
        due_at=failed_at + timedelta(seconds=2**message.attempts),
        quarantined_at=failed_at if message.attempts >= MAX_ATTEMPTS else None,
    )


@contextlib.contextmanager
def _running(message_id: int) -> Iterator[bool]:
    """Hold the message's lock in this database session; yields False where another session holds it."""
    name = f"outbox:{message_id}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name])
        is_alone = cursor.fetchone()[0]
    try:
        yield is_alone
    finally:
        if is_alone:
            # A broken session has already let go of its locks.
            with contextlib.suppress(AnyDatabaseError), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [name])
