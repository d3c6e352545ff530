"""Periods that should have been closed by now."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from payouts.models import SettlementPeriod
from payouts.statuses import PeriodStatus


def overdue_periods(*, now: datetime) -> QuerySet:
    """Return periods whose end is longer ago than any closing takes and that are not closed."""
    latest = now - timedelta(hours=settings.SETTLEMENT_OVERDUE_HOURS)
    return SettlementPeriod.objects.exclude(status=PeriodStatus.CLOSED).filter(ends_at__lte=latest)
