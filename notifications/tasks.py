"""Doors for the outbox."""

from celery import shared_task

from common.clock import utc_now
from notifications.services import delivering


@shared_task(name="notifications.deliver")
def deliver(delivery_id: int) -> None:
    """Send one delivery through its channel."""
    delivering.deliver(delivery_id=delivery_id, now=utc_now())


@shared_task(name="notifications.send_sign_in_code")
def send_sign_in_code(code_id: int, language: str = "") -> None:
    """Send a sign-in code by SMS."""
    delivering.send_sign_in_code(code_id=code_id, language=language, now=utc_now())
