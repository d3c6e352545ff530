"""The desk's live pages: plan a show, fill its rundown, add goods to it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.forms import show_refusal
from common.clock import utc_now
from common.errors import MarketError
from livestreams import selectors
from livestreams.errors import SessionClash
from livestreams.forms import AddGoodsForm, PriceForm, SessionForm
from livestreams.models import LiveSession
from livestreams.services import presenting, rundown, scheduling
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
                    scheduled_at=data["scheduled_at"], cover_id=data["cover"], now=now,
                )  # fmt: skip
            except MarketError as refusal:
                show_refusal(form, refusal)
                status = refusal.status
            else:
                messages.success(request, _("Saved. Now choose what you will show."))
                return redirect("sellerdesk:show", session_id=saved.pk)
    return render(request, "livestreams/desk_form.html", {"form": form, "session": session}, status=status)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, session_id: int) -> HttpResponse:
    """One show: its rundown, goods to add (POST), and the next step."""
    session = selectors.get_presented_session(request.user, session_id)
    form = AddGoodsForm(request.POST or None, variants=selectors.addable_variants(session))
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                rundown.add_items(
                    actor=request.user, session_id=session_id, offers=form.chosen(), now=utc_now()
                )
            except MarketError as refusal:
                form.show_refusal(refusal)
                status = refusal.status
            else:
                return redirect("sellerdesk:show", session_id=session_id)
    return _show_page(request, session, form, status)


def _show_page(request: HttpRequest, session: LiveSession, form: AddGoodsForm, status: int) -> HttpResponse:
    items = [selectors.item_data(item) for item in selectors.rundown_of(session)]
    context = {
        "session": session,
        "card": selectors.desk_card(session),
        "items": items,
        "goods": [
            selectors.addable_data(variant)
            | {"add": form[f"add_{variant.pk}"], "price": form[f"price_{variant.pk}"]}
            for variant in form.variants
        ],
        "form": form,
        "is_open": session.status in rundown.OPEN,
        "is_planned": session.status in (SessionStatus.DRAFT, SessionStatus.SCHEDULED),
        "is_on_air": session.status in ON_AIR,
    }
    return render(request, "livestreams/desk_show.html", context, status=status)


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
    """Call the show off."""
    scheduling.cancel_session(actor=request.user, session_id=session_id, now=utc_now())
    messages.success(request, _("The show was called off."))
    return redirect("sellerdesk:shows")


@login_required
@require_POST
def show_end(request: HttpRequest, session_id: int) -> HttpResponse:
    """End the show without the console (a dead phone)."""
    presenting.end_session(actor=request.user, session_id=session_id, now=utc_now())
    messages.success(request, _("The show is over. The replay is being prepared."))
    return redirect("sellerdesk:show", session_id=session_id)


@login_required
@require_POST
def item_move(request: HttpRequest, session_id: int, item_id: int) -> HttpResponse:
    """Move an item up or down."""
    step = -1 if request.POST.get("step") == "up" else 1
    rundown.move_item(actor=request.user, session_id=session_id, item_id=item_id, step=step, now=utc_now())
    return redirect("sellerdesk:show", session_id=session_id)


@login_required
@require_POST
def item_remove(request: HttpRequest, session_id: int, item_id: int) -> HttpResponse:
    """Take an item out."""
    rundown.remove_item(actor=request.user, session_id=session_id, item_id=item_id, now=utc_now())
    return redirect("sellerdesk:show", session_id=session_id)


@login_required
@require_POST
def item_price(request: HttpRequest, session_id: int, item_id: int) -> HttpResponse:
    """Set the live price of an item; a refusal comes back as a message, nothing is changed."""
    form = PriceForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(form.errors["price"]))
        return redirect("sellerdesk:show", session_id=session_id)
    try:
        rundown.change_item(
            actor=request.user, session_id=session_id, now=utc_now(),
            change=rundown.Change(item_id, {"live_price_fen": form.cleaned_data["price"]}),
        )  # fmt: skip
    except MarketError as refusal:
        if refusal.status == 404:
            raise
        messages.error(request, str(next(iter((refusal.fields or {}).values()), refusal.message)))
    return redirect("sellerdesk:show", session_id=session_id)
