"""Photos of a form: those already sent, and files that come with it where the browser runs no script."""

from datetime import datetime

from django.http import HttpRequest
from django.utils.translation import gettext as _

from common.errors import MarketError
from shops.models import Photo, Product
from shops.selectors import own_photos, photo_url
from shops.services.photos import add_photo
from shops.statuses import PhotoStatus
from uploads.errors import BrokenPicture, NotAPicture, PictureTooSmall, TooManyPixels

REASONS = {refusal.code: refusal.message for refusal in (TooManyPixels, PictureTooSmall, NotAPicture)}
LARGEST_ID = 2**63 - 1


def posted_photos(
    request: HttpRequest, product: Product | None = None, *, is_private: bool = False
) -> list[Photo]:
    """Return the photos named by the form in its order, without those that are not the person's to use."""
    named = [int(text) for text in request.POST.getlist("photos")[:20] if text.isdecimal() and len(text) < 19]
    usable = own_photos(request.user).filter(pk__in=named, is_private=is_private)
    found = {
        photo.pk: photo
        for photo in usable
        if photo.product_id == (product.pk if product else None)
        or (photo.product_id is None and photo.uploaded_by_id == request.user.pk)
    }
    return [found[pk] for pk in dict.fromkeys(named) if pk in found]


def receive_files(
    request: HttpRequest, *, now: datetime, is_private: bool = False
) -> tuple[list[Photo], list[str]]:
    """Keep the files of a form; return the photos and what was wrong with the others."""
    photos, refusals = [], []
    for file in request.FILES.getlist("files")[:9]:
        try:
            photos.append(
                add_photo(actor=request.user, product=None, file=file, now=now, is_private=is_private)
            )
        except MarketError as refusal:
            refusals.append(str(refusal.message))
    return photos, refusals


def photo_tiles(photos: list[Photo]) -> list[dict]:
    """Return photos as the form and the listing's page show them."""
    return [
        {
            "id": photo.pk,
            "src": photo_url(photo, 360),
            "color": photo.dominant_color,
            "is_ready": photo.status == PhotoStatus.READY,
            "problem": _problem(photo),
        }
        for photo in photos
    ]


def _problem(photo: Photo) -> str:
    if photo.status != PhotoStatus.REJECTED:
        return ""
    if photo.rejected_reason == NotAPicture.code:  # it looked like a picture at the door, so it is damaged
        return str(BrokenPicture.message)
    return str(REASONS.get(photo.rejected_reason, _("This photo could not be used.")))
