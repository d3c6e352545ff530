"""Telling somebody something: one row in the inbox, one delivery per channel, none lost (rules.md PR5)."""

import contextlib
from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db import transaction
from django.utils import translation

from accounts.models import Contact
from common import outbox
from notifications.models import Notification, NotificationDelivery
from notifications.statuses import IMPORTANT_KINDS, Channel

TITLE_LENGTH = 120
BODY_LENGTH = 500


@contextlib.contextmanager
def in_language_of(contact: Contact) -> Iterator[None]:
    """Let gettext speak the contact's language inside the block."""
    with translation.override(contact.language):
        yield


def tell(
    *,
    contact_id: int,
    kind: str,
    title: str,
    body: str,
    url: str,
    dedupe_key: str,
    now: datetime,
    channels: Iterable[str] | None = None,
) -> Notification:
    """Tell a contact once per `dedupe_key`, by the inbox and the channels that fit; repeating does nothing.

    Title and body are already in the contact's language (`in_language_of`); `url` is a path of this site or
    empty. Without `channels`: e-mail where there is an address, SMS where there is a phone and either no
    account or an important kind. ValueError for a url that leaves the site.
    """
    if url and (not url.startswith("/") or url.startswith(("//", "/\\"))):
        raise ValueError(f"not a path of this site: {url}")
    with transaction.atomic():
        notification, is_new = Notification.objects.get_or_create(
            dedupe_key=dedupe_key,
            defaults={
                "contact_id": contact_id,
                "kind": kind,
                "title": _shortened(" ".join(str(title).split()), TITLE_LENGTH),
                "body": _shortened(str(body), BODY_LENGTH),
                "url": url,
                "created_at": now,
            },
        )
        if is_new:
            contact = Contact.objects.get(pk=contact_id)
            for channel in _channels_for(contact, kind, channels):
                delivery = NotificationDelivery.objects.create(
                    notification=notification, channel=channel, created_at=now
                )
                outbox.enqueue("notifications.deliver", queue="fast", delivery_id=delivery.pk)
    return notification


def _channels_for(contact: Contact, kind: str, asked: Iterable[str] | None) -> list[str]:
    if asked is None:
        asked = [Channel.EMAIL]
        if contact.user_id is None or kind in IMPORTANT_KINDS:
            asked.append(Channel.SMS)
    reachable = {Channel.EMAIL: contact.email, Channel.SMS: contact.phone}
    others = [channel for channel in Channel if channel in asked and reachable.get(channel)]
    return [Channel.INBOX, *others]


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
