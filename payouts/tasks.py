"""Doors for beat and the outbox."""

from celery import shared_task

from common.clock import utc_now
from payments.errors import GatewayUnavailable
from payouts.models import SettlementPeriod
from payouts.services import closing, telling, transferring, watching


@shared_task(name="payouts.close_due_periods")
def close_due_periods() -> int:
    """Close what is due, finish what was left half-way, open what is missing; return how many were closed."""
    return len(closing.close_due_periods(now=utc_now()))


@shared_task(name="payouts.close_period")
def close_period(period_id: int) -> str:
    """Finish one period that an operator ended early; return its state."""
    period = SettlementPeriod.objects.get(pk=period_id)
    return closing.close_period(period=period, now=utc_now()).status


@shared_task(name="payouts.tell_issued")
def tell_issued(period_id: int) -> None:
    """Tell the payees of a period that their tallies are there."""
    telling.tell_period(period_id=period_id, now=utc_now())


@shared_task(name="payouts.send_transfer")
def send_transfer(transfer_id: int) -> str:
    """Send one payout of a run; return its state. Where the provider is silent, follow_transfers goes on."""
    try:
        return transferring.send_transfer(transfer_id=transfer_id, now=utc_now()).status
    except GatewayUnavailable as silence:
        return silence.code


@shared_task(name="payouts.follow_transfers")
def follow_transfers() -> int:
    """Ask what became of payouts that are on their way; return how many are done."""
    return transferring.follow_transfers(now=utc_now())


@shared_task(name="payouts.watch_paid")
def watch_paid() -> int:
    """Ask whether money that was paid has come back; return how many did."""
    return watching.watch_paid(now=utc_now())
