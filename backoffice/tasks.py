"""Doors for the clock and the outbox."""

from celery import shared_task

from backoffice.services import reconciling
from common.clock import utc_now


@shared_task(name="backoffice.reconcile")
def reconcile() -> int:
    """Compare everything with everything; return how many differences are open."""
    return reconciling.reconcile(now=utc_now()).open_findings


@shared_task(name="backoffice.tell_differences")
def tell_differences(run_id: int) -> None:
    """Tell operators what a round found."""
    reconciling.tell_differences(run_id=run_id, now=utc_now())
