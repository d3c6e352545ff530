"""The desk's part for a show that is over: its replay and its clips."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from common.clock import utc_now
from common.errors import Invalid, MarketError
from livestreams import selectors
from livestreams.models import LiveSession
from livestreams.selectors.replays import desk_clips, desk_replay
from livestreams.services.clipping import delete_clip, request_clip
from livestreams.services.mastering import progress_of
from livestreams.services.telling_room import playback_url
from livestreams.services.trimming import change_replay, remake_replay
from sellerdesk.replay_forms import PlacesForm, place_text


def replay_context(session: LiveSession) -> dict:
    """Return what the desk shows of a show that is over; nothing of one that is not."""
    found = desk_replay(session)
    if found is None:
        return {"replay": None}
    clips = desk_clips(session)
    chosen = {clip["chapter"]: clip for clip in clips if clip["chapter"]}
    for chapter in found["chapters"]:
        chapter["clock"] = place_text(chapter["starts_ms"])
        chapter["clip"] = chosen.get(chapter["pk"])
    return {
        "replay": found
        | {
            "progress": progress_of(session.pk) or 0,
            "starts": place_text(found["starts_ms"]),
            "ends": place_text(found["ends_ms"]),
            "length": place_text(found["duration_ms"]),
            "kept": place_text(found["ends_ms"] - found["starts_ms"]),
            "playback_url": playback_url(session),
        },
        "clips": [clip | {"clock": place_text(clip["starts_ms"])} for clip in clips],
        "is_cutting": any(clip["status"] == "processing" for clip in clips),
    }


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def replay(request: HttpRequest, session_id: int) -> HttpResponse:
    """Show the state of the replay and its clips (GET, a part of the page); hide, show, cut, try again."""
    session = selectors.get_presented_session(request.user, session_id)
    if request.method == "GET":
        part = "clips" if request.GET.get("part") == "clips" else "state"
        context = {"session": session} | replay_context(session)
        return render(request, f"sellerdesk/_desk_replay_{part}.html", context)
    try:
        messages.success(request, _do(request, session_id))
    except MarketError as refusal:
        _show(request, refusal)
    return redirect("sellerdesk:show", session_id=session_id)


def _do(request: HttpRequest, session_id: int) -> str:
    """Take the step that the button names; return what to say."""
    step, whom = request.POST.get("do", ""), {"actor": request.user, "session_id": session_id}
    if step in ("hide", "show"):
        change_replay(**whom, hidden=step == "hide", now=utc_now())
        if step == "hide":
            return _("Hidden. Nobody but you sees the replay; the recording is kept.")
        return _("Everybody can watch the replay again.")
    if step == "trim":
        places = _places(request)
        change_replay(**whom, trim=(places["starts"], places["ends"]), now=utc_now())
        return _("Cut. What is left out is not shown any more; the recording is kept whole.")
    if step == "whole":
        change_replay(**whom, trim=(0, None), now=utc_now())
        return _("The whole show is shown again.")
    if step == "retry":
        remake_replay(**whom, now=utc_now())
        return _("We are trying again.")
    raise Invalid()


@login_required
@require_POST
def clips(request: HttpRequest, session_id: int) -> HttpResponse:
    """Have a chapter, or a chosen stretch, cut out as a clip."""
    chapter = request.POST.get("chapter", "")
    try:
        if chapter:
            wanted = {"chapter_id": int(chapter) if chapter.isdecimal() and len(chapter) < 18 else 0}
        else:
            places = _places(request)
            wanted = {
                "starts_ms": places["starts"],
                "ends_ms": places["ends"],
                "title": request.POST.get("title", "")[:200],
            }
        request_clip(actor=request.user, session_id=session_id, now=utc_now(), **wanted)
        messages.success(request, _("The clip is being cut."))
    except MarketError as refusal:
        _show(request, refusal)
    return redirect("sellerdesk:show", session_id=session_id)


@login_required
@require_POST
def clip_delete(request: HttpRequest, session_id: int, clip_id: int) -> HttpResponse:
    """Delete a clip for good."""
    delete_clip(actor=request.user, clip_id=clip_id, now=utc_now())
    messages.success(request, _("The clip is deleted."))
    return redirect("sellerdesk:show", session_id=session_id)


def _places(request: HttpRequest) -> dict:
    form = PlacesForm(request.POST)
    if not form.is_valid():
        raise Invalid(fields={name: errors[0] for name, errors in form.errors.items()})
    return form.cleaned_data


def _show(request: HttpRequest, refusal: MarketError) -> None:
    """Say a refusal on the page that follows; somebody else's show stays a 404."""
    if refusal.status == 404:
        raise refusal
    messages.error(request, str(next(iter((refusal.fields or {}).values()), refusal.message)))
