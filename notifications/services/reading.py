"""Marking notifications as read."""

from collections.abc import Collection
from datetime import datetime

from accounts.models import User
from common.errors import NotFound
from notifications.models import Notification
from notifications.selectors import get_notification, inbox_of


def mark_read(*, user: User, ids: Collection[int] | None, now: datetime) -> int:
    """Mark the person's notifications (all for None) as read; return how many changed.

    NotFound, and nothing changes, when one of the ids is not theirs.
    """
    inbox = inbox_of(user)
    if ids is not None:
        wanted = set(ids)
        inbox = inbox.filter(pk__in=wanted)
        if inbox.count() != len(wanted):
            raise NotFound()
    return Notification.objects.filter(pk__in=inbox.filter(read_at=None).values("pk")).update(read_at=now)


def open_notification(*, user: User, notification_id: int, now: datetime) -> Notification:
    """Return the person's notification, marked as read; NotFound for a stranger's."""
    notification = get_notification(user=user, notification_id=notification_id)
    if notification.read_at is None:
        notification.read_at = now
        notification.save(update_fields=["read_at"])
    return notification
