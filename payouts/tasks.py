"""Doors for beat and the outbox."""

from celery import shared_task

from common.clock import utc_now
from payouts.models import SettlementPeriod
from payouts.services import closing


@shared_task(name="payouts.close_due_periods")
def close_due_periods() -> int:
    """Close what is due, finish what was left half-way, open what is missing; return how many were closed."""
    return len(closing.close_due_periods(now=utc_now()))


@shared_task(name="payouts.close_period")
def close_period(period_id: int) -> str:
    """Finish one period that an operator ended early; return its state."""
    period = SettlementPeriod.objects.get(pk=period_id)
    return closing.close_period(period=period, now=utc_now()).status
