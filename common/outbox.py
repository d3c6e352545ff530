"""Side effects leave through a row written in the same transaction, never lost (rules.md 7).

`enqueue` writes the row and, after commit, hands its id to Celery. Where that hand-over fails
(broker down, process killed), `sweep` hands it over again. `deliver` counts the attempt in the
database before it runs the task, so a message that kills its worker is quarantined all the same.
"""

import logging
from datetime import datetime, timedelta

from celery import current_app
from django.db import transaction
from django.db.models import F
from kombu.exceptions import OperationalError

from common.clock import utc_now
from common.models import OutboxMessage

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
HANDOVER_GRACE = timedelta(seconds=15)
RUNNING_GRACE = timedelta(seconds=120)
BROKER_ERRORS = (OperationalError, OSError)


def enqueue(task: str, *, queue: str = "default", **kwargs: int | str) -> OutboxMessage:
    """Promise that the Celery task named `task` runs at least once after this transaction commits.

    Arguments are ids only, no personal data. Tasks must be repeatable.
    """
    now = utc_now()
    message = OutboxMessage.objects.create(
        task=task, kwargs=kwargs, queue=queue, created_at=now, due_at=now + HANDOVER_GRACE
    )
    transaction.on_commit(lambda: hand_over([(message.pk, queue)]))
    return message


def hand_over(messages: list[tuple[int, str]]) -> int:
    """Give message ids to Celery; return how many were taken. A dead broker is left to the sweeper."""
    taken = 0
    for pk, queue in messages:
        try:
            current_app.send_task("common.deliver", args=[pk], queue=queue, retry=False)
        except BROKER_ERRORS as error:
            logger.warning("outbox hand-over failed, the sweeper will repeat it: %s", error)
            return taken
        taken += 1
    return taken


def deliver(message_id: int, *, now: datetime) -> bool:
    """Run one message's task; return whether it ran. Failures are counted, delayed and quarantined after 5."""
    claimed = OutboxMessage.objects.filter(
        pk=message_id, done_at=None, quarantined_at=None, attempts__lt=MAX_ATTEMPTS
    ).filter(due_at__lte=now + HANDOVER_GRACE)
    if not claimed.update(attempts=F("attempts") + 1, due_at=now + RUNNING_GRACE):
        return False
    message = OutboxMessage.objects.get(pk=message_id)
    try:
        current_app.tasks[message.task].run(**message.kwargs)
    except Exception as error:
        logger.exception("outbox task %s failed (message %s)", message.task, message.pk)
        OutboxMessage.objects.filter(pk=message_id).update(
            last_error=repr(error)[:2000],
            due_at=now + timedelta(seconds=2**message.attempts),
            quarantined_at=now if message.attempts >= MAX_ATTEMPTS else None,
        )
        return False
    OutboxMessage.objects.filter(pk=message_id).update(done_at=utc_now())
    return True


def sweep(*, now: datetime, limit: int = 500) -> int:
    """Hand over again what is due and not done; quarantine what died five times. Return how many were taken."""
    overdue = OutboxMessage.objects.filter(done_at=None, quarantined_at=None, due_at__lte=now)
    overdue.filter(attempts__gte=MAX_ATTEMPTS).update(quarantined_at=now)
    return hand_over(list(overdue.order_by("pk").values_list("pk", "queue")[:limit]))
