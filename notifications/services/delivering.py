"""Sending one delivery through its channel, at least once."""

from datetime import datetime

from django.conf import settings
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.codes import code_for
from accounts.models import SignInCode
from common.outbox import MAX_ATTEMPTS
from notifications.channels.base import ChannelError, Message, UndeliverableError
from notifications.channels.choosing import door_of
from notifications.models import NotificationDelivery
from notifications.selectors import count_unread
from notifications.statuses import TOLD, Channel, DeliveryStatus
from realtime.services.publishing import publish


def deliver(*, delivery_id: int, now: datetime) -> NotificationDelivery:
    """Send one delivery that was not sent yet; ChannelError when it must be tried again."""
    delivery = NotificationDelivery.objects.select_related("notification__contact__user").get(pk=delivery_id)
    if delivery.status in TOLD:
        return delivery
    # The attempt is on record before the provider is called: a crash in between is seen, not hidden.
    NotificationDelivery.objects.filter(pk=delivery.pk).update(attempts=F("attempts") + 1)
    delivery.attempts += 1
    try:
        receipt = door_of(delivery.channel).send(_message_of(delivery))
    except UndeliverableError as error:
        _note(delivery, status=DeliveryStatus.FAILED, error=str(error))
        return delivery
    except ChannelError as error:
        is_last = delivery.attempts >= MAX_ATTEMPTS
        _note(
            delivery,
            status=DeliveryStatus.FAILED if is_last else DeliveryStatus.QUEUED,
            error=str(error),
        )
        raise
    _note(delivery, status=receipt.status, provider_reference=receipt.reference[:100], sent_at=now, error="")
    user = delivery.notification.contact.user
    if delivery.channel == Channel.INBOX and user is not None:
        # The badge of an open page moves; without the hub it moves at the next page.
        publish(channel=f"user:{user.pk}", event="inbox", data={"unread": count_unread(user)})
    return delivery


def send_sign_in_code(*, code_id: int, language: str, now: datetime) -> bool:
    """Send a sign-in code by SMS while it can still be used; return whether it was sent."""
    asked = SignInCode.objects.filter(pk=code_id, used_at=None, expires_at__gt=now).first()
    if asked is None:
        return False
    code = code_for(phone=asked.phone, salt=asked.salt)
    with translation.override(language or settings.LANGUAGE_CODE):
        text = _("Village Market: your code is %(code)s. It is valid for 5 minutes. Give it to nobody.") % {
            "code": code
        }
    door_of(Channel.SMS).send(Message(to=asked.phone, title="", body=text, key=f"code-{asked.pk}"))
    return True


def _message_of(delivery: NotificationDelivery) -> Message:
    notification = delivery.notification
    contact = notification.contact
    recipients = {Channel.EMAIL: contact.email, Channel.SMS: contact.phone}
    return Message(
        to=recipients.get(Channel(delivery.channel), ""),
        title=notification.title,
        body=notification.body,
        url=f"{settings.PUBLIC_URL}{notification.url}" if notification.url else "",
        key=f"notification-{notification.pk}-{delivery.channel}",
    )


def _note(delivery: NotificationDelivery, *, error: str, **changes) -> None:
    changes["error"] = error[:300]
    for name, value in changes.items():
        setattr(delivery, name, value)
    delivery.save(update_fields=list(changes))
