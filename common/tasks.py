"""Doors for the outbox."""

from celery import shared_task

from common import outbox
from common.clock import utc_now


@shared_task(name="common.deliver")
def deliver(message_id: int) -> bool:
    """Run one outbox message."""
    return outbox.deliver(message_id, now=utc_now())


@shared_task(name="common.hand_over")
def hand_over(message_ids: list[int], queue: str) -> int:
    """Hand outbox messages over, each by itself."""
    return outbox.hand_over([(pk, queue) for pk in message_ids])


@shared_task(name="common.sweep_outbox")
def sweep_outbox() -> int:
    """Repeat what was not handed over, or whose worker died."""
    return outbox.sweep(now=utc_now())
