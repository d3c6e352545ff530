"""The desk's list of goods of a show: add, order, change, take out, take over from an earlier show."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from common.clock import utc_now
from common.errors import MarketError, NotFound
from livestreams import selectors
from livestreams.forms import AddGoodsForm, RundownForm
from livestreams.models import LiveSession
from livestreams.services import clashing, consenting, copying, drawing, rundown
from livestreams.services.scheduling import PLANNED
from livestreams.statuses import ON_AIR, SessionStatus
from sellerdesk.views.live_replay import replay_context

LARGEST_ID = 2**63 - 1


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, session_id: int) -> HttpResponse:
    """One show: its rundown, goods to add (POST), and the next step."""
    session = selectors.get_presented_session(request.user, session_id)
    search = {"text": request.GET.get("q", "").strip()[:60], "farmer_id": _number(request.GET.get("farmer"))}
    form = AddGoodsForm(request.POST or None, variants=selectors.addable_variants(session, **search))
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            offers = form.chosen()
            try:
                rundown.add_items(actor=request.user, session_id=session_id, offers=offers, now=utc_now())
            except MarketError as refusal:
                form.show_refusal(refusal)
                status = refusal.status
            else:
                count = len(offers)
                words = ngettext("%(count)d added.", "%(count)d added.", count) % {"count": count}
                messages.success(request, words)
                return redirect("sellerdesk:show", session_id=session_id)
    return _show_page(request, session, status, adding=form, search=search)


@never_cache
@login_required
@require_POST
def rundown_save(request: HttpRequest, session_id: int) -> HttpResponse:
    """Save price, quota, limit and commission of all items; a refusal comes back at its row."""
    session = selectors.get_presented_session(request.user, session_id)
    form = RundownForm(request.POST, items=selectors.rundown_of(session))
    status = 400
    if form.is_valid():
        try:
            rundown.change_items(
                actor=request.user, session_id=session_id, changes=form.changes(), now=utc_now()
            )
        except MarketError as refusal:
            form.show_refusal(refusal)
            status = refusal.status
        else:
            messages.success(request, _("Saved."))
            return redirect("sellerdesk:show", session_id=session_id)
    return _show_page(request, session, status, changing=form)


def _show_page(
    request: HttpRequest,
    session: LiveSession,
    status: int,
    *,
    adding: AddGoodsForm | None = None,
    changing: RundownForm | None = None,
    search: dict | None = None,
) -> HttpResponse:
    is_open = session.status in rundown.OPEN
    is_planned = session.status in PLANNED
    adding = adding or AddGoodsForm(variants=selectors.addable_variants(session) if is_open else [])
    changing = changing or RundownForm(items=selectors.rundown_of(session))
    refused = consenting.refused_items(session, changing.items) if is_open else {}
    clash = None
    if is_planned:
        clash = clashing.find_clash(
            actor=request.user, host_id=session.host_id, shop_id=session.shop_id,
            starts=[session.scheduled_at], minutes=session.planned_minutes, but=[session.pk],
        )  # fmt: skip
    context = (replay_context(session) if session.status == SessionStatus.ENDED else {}) | {
        "session": session,
        "card": selectors.desk_card(session),
        "items": [
            selectors.item_data(item) | {"row": changing.row(item), "refusal": refused.get(item.pk)}
            for item in changing.items
        ],
        "most": rundown.MAX_ITEMS,
        "goods": [selectors.addable_data(variant) | adding.row(variant) for variant in adding.variants],
        "farmers": selectors.addable_farmers(session) if is_open else [],
        "search": search or {"text": "", "farmer_id": None},
        "earlier": selectors.list_earlier(request.user, session) if is_open else [],
        "form": adding,
        "changing": changing,
        "share_url": drawing.share_url(session),
        "clash": clashing.clash_words(clash) if clash else "",
        "reminder_count": session.reminders.count() if is_planned else 0,
        "is_open": is_open,
        "is_planned": is_planned,
        "is_on_air": session.status in ON_AIR,
    }
    return render(request, "livestreams/desk_show.html", context, status=status)


@login_required
@require_POST
def rundown_copy(request: HttpRequest, session_id: int) -> HttpResponse:
    """Take over the goods of an earlier show; what cannot come along is told."""
    from_id = _number(request.POST.get("from"))
    if from_id is None:
        raise NotFound()
    copied = copying.copy_rundown(actor=request.user, session_id=session_id, from_id=from_id, now=utc_now())
    count = len(copied.items)
    words = ngettext("%(count)d added.", "%(count)d added.", count) % {"count": count}
    messages.success(request, words)
    for left_out in copied.left_out[:5]:
        messages.warning(request, left_out)
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


def _number(text: str | None) -> int | None:
    if not text or not (text.isascii() and text.isdecimal()) or int(text) > LARGEST_ID:
        return None
    return int(text)
