"""After-sales for the buyer: asking money back, and each case's page."""

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.forms import show_refusal
from common import limits
from common.clock import utc_now
from common.errors import MarketError, NotFound
from common.idempotency import parse_key
from orders.cards import line_card
from orders.case_cards import case_for_buyer, open_offer_of
from orders.case_forms import AppealForm, CaseForm, OfferChoiceForm, ReturnForm
from orders.case_selectors import get_own_case, list_own_cases
from orders.errors import UnitsTaken
from orders.models import AfterSaleCase, Order
from orders.selectors import get_order
from orders.services import asking_back
from orders.services.offering_less import accept_offer, refuse_offer
from orders.statuses import CaseStatus
from shops.models import Photo
from shops.photo_forms import photo_tiles, posted_photos, receive_files

PAGE = 20
MAY_WITHDRAW = (CaseStatus.REQUESTED, CaseStatus.OFFERED, CaseStatus.REJECTED, CaseStatus.AWAITING_RETURN)


@never_cache
@login_required
@require_safe
def cases(request: HttpRequest) -> HttpResponse:
    """List what the person asked back, what goes on first."""
    page = Paginator(list_own_cases(user=request.user), PAGE).get_page(request.GET.get("page"))
    now = utc_now()
    context = {"page": page, "cards": [case_for_buyer(case, now=now) for case in page.object_list]}
    return render(request, "storefront/cases.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def case_new(request: HttpRequest, number: str) -> HttpResponse:
    """Ask money back on an order. Nothing is asked before the person has seen the sum."""
    order = get_order(user=request.user, number=number)
    if request.method != "POST":
        form = CaseForm(order=order, initial={"key": uuid.uuid4()})
        return _ask(request, order, form, "", cannot_ask=_cannot_ask(order, form))
    form = CaseForm(request.POST, order=order)
    if "look" in request.POST:
        return _sum(request, order, form)
    # A form that is sent again after its case was opened must find that case, not goods that are taken.
    asked = asking_back.find_asked(buyer=request.user, idempotency_key=parse_key(request.POST.get("key")))
    if asked is not None:
        return redirect("storefront:case", case_id=asked)
    now = utc_now()
    limits.spend(name="cases.pages", key=f"user:{request.user.pk}", limit=20, seconds=60, now=now)
    photos = posted_photos(request, is_private=True)
    new, faults = receive_files(request, now=now, is_private=True)
    photos += new
    if not form.is_valid() or faults:
        return _ask(request, order, form, "", photos=photos, faults=faults, status=400)
    wish = {key: form.cleaned_data[key] for key in ("kind", "reason", "text")} | {"lines": form.wanted()}
    try:
        quote = asking_back.quote_case(order=order, now=now, **wish)
    except MarketError:
        quote = None  # it is refused below, or it has already been asked
    if quote is not None and request.POST.get("total_fen") != str(quote.total_fen):
        return _ask(request, order, form, "", photos=photos, quote=quote)
    try:
        case, _replayed = asking_back.open_case(
            buyer=request.user,
            number=number,
            photo_ids=[photo.pk for photo in photos],
            idempotency_key=form.cleaned_data["key"],
            now=now,
            **wish,
        )
    except NotFound:
        raise
    except MarketError as refusal:
        words = _words_of(refusal)
        return _ask(request, order, form, words, photos=photos, status=refusal.status)
    messages.success(request, _("Sent. The shop has been told."))
    return redirect("storefront:case", case_id=case.pk)


@never_cache
@login_required
@require_safe
def case(request: HttpRequest, case_id: int) -> HttpResponse:
    """Show one case: what was asked, the way so far, what happens next and until when."""
    return _page(request, get_own_case(user=request.user, case_id=case_id))


@login_required
@require_POST
def case_withdraw(request: HttpRequest, case_id: int) -> HttpResponse:
    """Call the case off."""
    return _move(request, case_id, asking_back.withdraw_case, None, _("Called off. You can ask again."))


@login_required
@require_POST
def case_send_back(request: HttpRequest, case_id: int) -> HttpResponse:
    """Note the parcel in which the goods go back."""
    form = ReturnForm(request.POST)
    return _move(request, case_id, asking_back.send_back, form, _("Noted. The shop has been told."))


@login_required
@require_POST
def case_appeal(request: HttpRequest, case_id: int) -> HttpResponse:
    """Ask the market to decide."""
    form = AppealForm(request.POST)
    return _move(request, case_id, asking_back.appeal_case, form, _("The market looks at it now."))


@login_required
@require_POST
def case_offer_accept(request: HttpRequest, case_id: int) -> HttpResponse:
    """Take what the shop offers."""
    form = OfferChoiceForm(request.POST)
    return _move(request, case_id, accept_offer, form, _("Agreed. The money is on its way back."))


@login_required
@require_POST
def case_offer_refuse(request: HttpRequest, case_id: int) -> HttpResponse:
    """Do not take what the shop offers."""
    form = OfferChoiceForm(request.POST)
    return _move(request, case_id, refuse_offer, form, _("You said no. The shop answers anew."))


def _move(request: HttpRequest, case_id: int, move: Callable, form: Form | None, words: str) -> HttpResponse:
    found = get_own_case(user=request.user, case_id=case_id)
    key = parse_key(request.POST.get("key"))
    if form is not None and not form.is_valid():
        return _page(request, found, form=form, status=400)
    given = form.cleaned_data if form is not None else {}
    try:
        move(buyer=request.user, case_id=case_id, idempotency_key=key, now=utc_now(), **given)
    except MarketError as refusal:
        if form is not None and refusal.status == 400:
            show_refusal(form, refusal)
            return _page(request, found, form=form, status=400)
        messages.error(request, _words_of(refusal))
    else:
        messages.success(request, words)
    return redirect("storefront:case", case_id=case_id)


def _page(
    request: HttpRequest, found: AfterSaleCase, *, form: Form | None = None, status: int = 200
) -> HttpResponse:
    can_appeal = found.status == CaseStatus.REJECTED and found.appealed_at is None
    context = {
        "card": case_for_buyer(found, now=utc_now()),
        "case": found,
        "order": found.order,
        "freight_fen": found.freight_fen,
        "total_fen": found.total_fen,
        "key": uuid.uuid4(),
        "offer": open_offer_of(found),
        "can_withdraw": found.status in MAY_WITHDRAW,
        "return_form": (form if isinstance(form, ReturnForm) else ReturnForm())
        if found.status == CaseStatus.AWAITING_RETURN
        else None,
        "appeal_form": (form if isinstance(form, AppealForm) else AppealForm()) if can_appeal else None,
    }
    return render(request, "storefront/case.html", context, status=status)


def _sum(request: HttpRequest, order: Order, form: CaseForm) -> HttpResponse:
    """Answer the form while it is filled in: what it would bring back, or why it cannot be."""
    context: dict = {"order": order, "is_part": True}
    if form.is_valid() and form.wanted():
        try:
            context["quote"] = _quote_rows(order, form)
        except MarketError as refusal:
            context["refusal"] = _words_of(refusal)
    return render(request, "storefront/_case_sum.html", context)


def _ask(
    request: HttpRequest,
    order: Order,
    form: CaseForm,
    refusal: str,
    *,
    photos: list[Photo] | None = None,
    faults: list[str] | None = None,
    quote: asking_back.CaseQuote | None = None,
    cannot_ask: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "order": order,
        "cannot_ask": cannot_ask,
        "form": form,
        "rows": [
            {"card": line_card(line), "free": free, "quantity": quantity, "less": less}
            for line, free, quantity, less in form.rows()
        ],
        "refusal": refusal,
        "quote": _quote_rows(order, form) if quote else None,
        "until": asking_back.ask_until(order),
        "photos": photo_tiles(photos or []),
        "photo_errors": faults or [],
    }
    return render(request, "storefront/case_new.html", context, status=status)


def _quote_rows(order: Order, form: CaseForm) -> dict:
    wish = {key: form.cleaned_data[key] for key in ("kind", "reason", "text")}
    quote = asking_back.quote_case(order=order, lines=form.wanted(), now=utc_now(), **wish)
    units = {wanted.line_id: wanted.quantity for wanted in form.wanted()}
    lines = [
        {"title": line.title, "variant": line.variant_name, "quantity": units[line.pk], "amount_fen": fen}
        for line in order.lines.all()
        if (fen := quote.amounts.get(line.pk)) is not None
    ]
    return {"lines": lines, "freight_fen": quote.freight_fen, "total_fen": quote.total_fen}


def _cannot_ask(order: Order, form: CaseForm) -> str:
    try:
        asking_back.check_may_ask(order, now=utc_now())
    except MarketError as refusal:
        return str(refusal.message)
    return "" if form.free else str(UnitsTaken.message)


def _words_of(refusal: MarketError) -> str:
    """Return what a refusal says, of its fields where it names them."""
    return " ".join(str(words) for words in (refusal.fields or {}).values()) or str(refusal.message)
