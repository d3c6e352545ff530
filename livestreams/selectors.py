"""What pages and the API may read of live sessions. Every read on behalf of a person starts from a scope."""

from django.db.models import Prefetch, Q, QuerySet

from common.errors import NotFound
from livestreams import storage
from livestreams.models import ChatMessage, LiveSession, PinEvent, RundownItem
from livestreams.sources import make_source
from livestreams.statuses import ON_AIR, MessageStatus, ReplayStatus, SessionStatus
from shops.models import Photo, Product, Shop, Variant
from shops.statuses import PhotoStatus

CARD_WIDTH = 480
MESSAGES_PER_PAGE = 50


def sessions() -> QuerySet[LiveSession]:
    """Return sessions with what cards and pages show of them."""
    return LiveSession.objects.select_related(
        "host__portrait", "host__village", "shop__village", "cover", "broadcast", "replay"
    )


def get_session_for(user, session_id: int) -> LiveSession:
    """Return a session that everybody may see, or that the person presents; NotFound otherwise."""
    seen = Q(pk__in=LiveSession.objects.public().values("pk"))
    if user is not None and user.is_authenticated:
        seen |= Q(pk__in=LiveSession.objects.for_presenter(user).values("pk"))
    session = sessions().filter(seen, pk=session_id).first()
    if session is None:
        raise NotFound()
    return session


def get_presented_session(user, session_id: int) -> LiveSession:
    """Return a session that the person presents; NotFound otherwise."""
    session = sessions().filter(
        pk=session_id, pk__in=LiveSession.objects.for_presenter(user).values("pk")
    ).first()  # fmt: skip
    if session is None:
        raise NotFound()
    return session


def is_watchable(*, session_id: int) -> bool:
    """Say whether everybody may read the room's stream."""
    return LiveSession.objects.public().filter(pk=session_id).exists()


def is_presenter(user, session: LiveSession) -> bool:
    """Say whether the person presents this session."""
    return user.is_authenticated and LiveSession.objects.for_presenter(user).filter(pk=session.pk).exists()


def list_on_air(limit: int = 20) -> list[LiveSession]:
    """Return the shows that are on now, newest first."""
    return list(sessions().filter(status__in=ON_AIR).order_by("-started_at")[:limit])


def list_upcoming(limit: int = 20) -> list[LiveSession]:
    """Return announced shows, the next first."""
    return list(sessions().filter(status=SessionStatus.SCHEDULED).order_by("scheduled_at")[:limit])


def list_replays(limit: int = 24) -> list[LiveSession]:
    """Return ended shows that can be watched again, newest first."""
    replays = sessions().filter(status=SessionStatus.ENDED, replay__status=ReplayStatus.READY)
    return list(replays.order_by("-ended_at")[:limit])


def list_presented(user) -> list[LiveSession]:
    """Return the person's shows, the newest plan first."""
    mine = LiveSession.objects.for_presenter(user).values("pk")
    return list(sessions().filter(pk__in=mine).order_by("-scheduled_at")[:100])


def get_open_pin(session: LiveSession) -> PinEvent | None:
    """Return what is being shown now."""
    return _pins().filter(session=session, closed_at=None).first()


def open_pins(session_ids: list[int]) -> dict[int, PinEvent]:
    """Return what each of these sessions shows now."""
    return {pin.session_id: pin for pin in _pins().filter(session__in=session_ids, closed_at=None)}


def visible_sessions(user, *, status: str = "") -> QuerySet[LiveSession]:
    """Return what everybody may see and what the person presents."""
    seen = Q(pk__in=LiveSession.objects.public().values("pk"))
    if user.is_authenticated:
        seen |= Q(pk__in=LiveSession.objects.for_presenter(user).values("pk"))
    found = sessions().filter(seen)
    return found.filter(status=status) if status in SessionStatus.values else found


def _pins() -> QuerySet[PinEvent]:
    return PinEvent.objects.select_related(
        "rundown_item__variant__product__farmer__village",
        "rundown_item__variant__product__farmer__portrait",
        "rundown_item__variant__stock",
    ).prefetch_related(_photos("rundown_item__variant__product__photos"))


def _photos(path: str) -> Prefetch:
    ready = Photo.objects.filter(status=PhotoStatus.READY)
    return Prefetch(path, queryset=ready, to_attr="ready_photos")


def rundown_of(session: LiveSession) -> list[RundownItem]:
    """Return the rundown in order, with goods, stock and pictures."""
    return list(
        session.rundown.select_related(
            "variant__product__farmer__village", "variant__product__farmer__portrait", "variant__stock"
        )
        .prefetch_related(_photos("variant__product__photos"))
        .order_by("position", "pk")
    )


def addable_variants(session: LiveSession) -> list[Variant]:
    """Return published goods of the shop that are not in the rundown yet."""
    return list(
        Variant.objects.select_related("product__farmer", "stock")
        .prefetch_related(_photos("product__photos"))
        .filter(is_active=True, product__in=Product.objects.published(), product__shop=session.shop_id)
        .exclude(rundown_items__session=session)
        .order_by("product__title", "position", "pk")[:200]
    )


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


def desk_card(session: LiveSession) -> dict:
    """Return a show as the desk lists it."""
    return {
        "pk": session.pk,
        "title": session.title,
        "status": session.status,
        "status_text": session.get_status_display(),
        "scheduled_at": session.scheduled_at,
        "host": session.host.name,
        "shop": session.shop.name,
        "photo": poster_url(session) or photo_src(session.host.portrait),
        "is_on_air": session.status in ON_AIR,
        "peak_viewers": session.peak_viewers,
        "likes": session.like_count,
    }


def addable_data(variant: Variant) -> dict:
    """Return goods that may be added to a rundown."""
    photos = variant.product.ready_photos
    return {
        "pk": variant.pk,
        "title": variant.product.title,
        "unit": variant.name,
        "price_fen": variant.price_fen,
        "available": _available(variant),
        "photo": photo_src(photos[0], 360) if photos else "",
    }


def poster_url(session: LiveSession) -> str:
    """Return the still picture of a replay, else the cover, "" without either."""
    replay = getattr(session, "replay", None)
    if replay is not None and replay.poster_path:
        return storage.media_url(replay.poster_path)
    return photo_src(session.cover, 720)


def _available(variant: Variant) -> int:
    stock = getattr(variant, "stock", None)
    return stock.available if stock is not None else 0


def item_data(item: RundownItem, *, source: str = "", is_on_air: bool = True) -> dict:
    """Return a rundown item as the room shows it; the live price only while the session is on air."""
    variant, product = item.variant, item.variant.product
    price = item.live_price_fen if is_on_air and item.live_price_fen else variant.price_fen
    photos = product.ready_photos
    return {
        "rundown_item": item.pk,
        "position": item.position,
        "variant": variant.pk,
        "product": product.pk,
        "title": product.title,
        "unit": variant.name,
        "url": f"/products/{product.pk}/",
        "photo": photo_src(photos[0]) if photos else "",
        "farmer": product.farmer.name if product.farmer else None,
        "farmer_photo": photo_src(product.farmer.portrait, 96) if product.farmer else "",
        "village": product.farmer.village.name if product.farmer else None,
        "price_fen": price,
        "was_fen": variant.price_fen if variant.price_fen > price else None,
        "live_price_fen": item.live_price_fen,
        "available": _available(variant),
        "source": source,
    }


def pin_data(pin: PinEvent, *, is_on_air: bool = True) -> dict:
    """Return what is shown now, with the signed source that a purchase names."""
    if not _is_loaded(pin):
        pin = _pins().get(pk=pin.pk)
    source = make_source(
        kind="pin",
        session_id=pin.session_id,
        pin_event_id=pin.pk,
        variant_id=pin.rundown_item.variant_id,
    )
    return {"pin": pin.pk} | item_data(pin.rundown_item, source=source, is_on_air=is_on_air)


def _is_loaded(pin: PinEvent) -> bool:
    item = pin._state.fields_cache.get("rundown_item")
    variant = item._state.fields_cache.get("variant") if item else None
    return variant is not None and hasattr(variant.product, "ready_photos")


def chapters_of(session: LiveSession) -> list[dict]:
    """Return the replay's chapters with the goods at their current price."""
    replay = getattr(session, "replay", None)
    if replay is None or replay.status != ReplayStatus.READY:
        return []
    chapters = list(replay.chapters.all())
    pins = {pin.pk: pin for pin in _pins().filter(pk__in=[chapter.pin_event_id for chapter in chapters])}
    result = []
    for chapter in chapters:
        item = pins[chapter.pin_event_id].rundown_item
        source = make_source(
            kind="chapter", session_id=session.pk, chapter_id=chapter.pk, variant_id=item.variant_id
        )
        data = item_data(item, source=source, is_on_air=False)
        result.append({"chapter": chapter.pk, "starts_ms": chapter.starts_ms} | data)
    return result


def recent_messages(
    session: LiveSession, *, before: int | None = None, limit: int = MESSAGES_PER_PAGE
) -> list[dict]:
    """Return visible chat lines, oldest first; `before` is a message id."""
    lines = ChatMessage.objects.filter(session=session, status=MessageStatus.VISIBLE).select_related("author")
    if before is not None:
        lines = lines.filter(pk__lt=before)
    newest = list(lines.order_by("-pk")[:limit])
    host_user_id = session.host.user_id
    return [message_data(line, host_user_id=host_user_id) for line in reversed(newest)]


def message_data(message: ChatMessage, *, host_user_id: int) -> dict:
    """Return a chat line as the room shows it; `author` is a name, null for a system line."""
    return {
        "id": message.pk,
        "author": str(message.author) if message.author_id else None,
        "is_host": message.author_id is not None and message.author_id == host_user_id,
        "text": message.text,
        "created_at": message.created_at.isoformat().replace("+00:00", "Z"),
    }
