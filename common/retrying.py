"""An operator gives a quarantined outbox message another life."""

from datetime import datetime

from django.db import transaction

from common.audit import record
from common.errors import MoveRefused
from common.models import OutboxMessage
from common.outbox import hand_over


@transaction.atomic
def retry(*, message_id: int, actor: str, reason: str, now: datetime) -> OutboxMessage:
    """Put a quarantined message back with fresh attempts; MoveRefused when it is not quarantined."""
    message = OutboxMessage.objects.select_for_update().get(pk=message_id)
    if message.quarantined_at is None or message.done_at is not None:
        raise MoveRefused()
    before = {"attempts": message.attempts, "quarantined_at": message.quarantined_at.isoformat()}
    message.quarantined_at, message.attempts, message.due_at = None, 0, now
    message.save(update_fields=["quarantined_at", "attempts", "due_at"])
    record(
        actor=actor,
        action="outbox.retry",
        target=f"outboxmessage:{message.pk}",
        before=before,
        after={"attempts": 0},
        reason=reason,
        now=now,
    )
    transaction.on_commit(lambda: hand_over([(message.pk, message.queue)]))
    return message
