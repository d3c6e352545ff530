"""Addresses of pictures that stand for shows and goods."""

from livestreams import storage
from livestreams.models import LiveSession
from livestreams.statuses import ReplayStatus
from shops.models import Photo, Shop
from shops.statuses import PhotoStatus

CARD_WIDTH = 480


def cover_choices(shops: list[Shop]) -> list[dict]:
    """Return pictures of these shops' goods that may stand for a show."""
    photos = Photo.objects.filter(product__shop__in=shops, status=PhotoStatus.READY, position=0)
    newest = photos.select_related("product").order_by("-pk")[:12]
    return [{"pk": photo.pk, "title": photo.product.title, "src": photo_src(photo, 360)} for photo in newest]


def photo_src(photo: Photo | None, width: int = CARD_WIDTH) -> str:
    """Return the address of the smallest size that is at least so wide, "" when there is none."""
    if photo is None or not photo.sizes:
        return ""
    widths = sorted(photo.sizes, key=int)
    chosen = next((size for size in widths if int(size) >= width), widths[-1])
    return storage.media_url(photo.sizes[chosen])


def poster_url(session: LiveSession) -> str:
    """Return the still picture of a replay, else the cover, "" without either."""
    replay = getattr(session, "replay", None)
    # The pictures of a hidden replay are not served.
    if replay is not None and replay.poster_path and replay.status == ReplayStatus.READY:
        return storage.media_url(replay.poster_path)
    return photo_src(session.cover, 720)
