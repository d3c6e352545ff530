"""What a session shows: rundown, pins, chapters, as data."""

from django.db.models import Prefetch, Q, QuerySet

from livestreams.models import LiveSession, PinEvent, RundownItem
from livestreams.selectors.pictures import photo_src
from livestreams.sources import make_source
from shops.models import Farmer, Photo, Product, Variant
from shops.statuses import PhotoStatus


def get_open_pin(session: LiveSession) -> PinEvent | None:
    """Return what is being shown now."""
    return shown_pins().filter(session=session, closed_at=None).first()


def open_pins(session_ids: list[int]) -> dict[int, PinEvent]:
    """Return what each of these sessions shows now."""
    return {pin.session_id: pin for pin in shown_pins().filter(session__in=session_ids, closed_at=None)}


def shown_pins() -> QuerySet[PinEvent]:
    """Return pins with all that a card shows of their goods."""
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


def _addable(session: LiveSession) -> QuerySet[Variant]:
    return Variant.objects.filter(
        is_active=True, product__in=Product.objects.published(), product__shop=session.shop_id
    ).exclude(rundown_items__session=session)


def addable_variants(session: LiveSession, *, text: str = "", farmer_id: int | None = None) -> list[Variant]:
    """Return published goods of the shop that are not in the rundown yet, at most 200.

    `text` is looked for in the names of goods and farmers.
    """
    found = _addable(session).select_related("product__farmer", "stock")
    if text:
        found = found.filter(Q(product__title__icontains=text) | Q(product__farmer__name__icontains=text))
    if farmer_id is not None:
        found = found.filter(product__farmer=farmer_id)
    found = found.prefetch_related(_photos("product__photos"))
    return list(found.order_by("product__title", "position", "pk")[:200])


def addable_farmers(session: LiveSession) -> list[Farmer]:
    """Return the farmers whose goods could be added."""
    farmers = _addable(session).filter(product__farmer__isnull=False).values("product__farmer")
    return list(Farmer.objects.filter(pk__in=farmers).order_by("name", "pk"))


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
        "farmer": variant.product.farmer.name if variant.product.farmer else None,
        "farmer_id": variant.product.farmer_id,
    }


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
        "quota": item.quota,
        "per_buyer_limit": item.per_buyer_limit,
        "available": _available(variant),
        "source": source,
    }


def pin_data(pin: PinEvent, *, is_on_air: bool = True) -> dict:
    """Return what is shown now, with the signed source that a purchase names."""
    if not _is_loaded(pin):
        pin = shown_pins().get(pk=pin.pk)
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
