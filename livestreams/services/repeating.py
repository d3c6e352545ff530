"""Shows that come back: when, and which of a series come after one."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from common.errors import Invalid
from livestreams.models import LiveSession, SessionSeries
from livestreams.statuses import SeriesFrequency, SessionStatus

MOST = 60
STEP_DAYS = {SeriesFrequency.DAILY: 1, SeriesFrequency.WEEKLY: 7, SeriesFrequency.FORTNIGHTLY: 14}


@dataclass(frozen=True)
class Repeat:
    """How a show comes back: so many times in all, or until a day (the last one included)."""

    frequency: str
    count: int | None = None
    until: date | None = None


def times_of(repeat: Repeat, first: datetime) -> list[datetime]:
    """Return when the shows begin: always at the same hour of the village's clock.

    Invalid for a series of fewer than 2 or more than 60 shows, and without or with both ends.
    """
    step = STEP_DAYS[SeriesFrequency(repeat.frequency)]
    local = timezone.localtime(first)
    if (repeat.count is None) == (repeat.until is None):
        raise Invalid(fields={"count": _("Say how often the show is held, or until which day.")})
    count, field = repeat.count, "count"
    if count is None:
        count, field = (repeat.until - local.date()).days // step + 1, "until"
    if not 2 <= count <= MOST:
        raise Invalid(fields={field: _("A series has 2 to 60 shows.")})
    wall = local.replace(tzinfo=None)
    return [timezone.make_aware(wall + timedelta(days=step * number)) for number in range(count)]


def start_series(*, actor, repeat: Repeat, count: int, now: datetime) -> SessionSeries:
    """Write down how the shows belong together."""
    return SessionSeries.objects.create(
        frequency=repeat.frequency, count=count, created_by=actor, created_at=now
    )


def following_ids(actor, session: LiveSession) -> list[int]:
    """Return the later shows of the series that were not held yet and that the person presents."""
    if session.series_id is None:
        return []
    later = LiveSession.objects.for_presenter(actor).filter(
        series=session.series_id,
        status__in=(SessionStatus.DRAFT, SessionStatus.SCHEDULED),
        scheduled_at__gt=session.scheduled_at,
    )
    return list(later.values_list("pk", flat=True))
