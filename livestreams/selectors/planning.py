"""Shows by the clock: the buyers' calendar, feeds of calendar apps, the desk's week, earlier lists."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from common.errors import NotFound
from livestreams.models import LiveSession, Reminder
from livestreams.selectors.sessions import sessions
from livestreams.statuses import ON_AIR, SessionStatus

CALENDAR_LIMIT = 200
FEED_LIMIT = 500
FEED_PAST = timedelta(days=30)


@dataclass(frozen=True)
class Day:
    """A day of the village's clock and its shows, the earliest first."""

    on: date
    shows: list


def by_day(found: Sequence[LiveSession], data: Sequence) -> list[Day]:
    """Return what stands for the shows (in their order) by the day on which they begin."""
    days: dict[date, list] = {}
    for session, one in zip(found, data, strict=True):
        days.setdefault(timezone.localtime(session.scheduled_at).date(), []).append(one)
    return [Day(on, shows) for on, shows in days.items()]


def list_calendar(*, now: datetime, host_id: int | None = None) -> list[LiveSession]:
    """Return what is on and what comes, the earliest first."""
    found = sessions().filter(status__in=ON_AIR | {SessionStatus.SCHEDULED})
    # A show whose host never came is no longer something to wait for.
    found = found.exclude(status=SessionStatus.SCHEDULED, scheduled_at__lt=now - timedelta(hours=3))
    if host_id is not None:
        found = found.filter(host=host_id)
    return list(found.order_by("scheduled_at", "pk")[:CALENDAR_LIMIT])


def list_feed(*, now: datetime, host_id: int | None = None, shop_id: int | None = None) -> list[LiveSession]:
    """Return announced shows for a calendar app: from a month ago on, the called-off ones included."""
    found = LiveSession.objects.announced().select_related("host", "shop")
    found = found.filter(scheduled_at__gte=now - FEED_PAST)
    if host_id is not None:
        found = found.filter(host=host_id)
    if shop_id is not None:
        found = found.filter(shop=shop_id)
    return list(found.order_by("scheduled_at", "pk")[:FEED_LIMIT])


def get_announced(session_id: int) -> LiveSession:
    """Return a show that was announced to everybody, called off or not; NotFound otherwise."""
    session = sessions().filter(pk__in=LiveSession.objects.announced().values("pk"), pk=session_id).first()
    if session is None:
        raise NotFound()
    return session


def reminded_ids(user, session_ids: Iterable[int]) -> set[int]:
    """Return for which of these shows the person asked to be reminded."""
    if not user.is_authenticated:
        return set()
    asked = Reminder.objects.filter(user=user, session__in=list(session_ids))
    return set(asked.values_list("session", flat=True))


def monday_of(text: str, *, now: datetime) -> date:
    """Return the Monday of the day that an address names, of the present week without a sensible one."""
    day = timezone.localtime(now).date()
    try:
        asked = date.fromisoformat(text) if text else day
    except ValueError:
        asked = day
    # Weeks that no show can be in are not turned to.
    if abs((asked - day).days) > 800:
        asked = day
    return asked - timedelta(days=asked.weekday())


def list_week(user, monday: date) -> list[LiveSession]:
    """Return the person's shows of a week, the earliest first."""
    begin = timezone.make_aware(datetime.combine(monday, datetime.min.time()))
    mine = LiveSession.objects.for_presenter(user).values("pk")
    found = sessions().filter(
        pk__in=mine, scheduled_at__gte=begin, scheduled_at__lt=begin + timedelta(days=7)
    )
    return list(found.order_by("scheduled_at", "pk"))


def list_earlier(user, session: LiveSession) -> list[LiveSession]:
    """Return the person's other shows of the same shop whose goods could be taken over, the newest first."""
    mine = LiveSession.objects.for_presenter(user).values("pk")
    found = LiveSession.objects.filter(pk__in=mine, shop=session.shop_id, rundown__isnull=False)
    return list(found.exclude(pk=session.pk).distinct().order_by("-scheduled_at")[:12])
