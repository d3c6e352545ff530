"""OBS and streaming apps: the key of a show, and going on air without this device's camera."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from common.clock import utc_now
from livestreams import selectors
from livestreams.services import keys, presenting, scheduling
from livestreams.services.rtmp_receiving import sending_state
from livestreams.statuses import ON_AIR, SessionStatus


@never_cache
@login_required
@require_safe
def obs(request: HttpRequest, session_id: int) -> HttpResponse:
    """Say how OBS sends this show's picture, and whether it does."""
    return _page(request, session_id)


@never_cache
@login_required
@require_POST
def obs_key(request: HttpRequest, session_id: int) -> HttpResponse:
    """Make a key and show it in this one answer; no redirect, so that it is kept nowhere."""
    _key, secret = keys.issue_key(actor=request.user, session_id=session_id, now=utc_now())
    return _page(request, session_id, secret=secret)


@login_required
@require_POST
def obs_revoke(request: HttpRequest, session_id: int) -> HttpResponse:
    """End the key and what is sent with it."""
    if keys.revoke_key(actor=request.user, session_id=session_id, now=utc_now()):
        messages.success(request, _("The key is no longer valid. What was sent with it has ended."))
    return redirect("sellerdesk:obs", session_id=session_id)


@login_required
@require_POST
def obs_start(request: HttpRequest, session_id: int) -> HttpResponse:
    """Go on air; the picture comes from elsewhere."""
    session = selectors.get_presented_session(request.user, session_id)
    if session.status == SessionStatus.DRAFT:
        scheduling.schedule_session(
            actor=request.user, session_id=session_id, allow_clash=True, now=utc_now()
        )
    presenting.start_session(actor=request.user, session_id=session_id, now=utc_now())
    return redirect(reverse("sellerdesk:console", args=[session_id]) + "?picture=elsewhere")


def _page(request: HttpRequest, session_id: int, *, secret: str = "") -> HttpResponse:
    session = selectors.get_presented_session(request.user, session_id)
    refusals = {
        "not_on_air": _("OBS is trying to connect. Press GO LIVE first; it will try again by itself."),
        "taken_over": _("Another device sends the picture now. Stop it there first."),
        "host_not_active": _("The host has not been approved yet, so this show cannot be held."),
        "disk_full": _("The market's disk is full. Tell the operator; orders go on."),
    }
    states = {"receiving": _("The picture is arriving."), "waiting": _("Waiting for OBS or the app.")}
    sending = sending_state(session.pk)
    context = {
        "session": session,
        "key": keys.active_key(actor=request.user, session_id=session_id),
        "secret": secret,
        "server_url": settings.RTMP_URL,
        "is_on_air": session.status in ON_AIR,
        "is_over": session.status in (SessionStatus.ENDED, SessionStatus.CANCELLED),
        "is_receiving": sending["state"] == "receiving",
        "state_text": refusals.get(sending["refused"]) or states[sending["state"]],
        "state_words": {**states, **refusals},
    }
    return render(request, "livestreams/desk_obs.html", context)
