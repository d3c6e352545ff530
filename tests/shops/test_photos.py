"""A photo on its way from a phone to a listing (rules.md 9; D2, D4, D6)."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from common.errors import NotFound
from notifications.models import Notification
from shops.errors import TooManyPhotos
from shops.models import Photo
from shops.services.listing import add_photo, publish_product
from shops.services.photos import arrange_photos, forget_originals, process_photo
from shops.statuses import PhotoStatus, ProductStatus
from tests.factories.shops import NOW, make_photo, make_product
from tests.uploads.pictures import picture_bytes, png_header
from uploads.errors import FileTooLarge, NotAPicture, TooManyPixels


def upload(data: bytes | None = None, name: str = "photo.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, picture_bytes() if data is None else data, content_type="image/jpeg")


def stored_files(media_root) -> list:
    return [path for path in media_root.rglob("*") if path.is_file()]


@pytest.fixture
def draft(market):
    return make_product(shop=market.shop, status=ProductStatus.DRAFT, with_photo=False)


def test_photo_becomes_ready_and_the_waiting_listing_goes_on_sale(draft, mei, media_root, drain_outbox):
    photo = add_photo(actor=mei, product=draft, file=upload(), now=NOW)
    assert publish_product(actor=mei, product=draft, now=NOW).status == ProductStatus.IN_REVIEW

    assert drain_outbox() == ["shops.process_photo"]

    photo.refresh_from_db()
    draft.refresh_from_db()
    assert (photo.status, photo.width, photo.height) == (PhotoStatus.READY, 1280, 960)
    assert all((media_root / "public" / path).is_file() for path in photo.sizes.values())
    assert draft.status == ProductStatus.PUBLISHED


def test_processing_again_changes_nothing(draft, mei, drain_outbox):
    photo = add_photo(actor=mei, product=draft, file=upload(), now=NOW)
    drain_outbox()
    photo.refresh_from_db()
    ready_at = photo.ready_at

    process_photo(photo_id=photo.pk, now=NOW + timedelta(hours=1))

    photo.refresh_from_db()
    assert photo.ready_at == ready_at


def test_truncated_photo_is_rejected_and_the_shop_is_told(draft, mei, market, drain_outbox, media_root):
    data = picture_bytes()
    photo = add_photo(actor=mei, product=draft, file=upload(data[: len(data) // 2]), now=NOW)
    publish_product(actor=mei, product=draft, now=NOW)

    drain_outbox()

    photo.refresh_from_db()
    draft.refresh_from_db()
    assert (photo.status, photo.rejected_reason, photo.sizes) == (PhotoStatus.REJECTED, "not_a_picture", {})
    assert (draft.status, draft.rejected_reason) == (ProductStatus.REJECTED, "no_usable_photo")
    assert Notification.objects.get().contact == market.shop.contact
    assert not (media_root / "public").exists()


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b"<svg onload=alert(1)>", NotAPicture),
        (b"", NotAPicture),
        (png_header(50_000, 50_000), TooManyPixels),
    ],
    ids=["svg", "empty", "50k"],
)
def test_bad_file_leaves_neither_row_nor_file(draft, mei, media_root, data, refusal):
    with pytest.raises(refusal):
        add_photo(actor=mei, product=draft, file=upload(data), now=NOW)

    assert Photo.objects.filter(product=draft).count() == 0
    assert stored_files(media_root) == []


def test_too_many_bytes_leave_neither_row_nor_file(draft, mei, media_root, settings):
    settings.PHOTO_MAX_BYTES = 1000

    with pytest.raises(FileTooLarge):
        add_photo(actor=mei, product=draft, file=upload(), now=NOW)

    assert Photo.objects.filter(product=draft).count() == 0
    assert stored_files(media_root) == []


@pytest.mark.parametrize(
    "name", ["../../../etc/cron.d/x.jpg", "a\r\nb.jpg", "“;rm -rf ~.jpg", "x" * 300 + ".jpg"]
)
def test_hostile_names_are_not_used(draft, mei, media_root, name):
    photo = add_photo(actor=mei, product=draft, file=upload(name=name), now=NOW)

    expected = f"private/originals/{photo.public_id.hex[:2]}/{photo.public_id.hex}.bin"
    assert photo.original_path == expected
    assert stored_files(media_root) == [media_root / expected]


def test_stranger_adds_no_photo(draft, zoya, media_root):
    with pytest.raises(NotFound):
        add_photo(actor=zoya, product=draft, file=upload(), now=NOW)

    assert stored_files(media_root) == []


def test_nine_photos_are_enough(draft, mei, media_root):
    for _number in range(9):
        make_photo(product=draft)

    with pytest.raises(TooManyPhotos):
        add_photo(actor=mei, product=draft, file=upload(), now=NOW)

    assert stored_files(media_root) == []


def test_photos_are_ordered_and_dropped_ones_deleted(
    draft, mei, media_root, drain_outbox, django_capture_on_commit_callbacks
):
    first = add_photo(actor=mei, product=draft, file=upload(), now=NOW)
    second = add_photo(actor=mei, product=draft, file=upload(), now=NOW)
    loose = add_photo(actor=mei, product=None, file=upload(), now=NOW)
    drain_outbox()

    with django_capture_on_commit_callbacks(execute=True):
        arrange_photos(actor=mei, product=draft, photo_ids=[loose.pk, first.pk])

    assert list(draft.photos.values_list("pk", flat=True)) == [loose.pk, first.pk]
    assert not Photo.objects.filter(pk=second.pk).exists()
    assert not [path for path in stored_files(media_root) if second.public_id.hex in str(path)]
    assert [path for path in stored_files(media_root) if first.public_id.hex in str(path)]


def test_originals_are_forgotten_after_a_month(draft, mei, media_root, drain_outbox):
    photo = add_photo(actor=mei, product=draft, file=upload(), now=NOW)
    drain_outbox()

    assert forget_originals(now=NOW + timedelta(days=29)) == 0
    assert forget_originals(now=NOW + timedelta(days=31)) == 1

    photo.refresh_from_db()
    assert photo.original_path == ""
    assert not [path for path in stored_files(media_root) if path.suffix == ".bin"]
    assert len(stored_files(media_root)) == 3
