"""Telling somebody something: one row in the inbox, one delivery per channel, none lost (rules.md PR5)."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import translation

from accounts.models import Contact, User
from accounts.services.contacts import contact_of
from common import outbox
from notifications.models import Notification, NotificationDelivery
from notifications.statuses import IMPORTANT_KINDS, Channel, DeliveryStatus

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
    _check_path(url)
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


@dataclass(frozen=True)
class Note:
    """One of many people who are told the same; `dedupe_key` as for `tell`."""

    user: User
    dedupe_key: str


@transaction.atomic
def tell_many(
    *, kind: str, notes: Sequence[Note], words: Callable[[], tuple[str, str]], url: str, now: datetime
) -> int:
    """Tell people the same thing, each once per their key; return how many had not been told yet.

    `words` gives title and body in the language that is active. A handful of statements for all of them
    together: the inbox's note is its own delivery, other channels leave through the outbox in the queue where
    nothing waits for them. The caller bounds the number (hundreds).
    """
    keys = [note.dedupe_key for note in notes]
    told = set(Notification.objects.filter(dedupe_key__in=keys).values_list("dedupe_key", flat=True))
    spoken: dict[str, tuple[str, str]] = {}
    letters = []
    for note in notes:
        if note.dedupe_key in told:
            continue
        contact = _contact_of(note.user)
        if contact.language not in spoken:
            with in_language_of(contact):
                spoken[contact.language] = words()
        letters.append(Letter(contact, *spoken[contact.language], url, note.dedupe_key))
    return tell_each(kind=kind, letters=letters, now=now)


@dataclass(frozen=True)
class Letter:
    """What one of many people is told, in their language; `url` and `dedupe_key` as for `tell`."""

    contact: Contact
    title: str
    body: str
    url: str
    dedupe_key: str


@transaction.atomic
def tell_each(*, kind: str, letters: Sequence[Letter], now: datetime) -> int:
    """Tell people each their own thing, once per their key; return how many had not been told yet.

    A handful of statements for all of them together, as `tell_many`. The caller bounds the number (hundreds).
    """
    keys = [letter.dedupe_key for letter in letters]
    told = set(Notification.objects.filter(dedupe_key__in=keys).values_list("dedupe_key", flat=True))
    contacts, rows = [], []
    for letter in letters:
        if letter.dedupe_key in told:
            continue
        _check_path(letter.url)
        contacts.append(letter.contact)
        rows.append(
            Notification(
                contact=letter.contact,
                kind=kind,
                title=_shortened(" ".join(str(letter.title).split()), TITLE_LENGTH),
                body=_shortened(str(letter.body), BODY_LENGTH),
                url=letter.url,
                dedupe_key=letter.dedupe_key,
                created_at=now,
            )
        )
    deliveries = []
    for contact, notification in zip(contacts, Notification.objects.bulk_create(rows), strict=True):
        for channel in _channels_for(contact, kind, None):
            delivery = NotificationDelivery(notification=notification, channel=channel, created_at=now)
            if channel == Channel.INBOX:
                delivery.status, delivery.sent_at = DeliveryStatus.DELIVERED, now
            deliveries.append(delivery)
    made = NotificationDelivery.objects.bulk_create(deliveries)
    outbox.enqueue_many(
        "notifications.deliver",
        [{"delivery_id": one.pk} for one in made if one.status == DeliveryStatus.QUEUED],
    )
    return len(rows)


def _check_path(url: str) -> None:
    if url and (not url.startswith("/") or url.startswith(("//", "/\\"))):
        raise ValueError(f"not a path of this site: {url}")


def _contact_of(user: User) -> Contact:
    """Return the contact that was loaded with the user, or an up to date one where it is stale or missing."""
    contact = getattr(user, "contact", None)
    if contact is not None and (contact.language, contact.phone, contact.email) == (
        user.language, user.phone or "", user.email or "",
    ):  # fmt: skip
        return contact
    return contact_of(user)


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
