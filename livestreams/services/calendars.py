"""Shows as calendar entries (RFC 5545), for one show or as a feed that a calendar app asks for again."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from icalendar import Alarm, Calendar, Event

from livestreams.models import LiveSession
from livestreams.services.clashing import ends_at
from livestreams.statuses import SessionStatus

REFRESH = timedelta(hours=1)


def calendar_of(sessions: Sequence[LiveSession], *, name: str, now: datetime) -> bytes:
    """Return the entries of announced shows; host and shop must have been loaded.

    A show that was moved or called off keeps its UID and has a higher SEQUENCE, so that an app changes its
    entry instead of adding one.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Village Market//Live//ZH")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", _plain(name))
    calendar.add("refresh-interval", REFRESH, parameters={"value": "DURATION"})
    calendar.add("x-published-ttl", REFRESH)
    for session in sessions:
        calendar.add_component(_event(session, now))
    return calendar.to_ical()


def uid_of(session: LiveSession) -> str:
    """Return the entry's name, the same for all time."""
    return f"live-{session.pk}@{urlsplit(settings.PUBLIC_URL).hostname or 'village-market'}"


def _event(session: LiveSession, now: datetime) -> Event:
    is_cancelled = session.status == SessionStatus.CANCELLED
    address = f"{settings.PUBLIC_URL}/live/{session.pk}/"
    reason = session.cancel_reason if is_cancelled else ""
    lines = [reason, session.description, address]
    event = Event()
    event.add("uid", uid_of(session))
    event.add("dtstamp", now.astimezone(UTC))
    event.add("sequence", session.revision)
    event.add("dtstart", session.scheduled_at.astimezone(UTC))
    event.add("dtend", ends_at(session).astimezone(UTC))
    event.add("summary", _plain(f"{session.title} · {session.host.name}"))
    event.add("description", "\n\n".join(_plain(line, keep_lines=True) for line in lines if line))
    event.add("location", _plain(session.shop.name))
    event.add("url", address)
    event.add("status", "CANCELLED" if is_cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    if session.status == SessionStatus.SCHEDULED:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", _("%(host)s goes live soon") % {"host": _plain(session.host.name)})
        alarm.add("trigger", -timedelta(minutes=settings.REMIND_MINUTES_BEFORE))
        event.add_component(alarm)
    return event


def _plain(text: str, *, keep_lines: bool = False) -> str:
    """Return the text without characters that mean something to a parser; the library escapes the rest."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not keep_lines:
        text = " ".join(text.split())
    return "".join(character for character in text if character == "\n" or character.isprintable())
