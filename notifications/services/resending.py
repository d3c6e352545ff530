"""An operator sends a message again that did not reach its person."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from common import outbox
from common.audit import actor_of, record
from common.errors import NotAllowed
from common.moves import check_move
from notifications.models import NotificationDelivery
from notifications.statuses import DELIVERY_MOVES, DeliveryStatus


@transaction.atomic
def resend(*, actor: User, delivery_id: int, reason: str, now: datetime) -> NotificationDelivery:
    """Queue a failed delivery again, with fresh attempts. NotAllowed, MoveRefused."""
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()
    delivery = NotificationDelivery.objects.select_for_update().get(pk=delivery_id)
    before = delivery.status
    check_move(DELIVERY_MOVES, before, DeliveryStatus.QUEUED)
    delivery.status, delivery.attempts, delivery.error = DeliveryStatus.QUEUED, 0, ""
    delivery.save(update_fields=["status", "attempts", "error"])
    outbox.enqueue("notifications.deliver", queue="fast", delivery_id=delivery.pk)
    record(
        actor=actor_of(actor),
        action="notifications.resend",
        target=f"notificationdelivery:{delivery.pk}",
        before={"status": before},
        after={"status": delivery.status},
        reason=reason.strip(),
        now=now,
    )
    return delivery
