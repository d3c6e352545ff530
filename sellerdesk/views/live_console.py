"""The host's console: hold a show."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from livestreams import selectors
from livestreams.services.rtmp_receiving import comes_from_elsewhere
from livestreams.statuses import SessionStatus
from livestreams.wording import line_words
from sellerdesk.views.live_chat import chat_words, console_data
from sellerdesk.views.live_coupons import coupon_bearers, coupon_words
from sellerdesk.views.live_deals import deal_choices, deal_words


@never_cache
@login_required
@require_safe
@ensure_csrf_cookie
def console(request: HttpRequest, session_id: int) -> HttpResponse:
    """The host's console."""
    session = selectors.get_presented_session(request.user, session_id)
    if session.status in (SessionStatus.ENDED, SessionStatus.CANCELLED):
        return redirect("sellerdesk:show", session_id=session_id)
    # Only when asked: a console that opened its camera by itself would take the picture from OBS.
    asked = request.GET.get("picture", "")
    is_elsewhere = asked == "elsewhere" or (asked != "here" and comes_from_elsewhere(session.pk))
    context = {
        "session": session,
        "is_elsewhere": is_elsewhere,
        "console": console_data(request, session)
        | {"is_elsewhere": is_elsewhere, "show_url": f"/desk/live/{session.pk}/"},
        "words": chat_words() | line_words() | deal_words() | coupon_words() | _words(),
        "coupon_bearers": coupon_bearers(request.user, session),
        **deal_choices(),
    }
    return render(request, "livestreams/console.html", context)


def _words() -> dict[str, str]:
    """What the console's modules say, in the host's language."""
    return {
        "ready": _("Ready"),
        "asking": _("Starting the camera …"),
        "no_camera": _(
            "The camera cannot be used. Allow camera and microphone for this page, then try again."
        ),
        "elsewhere": _("The picture comes from OBS or an app."),
        "insecure": _("The camera works only over https. Open this page by its secure address."),
        "no_recorder": _("This browser cannot record. Please use Chrome, Edge or Safari."),
        "starting": _("Going live …"),
        "good": _("Connection good"),
        "weak": _("Weak connection, {count} s waiting"),
        "offline": _("No connection. Keep talking: {count} s are kept and sent later."),
        "resting": _("Not on air"),
        "on_air": _("On air"),
        "saving_data": _("Weak network: sending a smaller picture."),
        "link_lost": _("No connection: viewers see no picture. What you show is kept and sent later."),
        "picture_lost": _("Viewers have no picture at the moment. Chat and buying go on."),
        "camera_lost": _("The phone has taken the camera away (a call?). It comes back by itself."),
        "replaced": _("Another device has taken over and sends the picture now."),
        "stopped": _("The picture has stopped. Start it again."),
        "stopped_unreadable": _("This browser's picture cannot be read. Please use Chrome or Safari."),
        "stopped_host_not_active": _("The host is suspended, so no picture is taken."),
        "disk_full": _("The market's disk is full. Tell the operator; orders go on."),
        "go_live": _("GO LIVE"),
        "go_on": _("Go on"),
        "send_here": _("Send from this phone"),
        "end": _("END"),
        "ending": _("Sending the last seconds …"),
    }
