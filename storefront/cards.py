"""What cards show: plain values for templates, made from rows that the selectors have loaded."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from livestreams.models import LiveSession
from livestreams.services.clashing import ends_at
from livestreams.services.drawing import CARD, share_url, version_of
from livestreams.statuses import ON_AIR, SessionStatus
from shops.models import Photo, Product, Village
from shops.selectors import photo_url, ready_photos, srcset


def product_card(product: Product) -> dict:
    """Return a product of `with_prices` and `with_details` as `_product_card.html` wants it."""
    photos = ready_photos(product)
    first = photos[0] if photos else None
    farmer = product.farmer
    variants = list(product.variants.all())
    return {
        "url": reverse("storefront:product", args=[product.pk]),
        "title": product.title,
        "price_fen": product.price_fen,
        "unit": variants[0].name if len(variants) == 1 else "",
        "photo_src": photo_url(first, 360),
        "photo_srcset": srcset(first),
        "photo_color": first.dominant_color if first else "",
        "farmer_name": farmer.name if farmer else product.shop.name,
        "farmer_face": photo_url(farmer.portrait, 360) if farmer else "",
        "village_name": product.village.display_name,
        "is_sold_out": product.available <= 0,
        "sold_text": few_left(product.available),
    }


def few_left(available: int) -> str:
    """Return a warning when little is left, else nothing."""
    if not 0 < available <= 10:
        return ""
    return ngettext("only %(count)d left", "only %(count)d left", available) % {"count": available}


def session_card(session: LiveSession) -> dict:
    """Return a session as the live rail and the hero show it."""
    cover = session.cover or session.host.portrait
    return {
        "url": f"/live/{session.pk}/",
        "title": session.title,
        "photo_src": photo_url(cover, 720),
        "photo_srcset": srcset(cover),
        "photo_color": cover.dominant_color if cover else "",
        "host_name": session.host.name,
        "host_face": photo_url(session.host.portrait, 360),
        "shop_name": session.shop.name,
        "village_name": session.shop.village.display_name,
        "is_on_air": session.status in ON_AIR,
        "is_replay": session.status == SessionStatus.ENDED,
        "scheduled_at": session.scheduled_at,
    }


def calendar_card(session: LiveSession, *, is_reminded: bool) -> dict:
    """Return a session as the calendar and the reminder button show it."""
    return session_card(session) | {
        "pk": session.pk,
        "is_scheduled": session.status == SessionStatus.SCHEDULED,
        "ends_at": ends_at(session),
        "is_reminded": is_reminded,
    }


def share_tags(session: LiveSession) -> dict:
    """Return what messengers show with the link of a session (Open Graph); the address is absolute."""
    address = share_url(session)
    description = session.description or f"{session.host.name} · {session.shop.name}"
    return {
        "title": session.title,
        "description": " ".join(description.split())[:150],
        "url": address,
        "image": f"{address}share.jpg?v={version_of(session)}",
        "width": CARD[0],
        "height": CARD[1],
    }


def village_card(village: Village) -> dict:
    """Return a village as the rail shows it."""
    height = _("%(height)s m up") % {"height": village.altitude_m} if village.altitude_m else ""
    return {
        "url": f"{reverse('storefront:products')}?village={village.pk}",
        "name": village.display_name,
        "note": height or village.county,
        "photo_src": photo_url(village.photo, 360),
        "photo_srcset": srcset(village.photo),
        "photo_color": village.photo.dominant_color if village.photo else "",
    }


def big_photo(photo: Photo, alt: str) -> dict:
    """Return a photo for the gallery of a product."""
    return {
        "src": photo_url(photo, 720),
        "srcset": srcset(photo),
        "color": photo.dominant_color,
        "alt": alt,
    }
