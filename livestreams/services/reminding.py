"""Who asked to be reminded of a show, and telling them: once each, batch by batch (features.md N2).

A batch is one outbox message that leaves the next one behind in its own transaction. So one batch of a show
is on its way at a time, memory stays that of one batch, and a killed worker repeats a batch whose notes were
not written; what was written is known by its key.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from common import outbox
from common.errors import MoveRefused, NotFound
from livestreams.models import LiveSession, Reminder
from livestreams.statuses import ON_AIR, ReminderWord, SessionStatus
from notifications.services.telling import Note, tell_many

BATCH = 500
KINDS = {
    ReminderWord.SOON: "live_soon",
    ReminderWord.LIVE: "live_starting",
    ReminderWord.MOVED: "live_moved",
    ReminderWord.CANCELLED: "live_cancelled",
}


def ask_reminder(*, actor, session_id: int, now: datetime) -> Reminder:
    """Remember that the person wants to be told; again: no effect.

    Raises NotFound, and MoveRefused once the show has begun.
    """
    session = LiveSession.objects.public().filter(pk=session_id).first()
    if session is None:
        raise NotFound()
    if session.status != SessionStatus.SCHEDULED:
        raise MoveRefused()
    return Reminder.objects.get_or_create(session=session, user=actor, defaults={"created_at": now})[0]


def drop_reminder(*, actor, session_id: int) -> None:
    """The person is told nothing more about this show; again: no effect. NotFound."""
    deleted, _rows = Reminder.objects.filter(session=session_id, user=actor).delete()
    if not deleted and not LiveSession.objects.public().filter(pk=session_id).exists():
        raise NotFound()


def remind_due(*, now: datetime) -> int:
    """Begin to tell about every show that starts within the next minutes; return how many shows."""
    near = now + timedelta(minutes=settings.REMIND_MINUTES_BEFORE)
    due = LiveSession.objects.filter(
        status=SessionStatus.SCHEDULED, scheduled_at__gt=now, scheduled_at__lte=near
    ).filter(Q(reminded_for=None) | ~Q(reminded_for=F("scheduled_at")))
    begun = 0
    for session_id in due.values_list("pk", flat=True)[:500]:
        with transaction.atomic():
            # A doubled tick waits here and then finds the show no longer due.
            session = due.select_for_update().filter(pk=session_id).first()
            if session is None:
                continue
            session.reminded_for = session.scheduled_at
            session.save(update_fields=["reminded_for"])
            tell_everyone_reminded(session=session, word=ReminderWord.SOON)
            begun += 1
    return begun


def tell_everyone_reminded(*, session: LiveSession, word: str) -> None:
    """Promise, with the current transaction, that everyone who asked is told this word about the show."""
    if not session.reminders.exists():
        return
    outbox.enqueue(
        "livestreams.tell_reminded", session_id=session.pk, word=str(word), after=0,
        revision=session.revision, at=int(session.scheduled_at.timestamp()),
    )  # fmt: skip


@transaction.atomic
def tell_batch(*, session_id: int, word: str, after: int, revision: int, at: int, now: datetime) -> int:
    """Tell the next people after reminder `after`, and leave the batch after them; return how many.

    What is no longer true by now (moved again, called off, over) is not told.
    """
    session = LiveSession.objects.select_related("host", "shop").get(pk=session_id)
    if not _is_still_true(session, word, at):
        return 0
    batch = list(
        session.reminders.filter(pk__gt=after).select_related("user__contact").order_by("pk")[:BATCH]
    )
    stem = f"live-{word}-{session.pk}"
    if word == ReminderWord.SOON:
        stem = f"{stem}-{at}"
    elif word == ReminderWord.MOVED:
        stem = f"{stem}-{revision}"
    tell_many(
        kind=KINDS[ReminderWord(word)],
        notes=[Note(reminder.user, f"{stem}-{reminder.user_id}") for reminder in batch],
        words=lambda: _words(session, word),
        url=f"/shops/{session.shop_id}/" if word == ReminderWord.CANCELLED else f"/live/{session.pk}/",
        now=now,
    )
    if word in (ReminderWord.SOON, ReminderWord.LIVE):
        Reminder.objects.filter(pk__in=[reminder.pk for reminder in batch]).update(told_at=now)
    if len(batch) == BATCH:
        outbox.enqueue(
            "livestreams.tell_reminded", session_id=session.pk, word=word, after=batch[-1].pk,
            revision=revision, at=at,
        )  # fmt: skip
    return len(batch)


def _is_still_true(session: LiveSession, word: str, at: int) -> bool:
    if word == ReminderWord.LIVE:
        return session.status in ON_AIR
    if word == ReminderWord.CANCELLED:
        return session.status == SessionStatus.CANCELLED
    return session.status == SessionStatus.SCHEDULED and int(session.scheduled_at.timestamp()) == at


def _words(session: LiveSession, word: str) -> tuple[str, str]:
    """Return title and body in the language that is active."""
    start = timezone.localtime(session.scheduled_at)
    names = {
        "host": session.host.name,
        "show": session.title,
        "day": start.strftime("%Y-%m-%d"),
        "time": start.strftime("%H:%M"),
        "reason": session.cancel_reason,
    }
    if word == ReminderWord.SOON:
        return _("%(host)s goes live at %(time)s") % names, session.title
    if word == ReminderWord.LIVE:
        return _("%(host)s is live now") % names, session.title
    if word == ReminderWord.MOVED:
        title = _("New time: %(day)s %(time)s") % names
        return title, _("“%(show)s” of %(host)s was moved. We remind you again before it begins.") % names
    title = _("Called off: %(show)s") % names
    if session.cancel_reason:
        return title, _("%(host)s says: %(reason)s") % names
    return title, _("%(host)s does not hold this show. We are sorry.") % names
