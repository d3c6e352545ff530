"""Reads that join several apps for the desk's first page."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Sum
from django.db.models.functions import TruncDate

from accounts.models import User
from livestreams.models import LiveSession
from livestreams.statuses import ON_AIR, SessionStatus
from orders.models import Order
from orders.selectors import PAID_FOR, TABS

DAYS = 7


@dataclass(frozen=True)
class DaySale:
    """What was paid for goods on one day, in fen."""

    day: date
    amount_fen: int
    is_today: bool


def orders_to_ship(user: User) -> int:
    """Return how many parcels of the person's shops wait."""
    return Order.objects.for_member(user).filter(status__in=TABS["to_ship"]).count()


def next_session(user: User) -> LiveSession | None:
    """Return the person's show that is on now, else the next planned one."""
    mine = LiveSession.objects.for_presenter(user).values("pk")
    shows = LiveSession.objects.filter(pk__in=mine).select_related("host__portrait", "cover", "shop__village")
    on_air = shows.filter(status__in=ON_AIR).first()
    return on_air or shows.filter(status=SessionStatus.SCHEDULED).order_by("scheduled_at").first()


def sales_by_day(user: User, *, now: datetime) -> list[DaySale]:
    """Return the last seven days of paid goods in the person's shops, oldest first, empty days included."""
    zone = ZoneInfo(settings.TIME_ZONE)
    today = now.astimezone(zone).date()
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    mine = Order.objects.for_member(user).values("pk")
    rows = (
        Order.objects.filter(pk__in=mine, status__in=PAID_FOR, paid_at__gte=now - timedelta(days=DAYS))
        .annotate(day=TruncDate("paid_at", tzinfo=zone))
        .values_list("day")
        .annotate(total=Sum("goods_fen"))
    )
    totals = dict(rows.order_by("day"))
    return [DaySale(day=day, amount_fen=int(totals.get(day, 0)), is_today=day == today) for day in days]
