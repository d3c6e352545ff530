"""Reads that join several apps for the buyers' pages."""

from livestreams.models import LiveSession, RundownItem
from livestreams.selectors import sessions
from livestreams.statuses import ON_AIR, ReplayStatus, SessionStatus
from shops.models import Product, Shop
from shops.selectors import published_products


def showing_now(product: Product) -> RundownItem | None:
    """Return where the product is shown live at this moment, with its live price, if anywhere."""
    return (
        RundownItem.objects.filter(variant__product=product, session__status__in=ON_AIR)
        .select_related("session__host")
        .order_by("-session__started_at")
        .first()
    )


def sessions_of_shop(shop: Shop) -> list[LiveSession]:
    """Return what a shop shows or will show, then what can be watched again."""
    shown = sessions().filter(shop=shop)
    coming = shown.filter(status__in=[*ON_AIR, SessionStatus.SCHEDULED])
    replays = shown.filter(status=SessionStatus.ENDED, replay__status=ReplayStatus.READY)
    return [*coming.order_by("scheduled_at")[:6], *replays.order_by("-ended_at")[:6]]


def more_from_village(product: Product, *, limit: int = 4) -> list[Product]:
    """Return other goods of the same village that can be bought."""
    others = published_products({"village": product.village_id, "in_stock": True})
    return list(others.exclude(pk=product.pk)[:limit])
