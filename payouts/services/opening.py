"""Periods begin: every open shop always has one open period."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction

from payouts.models import SettlementPeriod
from payouts.statuses import PeriodStatus
from shops.models import Shop
from shops.statuses import ShopStatus

A_MONDAY = date(2024, 1, 1)


def period_bounds(at: datetime) -> tuple[datetime, datetime]:
    """Return the period around an instant, in UTC: with seven days from Monday to Monday in the village."""
    zone = ZoneInfo(settings.TIME_ZONE)
    length = settings.SETTLEMENT_PERIOD_DAYS
    day = at.astimezone(zone).date()
    first = A_MONDAY + timedelta(days=(day - A_MONDAY).days // length * length)
    starts_at, ends_at = (
        datetime.combine(edge, time(), tzinfo=zone).astimezone(UTC)
        for edge in (first, first + timedelta(days=length))
    )
    return starts_at, ends_at


def open_period_for(*, shop: Shop, now: datetime) -> SettlementPeriod:
    """Return the open period of a shop, made when there is none; it begins where the last one ended."""
    found = SettlementPeriod.objects.filter(shop=shop, status=PeriodStatus.OPEN).first()
    if found is not None:
        return found
    last = SettlementPeriod.objects.filter(shop=shop).order_by("-ends_at").first()
    starts_at = last.ends_at if last is not None else period_bounds(now)[0]
    try:
        with transaction.atomic():
            return SettlementPeriod.objects.create(
                shop=shop, starts_at=starts_at, ends_at=period_bounds(max(now, starts_at))[1]
            )
    except IntegrityError:  # another process opened it between the look and the insert
        return SettlementPeriod.objects.get(shop=shop, status=PeriodStatus.OPEN)


def open_missing_periods(*, now: datetime) -> int:
    """Open a period for each open shop that has none; return how many."""
    without = Shop.objects.filter(status=ShopStatus.OPEN).exclude(periods__status=PeriodStatus.OPEN)
    shops = list(without.order_by("pk"))
    for shop in shops:
        open_period_for(shop=shop, now=now)
    return len(shops)
