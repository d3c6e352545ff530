"""The programme of shows: the calendar page, files for calendar apps, reminders, pictures to share."""

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from common.clock import utc_now
from common.errors import NotFound
from livestreams import selectors
from livestreams.services import calendars, drawing, reminding
from storefront.cards import calendar_card

LARGEST_ID = 2**63 - 1
FEED_SECONDS = 300
YEAR_SECONDS = 365 * 24 * 3600


@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """What comes, day by day."""
    found = selectors.list_calendar(now=utc_now())
    asked = selectors.reminded_ids(request.user, [session.pk for session in found])
    cards = [calendar_card(session, is_reminded=session.pk in asked) for session in found]
    return render(request, "livestreams/calendar.html", {"days": selectors.by_day(found, cards)})


@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    """All announced shows, or those of `host` or `shop`, for a calendar app."""
    now = utc_now()
    found = selectors.list_feed(now=now, host_id=_number(request, "host"), shop_id=_number(request, "shop"))
    answer = _ics(calendars.calendar_of(found, name=_("Live from the villages"), now=now))
    answer["Cache-Control"] = f"public, max-age={FEED_SECONDS}"
    return answer


@require_safe
def session_ics(request: HttpRequest, session_id: int) -> HttpResponse:
    """One announced show as a calendar entry; called off, it says so."""
    session = selectors.get_announced(session_id)
    answer = _ics(calendars.calendar_of([session], name=session.title, now=utc_now()))
    answer["Content-Disposition"] = f'attachment; filename="live-{session.pk}.ics"'
    return answer


@require_POST
def remind(request: HttpRequest, session_id: int) -> HttpResponse:
    """Ask to be reminded (`on` = 1) or no longer (0), and go back to where the person was."""
    back = request.POST.get("next", "")
    if not back.startswith("/") or not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = reverse("storefront:room", args=[session_id])
    if not request.user.is_authenticated:
        return redirect(f"{settings.LOGIN_URL}?next={reverse('storefront:room', args=[session_id])}")
    if request.POST.get("on") == "0":
        reminding.drop_reminder(actor=request.user, session_id=session_id)
    else:
        reminding.ask_reminder(actor=request.user, session_id=session_id, now=utc_now())
    return redirect(back)


@require_safe
def share_card(request: HttpRequest, session_id: int) -> HttpResponse | FileResponse:
    """The wide picture that messengers show with the link."""
    return _picture(request, session_id, "card")


@require_safe
def share_poster(request: HttpRequest, session_id: int) -> HttpResponse | FileResponse:
    """The tall picture with a QR code, to be sent on or printed."""
    return _picture(request, session_id, "poster")


def _picture(request: HttpRequest, session_id: int, kind: str) -> HttpResponse | FileResponse:
    # What everybody may see, whoever asks: the answer is kept by caches on the way.
    session = selectors.get_session_for(None, session_id)
    shared = drawing.share_picture(session, kind)
    etag = f'"{kind}-{shared.version}"'
    if request.headers.get("If-None-Match") == etag:
        answer = HttpResponse(status=304)
    else:
        answer = FileResponse(shared.path.open("rb"), content_type="image/jpeg")
    answer["ETag"] = etag
    is_version = request.GET.get("v") == shared.version
    answer["Cache-Control"] = (
        f"public, max-age={YEAR_SECONDS}, immutable" if is_version else f"public, max-age={FEED_SECONDS}"
    )
    return answer


def _ics(content: bytes) -> HttpResponse:
    return HttpResponse(content, content_type="text/calendar; charset=utf-8")


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or int(text) > LARGEST_ID:
        raise NotFound()
    return int(text)
