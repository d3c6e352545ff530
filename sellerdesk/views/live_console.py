"""The host's console: hold a show."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from livestreams import selectors
from livestreams.serializers.room import MessageSerializer
from livestreams.serializers.rundown import RundownItemSerializer
from livestreams.serializers.sessions import SessionDetailSerializer
from livestreams.services.rtmp_receiving import comes_from_elsewhere
from livestreams.services.snapshot import detail_data
from livestreams.statuses import SessionStatus
from livestreams.wording import line_words


@never_cache
@login_required
@require_safe
@ensure_csrf_cookie
def console(request: HttpRequest, session_id: int) -> HttpResponse:
    """The host's console."""
    session = selectors.get_presented_session(request.user, session_id)
    if session.status in (SessionStatus.ENDED, SessionStatus.CANCELLED):
        return redirect("sellerdesk:show", session_id=session_id)
    items = [selectors.item_data(item) for item in selectors.rundown_of(session)]
    # Only when asked: a console that opened its camera by itself would take the picture from OBS.
    asked = request.GET.get("picture", "")
    is_elsewhere = asked == "elsewhere" or (asked != "here" and comes_from_elsewhere(session.pk))
    context = {
        "session": session,
        "is_elsewhere": is_elsewhere,
        "console": {
            "is_elsewhere": is_elsewhere,
            "session": SessionDetailSerializer(detail_data(session)).data,
            "messages": MessageSerializer(
                selectors.recent_messages(session, viewer=request.user), many=True
            ).data,
            "rundown": RundownItemSerializer(items, many=True).data,
            "show_url": f"/desk/live/{session.pk}/",
        },
        "words": _words() | line_words(),
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
        "end": _("END"),
        "ending": _("Sending the last seconds …"),
        "pinned": _("Showing now"),
        "pin": _("Show"),
        "unpin": _("Stop showing"),
        "left": _("{count} left"),
        "sold_out": _("Sold out"),
        "system": _("Market"),
        "host": _("Host"),
        "waiting": _("Waiting for a moderator"),
        "wait_seconds": _("You can write again in {seconds} s"),
        "moderate": _("What to do about this line"),
        "hidden": _("Hidden from everybody."),
        "muted": _("Muted for 30 minutes."),
        "banned": _("Banned from this room."),
        "empty": _("No goods yet: add some to the show's list."),
    }
