"""Doors for the outbox and the clock."""

from celery import shared_task

from common.clock import utc_now
from payments.services import closing, refunding


@shared_task(name="payments.close_group")
def close_group(group_id: int) -> None:
    """Close a purchase at its providers, then give its units back."""
    closing.close_group(group_id=group_id, now=utc_now())


@shared_task(name="payments.execute_refund")
def execute_refund(request_id: int) -> None:
    """Carry out a refund request."""
    refunding.execute_refund(request_id=request_id, now=utc_now())


@shared_task(name="payments.send_refund")
def send_refund(refund_id: int) -> None:
    """Send back a payment that nothing was owed for."""
    refunding.send_refund(refund_id=refund_id, now=utc_now())


@shared_task(name="payments.poll_pending")
def poll_pending() -> int:
    """Ask providers about what we have not heard of; finish closings and refunds that were interrupted."""
    now = utc_now()
    asked = closing.poll_open(now=now)
    closing.close_leftovers(now=now)
    refunding.retry_refunds(now=now)
    return asked
