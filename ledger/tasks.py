"""Doors for the clock."""

from celery import shared_task

from common.clock import utc_now
from ledger.services import sealing


@shared_task(name="ledger.seal")
def seal() -> int:
    """Chain what can no longer be preceded by anything; return how many transactions."""
    return sealing.seal_settled(now=utc_now())
