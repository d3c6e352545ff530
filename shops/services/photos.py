"""Photos: received whole, made ready by a worker, shown only when ready (rules.md 9)."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.models import User
from common import outbox
from common.errors import NotFound
from shops.errors import TooManyPhotos
from shops.models import Photo, Product
from shops.selectors import is_member
from shops.services.publishing import settle_review
from shops.statuses import PhotoStatus
from uploads.errors import FileTooLarge, NotAPicture
from uploads.services.pictures import check_picture, make_sizes
from uploads.services.storing import StoredFile, forget, store_original

ORIGINALS_KEPT = timedelta(days=30)


def add_photo(
    *, actor: User, product: Product | None, file: UploadedFile, now: datetime, is_private: bool = False
) -> Photo:
    """Keep a photo from a phone and have a worker make it ready; without a product it is the actor's own.

    A private one is seen only by those whom what it is attached to concerns; never a product's.

    Raises NotFound, TooManyPhotos, FileTooLarge, NotAPicture (and its subclasses) or DiskFull.
    """
    if product is not None:
        if is_private or not is_member(actor, product.shop):
            raise NotFound()
        if product.photos.count() >= settings.PHOTOS_PER_PRODUCT:
            raise TooManyPhotos()
    if file.size is not None and file.size > settings.PHOTO_MAX_BYTES:
        raise FileTooLarge()
    public_id = uuid.uuid4()
    stored = store_original(file.chunks(), name=public_id.hex, max_bytes=settings.PHOTO_MAX_BYTES)
    try:
        check_picture(Path(settings.MEDIA_ROOT) / stored.path)
        return _record(actor, product, public_id, stored, is_private, now)
    except BaseException:
        forget(stored.path)
        raise


def process_photo(*, photo_id: int, now: datetime) -> None:
    """Make an uploaded photo ready, or reject it with the code of its fault; repeatable."""
    photo = Photo.objects.filter(pk=photo_id, status=PhotoStatus.UPLOADED).first()
    if photo is None:
        return
    try:
        original = Path(settings.MEDIA_ROOT) / photo.original_path
        picture = make_sizes(original, name=photo.public_id.hex, is_private=photo.is_private)
        values = {
            "status": PhotoStatus.READY,
            "width": picture.width,
            "height": picture.height,
            "dominant_color": picture.dominant_color,
            "sizes": picture.sizes,
            "ready_at": now,
        }
    except NotAPicture as refusal:
        values = {"status": PhotoStatus.REJECTED, "rejected_reason": refusal.code}
    with transaction.atomic():
        Photo.objects.filter(pk=photo_id, status=PhotoStatus.UPLOADED).update(**values)
        product_id = Photo.objects.values_list("product_id", flat=True).get(pk=photo_id)
        if product_id:
            settle_review(product_id=product_id, now=now)


def arrange_photos(*, actor: User, product: Product, photo_ids: Sequence[int]) -> None:
    """Give a product exactly these photos in this order: its own, or loose ones that the actor sent.

    Raises NotFound for anybody else's photo and TooManyPhotos.
    """
    wanted = list(dict.fromkeys(photo_ids))
    if len(wanted) > settings.PHOTOS_PER_PRODUCT:
        raise TooManyPhotos()
    with transaction.atomic():
        own = {photo.pk: photo for photo in product.photos.select_for_update()}
        loose = {
            photo.pk: photo
            for photo in Photo.objects.select_for_update().filter(
                pk__in=wanted, product=None, uploaded_by=actor, is_private=False
            )
        }
        found = own | loose
        if any(pk not in found for pk in wanted):
            raise NotFound()
        for position, pk in enumerate(wanted):
            Photo.objects.filter(pk=pk).update(product=product, position=position)
        dropped = [photo for pk, photo in own.items() if pk not in wanted]
        _delete(dropped)


def forget_originals(*, now: datetime) -> int:
    """Delete what phones sent a month after it was dealt with: it may hold places. Return how many."""
    old = Photo.objects.filter(created_at__lt=now - ORIGINALS_KEPT).exclude(original_path="")
    old = old.exclude(status=PhotoStatus.UPLOADED)
    count = 0
    for photo in old.only("pk", "original_path")[:500]:
        forget(photo.original_path)
        Photo.objects.filter(pk=photo.pk).update(original_path="")
        count += 1
    return count


@transaction.atomic
def _record(
    actor: User,
    product: Product | None,
    public_id: uuid.UUID,
    stored: StoredFile,
    is_private: bool,
    now: datetime,
) -> Photo:
    photo = Photo.objects.create(
        public_id=public_id,
        uploaded_by=actor,
        product=product,
        is_private=is_private,
        position=product.photos.count() if product else 0,
        original_path=stored.path,
        original_sha256=stored.sha256,
        created_at=now,
    )
    outbox.enqueue("shops.process_photo", queue="media", photo_id=photo.pk)
    return photo


def _delete(photos: list[Photo]) -> None:
    paths = [photo.original_path for photo in photos if photo.original_path]
    paths += [f"public/{path}" for photo in photos for path in photo.sizes.values()]
    Photo.objects.filter(pk__in=[photo.pk for photo in photos]).delete()
    transaction.on_commit(lambda: [forget(path) for path in paths])
