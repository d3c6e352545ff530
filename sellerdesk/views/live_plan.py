"""The desk's live pages: plan shows, announce them, call them off. Their goods: live_rundown.py."""

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.forms import show_refusal
from common.clock import utc_now
from common.errors import MarketError
from livestreams import selectors
from livestreams.errors import SessionClash
from livestreams.forms import CancelForm, SessionForm
from livestreams.models import LiveSession
from livestreams.selectors.planning import Day
from livestreams.services import presenting, scheduling
from livestreams.statuses import ON_AIR, SessionStatus


@never_cache
@login_required
@require_safe
def shows(request: HttpRequest) -> HttpResponse:
    """The person's shows, what is on or next first."""
    found = selectors.list_presented(request.user)
    coming = (SessionStatus.DRAFT, SessionStatus.SCHEDULED, *ON_AIR)
    context = {
        "coming": [selectors.desk_card(session) for session in reversed(found) if session.status in coming],
        "past": [selectors.desk_card(session) for session in found if session.status not in coming],
        "can_plan": bool(scheduling.presentable_shops(request.user)),
    }
    return render(request, "livestreams/desk_list.html", context)


@never_cache
@login_required
@require_safe
def week(request: HttpRequest) -> HttpResponse:
    """The person's shows of one week: a list by day on a phone, seven columns on a wide screen."""
    now = utc_now()
    monday = selectors.monday_of(request.GET.get("week", ""), now=now)
    found = selectors.list_week(request.user, monday)
    filled = {day.on: day for day in selectors.by_day(found, [selectors.desk_card(one) for one in found])}
    days = [monday + timedelta(days=number) for number in range(7)]
    context = {
        "days": [filled.get(on) or Day(on, []) for on in days],
        "is_empty": not found,
        "today": timezone.localtime(now).date(),
        "monday": monday,
        "sunday": days[-1],
        "before": monday - timedelta(days=7),
        "after": monday + timedelta(days=7),
    }
    return render(request, "livestreams/desk_week.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def show_new(request: HttpRequest) -> HttpResponse:
    """Plan a show."""
    return _plan(request, None)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def show_edit(request: HttpRequest, session_id: int) -> HttpResponse:
    """Change the plan of a show that was not on air."""
    return _plan(request, selectors.get_presented_session(request.user, session_id))


def _plan(request: HttpRequest, session: LiveSession | None) -> HttpResponse:
    now = utc_now()
    form = SessionForm(request.POST or None, actor=request.user, session=session, now=now)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            data = form.cleaned_data
            try:
                saved = scheduling.save_session(
                    actor=request.user, session_id=session.pk if session else None, shop_id=data["shop"],
                    host_id=data["host"], title=data["title"], description=data["description"],
                    scheduled_at=data["scheduled_at"], cover_id=data["cover"],
                    planned_minutes=data["planned_minutes"], repeat=form.repeat(),
                    is_following_too=data["following"], allow_clash=data["allow_clash"], now=now,
                )  # fmt: skip
            except MarketError as refusal:
                show_refusal(form, refusal)
                form.has_clash = isinstance(refusal, SessionClash)
                status = refusal.status
            else:
                messages.success(request, _("Saved. Now choose what you will show."))
                return redirect("sellerdesk:show", session_id=saved.pk)
    return render(request, "livestreams/desk_form.html", {"form": form, "session": session}, status=status)


@login_required
@require_POST
def show_schedule(request: HttpRequest, session_id: int) -> HttpResponse:
    """Announce the show."""
    try:
        scheduling.schedule_session(
            actor=request.user, session_id=session_id, now=utc_now(),
            allow_clash="allow_clash" in request.POST, is_following_too="following" in request.POST,
        )  # fmt: skip
    except SessionClash as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("Announced. Buyers see the show now."))
    return redirect("sellerdesk:show", session_id=session_id)


@login_required
@require_POST
def show_cancel(request: HttpRequest, session_id: int) -> HttpResponse:
    """Call the show off; the reason is read by those who wait for it."""
    form = CancelForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(form.errors.get("reason", [])))
        return redirect("sellerdesk:show", session_id=session_id)
    scheduling.cancel_session(
        actor=request.user, session_id=session_id, reason=form.cleaned_data["reason"],
        is_following_too=form.cleaned_data["following"], now=utc_now(),
    )  # fmt: skip
    messages.success(request, _("The show was called off."))
    return redirect("sellerdesk:shows")


@login_required
@require_POST
def show_end(request: HttpRequest, session_id: int) -> HttpResponse:
    """End the show without the console (a dead phone)."""
    presenting.end_session(actor=request.user, session_id=session_id, now=utc_now())
    messages.success(request, _("The show is over. The replay is being prepared."))
    return redirect("sellerdesk:show", session_id=session_id)
