"""Periods begin: every open shop always has one open period."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction

from payouts.models import SettlementPeriod, SettlementRhythm
from payouts.statuses import PeriodLength, PeriodStatus
from shops.models import Shop
from shops.statuses import ShopStatus

A_MONDAY = date(2024, 1, 1)


def period_bounds(at: datetime, length: str = PeriodLength.WEEK) -> tuple[datetime, datetime]:
    """Return the period around an instant, in UTC: from Monday to Monday, or from first to first of a month.

    Days begin at midnight in the village. SETTLEMENT_PERIOD_DAYS makes the weeks shorter or longer.
    """
    zone = ZoneInfo(settings.TIME_ZONE)
    day = at.astimezone(zone).date()
    if length == PeriodLength.MONTH:
        first = day.replace(day=1)
        following = (first + timedelta(days=31)).replace(day=1)
    else:
        days = settings.SETTLEMENT_PERIOD_DAYS
        first = A_MONDAY + timedelta(days=(day - A_MONDAY).days // days * days)
        following = first + timedelta(days=days)
    starts_at, ends_at = (
        datetime.combine(edge, time(), tzinfo=zone).astimezone(UTC) for edge in (first, following)
    )
    return starts_at, ends_at


def open_period_for(*, shop: Shop, now: datetime) -> SettlementPeriod:
    """Return the open period of a shop, made when there is none; it begins where the last one ended.

    Its end follows the shop's rhythm, so a change of it holds from the next period on.
    """
    found = SettlementPeriod.objects.filter(shop=shop, status=PeriodStatus.OPEN).first()
    if found is not None:
        return found
    last = SettlementPeriod.objects.filter(shop=shop).order_by("-ends_at").first()
    length = rhythm_of(shop)
    starts_at = last.ends_at if last is not None else period_bounds(now, length)[0]
    try:
        with transaction.atomic():
            return SettlementPeriod.objects.create(
                shop=shop, starts_at=starts_at, ends_at=period_bounds(max(now, starts_at), length)[1]
            )
    except IntegrityError:  # another process opened it between the look and the insert
        return SettlementPeriod.objects.get(shop=shop, status=PeriodStatus.OPEN)


def rhythm_of(shop: Shop) -> str:
    """Return how often a shop settles."""
    chosen = SettlementRhythm.objects.filter(shop=shop).values_list("length", flat=True).first()
    return chosen or PeriodLength.WEEK


def open_missing_periods(*, now: datetime) -> int:
    """Open a period for each open shop that has none; return how many."""
    without = Shop.objects.filter(status=ShopStatus.OPEN).exclude(periods__status=PeriodStatus.OPEN)
    shops = list(without.order_by("pk"))
    for shop in shops:
        open_period_for(shop=shop, now=now)
    return len(shops)
