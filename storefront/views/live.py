"""The live pages of buyers: what is on, the room, replays."""

from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from accounts.selectors import default_address
from common.errors import NotFound
from livestreams import selectors
from livestreams.serializers.room import MessageSerializer
from livestreams.serializers.rundown import RundownItemSerializer
from livestreams.serializers.sessions import SessionDetailSerializer
from livestreams.services.snapshot import detail_data
from livestreams.statuses import ON_AIR, PUBLIC, DealStatus, SessionStatus
from livestreams.wording import line_words
from storefront.cards import calendar_card, session_card, share_tags
from storefront.room_coupons import coupon_words, coupons_of_room
from storefront.views.gifts import gift_form
from storefront.views.paying import taken_at_once
from storefront.views.replays import replay, start_at


@require_safe
def live_list(request: HttpRequest) -> HttpResponse:
    """What is on now and what comes."""
    context = {
        "on_air": [session_card(session) for session in selectors.list_on_air()],
        "upcoming": [session_card(session) for session in selectors.list_upcoming()],
        "replays": [session_card(session) for session in selectors.list_replays(6)],
    }
    return render(request, "livestreams/list.html", context)


@require_safe
def videos(request: HttpRequest) -> HttpResponse:
    """Shows to watch again."""
    replays = [session_card(session) for session in selectors.list_replays(48)]
    return render(request, "livestreams/videos.html", {"replays": replays})


@require_safe
@ensure_csrf_cookie
def room(request: HttpRequest, session_id: int) -> HttpResponse:
    """The room: waiting, live, interrupted, or the replay."""
    try:
        session = selectors.get_session_for(request.user, session_id)
    except NotFound:
        return _called_off(request, session_id)
    if session.status == SessionStatus.ENDED:
        return replay(request, session)
    asked = selectors.reminded_ids(request.user, [session.pk])
    detail = detail_data(session)
    is_on_air = session.status in ON_AIR
    items = [selectors.item_data(item, is_on_air=is_on_air) for item in selectors.rundown_of(session)]
    address = default_address(request.user) if request.user.is_authenticated else None
    coupons = coupons_of_room(request, session)
    context = {
        "session": session,
        "coupon": coupons["first"],
        "gifts": None if session.host.user_id == request.user.pk else gift_form(session),
        "card": calendar_card(session, is_reminded=session.pk in asked),
        "share": share_tags(session) if session.status in PUBLIC else None,
        "host_face": selectors.photo_src(session.host.portrait, 96),
        "poster": selectors.poster_url(session),
        "address": address,
        "deal": _first_deal(detail, items),
        "is_presenter": selectors.is_presenter(request.user, session),
        "is_crew": selectors.is_crew(request.user, session),
        "can_chat": is_on_air or session.status == SessionStatus.SCHEDULED,
        "room": {
            "session": SessionDetailSerializer(detail).data,
            "messages": MessageSerializer(
                selectors.recent_messages(session, viewer=request.user), many=True
            ).data,
            "rundown": RundownItemSerializer(items, many=True).data,
            "signed_in": request.user.is_authenticated,
            "sign_in_url": f"{settings.LOGIN_URL}?next={request.path}",
            "address": address.pk if address else None,
            "gateway": taken_at_once(),
            "start_at": start_at(request),
            "coupons": coupons["data"],
        },
        "words": _words() | line_words() | coupon_words(),
    }
    return render(request, "livestreams/room.html", context)


def _called_off(request: HttpRequest, session_id: int) -> HttpResponse:
    """Tell who follows an old link why there is no show; NotFound for what was never announced."""
    session = selectors.get_announced(session_id)
    words = session.cancel_reason or _("The host does not hold it. Other shows are in the calendar.")
    return render(request, "livestreams/called_off.html", {"session": session, "words": words}, status=410)


def _first_deal(detail: dict, items: list[dict]) -> dict | None:
    """Return the deal that the page shows from the first moment on, with its picture."""
    if not detail["deals"]:
        return None
    deal = detail["deals"][0]
    item = next(item for item in items if item["rundown_item"] == deal["rundown_item"])
    ends = deal["starts_at"] if deal["status"] == DealStatus.COUNTDOWN else deal["ends_at"]
    return deal | {"photo": item["photo"], "url": item["url"], "shown_time": datetime.fromisoformat(ends)}


def _words() -> dict[str, str]:
    """What the room's modules say, in the reader's language."""
    return {
        "left": _("{count} left"),
        "sold_out": _("Sold out"),
        "buy": _("Buy"),
        "sign_in_to_buy": _("Sign in to buy"),
        "hidden": _("The host has hidden this line."),
        "waiting": _("Waiting for a moderator"),
        "wait_seconds": _("You can write again in {seconds} s"),
        "system": _("Market"),
        "host": _("Host"),
        "starts_in": _("The show begins in"),
        "starts_soon": _("The host will be here any moment"),
        "connecting": _("The picture is on its way …"),
        "interrupted": _("The picture is coming back. You can go on buying."),
        "ended": _("The show is over"),
        "ended_dark": _("The picture stayed away for too long, so the show is over. Your orders are safe."),
        "preparing": _("The replay is being prepared …"),
        "no_replay": _("This show has no replay."),
        "sound_only": _("Sound only"),
        "quality_auto": _("By itself"),
        "quality_source": _("As it is sent"),
        "quality_low": _("Small, for a weak network"),
        "quality_audio": _("Sound only"),
        "no_picture": _("This browser cannot show the picture. Chat and buying work."),
        "sound_on": _("Tap for sound"),
        "play": _("Play"),
        "paying": _("Taking you to payment …"),
        "choose_gateway": _("Paying is not possible right now."),
        "deal_begins": _("begins in"),
        "deal_ends": _("ends in"),
        "deal_soon": _("Soon"),
        "deal_on": _("The deal is on."),
        "deal_over": _("This deal is over"),
        "deal_left": _("{count} of {total} left"),
        "nothing_pinned": _("The host will show something soon"),
        "days": _("{count} d"),
        "cancelled": _("This show was called off."),
        "badge_live": _("Live"),
        "badge_interrupted": _("Picture lost"),
        "badge_scheduled": _("Soon"),
        "badge_ended": _("Watch again"),
    }
