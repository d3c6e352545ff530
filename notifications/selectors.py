"""Reads of the inbox, always of one person."""

from django.db.models import F, QuerySet
from django.db.models.lookups import IsNull

from accounts.models import User
from common.errors import NotFound
from notifications.models import Notification


def inbox_of(user: User) -> QuerySet[Notification]:
    """Return what the person was told, newest first."""
    return Notification.objects.filter(contact__user=user).order_by("-pk")


def list_inbox(user: User) -> QuerySet[Notification]:
    """Return what the person was told, unread first, then newest first."""
    is_read = IsNull(F("read_at"), False)
    return Notification.objects.filter(contact__user=user).order_by(is_read.asc(), "-pk")


def count_unread(user: User) -> int:
    """Return how many notifications the person has not read."""
    return Notification.objects.filter(contact__user=user, read_at=None).count()


def get_notification(*, user: User, notification_id: int) -> Notification:
    """Return the person's notification; NotFound for a stranger's or none."""
    notification = inbox_of(user).filter(pk=notification_id).first()
    if notification is None:
        raise NotFound()
    return notification
