"""Doors of workers: photos."""

from celery import shared_task

from common.clock import utc_now
from shops.services import photos


@shared_task(name="shops.process_photo")
def process_photo(photo_id: int) -> None:
    """Make one uploaded photo ready; repeatable."""
    photos.process_photo(photo_id=photo_id, now=utc_now())


@shared_task(name="shops.forget_originals")
def forget_originals() -> int:
    """Delete originals that have served their purpose."""
    return photos.forget_originals(now=utc_now())
