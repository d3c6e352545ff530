"""The pages of replays and clips: watch, jump to what was shown, buy it at today's price."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from accounts.selectors import default_address
from common.clock import utc_now
from livestreams import selectors
from livestreams.models import LiveSession
from livestreams.selectors.replays import get_clip_for
from orders.coupon_cards import offer_card
from orders.coupon_selectors import replay_coupons
from storefront.cards import session_card
from storefront.replay_cards import clip_page, replay_page
from storefront.views.paying import taken_at_once

LONGEST_START = 24 * 3600


def replay(request: HttpRequest, session: LiveSession) -> HttpResponse:
    """Show what stays of a show that is over; `?part=chapters` is the list alone, at today's prices."""
    found = replay_page(session)
    context = {"session": session, "replay": found}
    if request.GET.get("part") == "chapters":
        return render(request, "livestreams/_chapters.html", context)
    items = [] if found["chapters"] else selectors.rundown_of(session)
    context |= {
        "card": session_card(session),
        "host_face": selectors.photo_src(session.host.portrait, 96),
        "poster": selectors.poster_url(session),
        "items": [selectors.item_data(item, is_on_air=False) for item in items],
        "is_presenter": selectors.is_presenter(request.user, session),
        "share_url": request.build_absolute_uri(request.path),
        "start_at": start_at(request),
        "coupons": [offer_card(campaign) for campaign in replay_coupons(session.shop_id, now=utc_now())],
    } | _buying(request)
    context["room"] |= {
        "session": session.pk,
        "status": found["status"],
        "playback_url": found["playback_url"],
        "start_at": context["start_at"],
    }
    return render(request, "livestreams/replay.html", context)


@never_cache
@require_safe
@ensure_csrf_cookie
def clip(request: HttpRequest, clip_id: int) -> HttpResponse:
    """Show one clip with what it shows, to be bought and passed on."""
    found = get_clip_for(request.user, clip_id)
    session = found.replay.session
    page = clip_page(found)
    context = {
        "session": session,
        "clip": page,
        "goods": page["goods"],
        "host_face": selectors.photo_src(session.host.portrait, 96),
        "share_url": request.build_absolute_uri(request.path),
        "video_url": request.build_absolute_uri(page["video"]) if page["video"] else "",
        "poster_url": request.build_absolute_uri(page["poster"]) if page["poster"] else "",
    } | _buying(request)
    if request.GET.get("part") == "chapters":
        return render(request, "livestreams/_clip_goods.html", context)
    return render(request, "livestreams/clip.html", context)


def start_at(request: HttpRequest) -> int:
    """Return the second named by `?t=`, 0 for anything else."""
    text = request.GET.get("t", "")
    return min(int(text), LONGEST_START) if text.isascii() and text.isdecimal() and len(text) < 8 else 0


def _buying(request: HttpRequest) -> dict:
    """Return what the buy sheet needs to know of the person."""
    address = default_address(request.user) if request.user.is_authenticated else None
    return {
        "address": address,
        "room": {
            "signed_in": request.user.is_authenticated,
            "sign_in_url": f"{settings.LOGIN_URL}?next={request.path}",
            "address": address.pk if address else None,
            "gateway": taken_at_once(),
        },
        "words": {
            "paying": _("Taking you to payment …"),
            "choose_gateway": _("Paying is not possible right now."),
            "sold_out": _("Sold out"),
            "gone": _("This was just sold out or taken back. Nothing was ordered."),
            "left": _("{count} left"),
            "buy": _("Buy"),
        },
    }
