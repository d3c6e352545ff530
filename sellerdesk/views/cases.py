"""After-sales at the desk: what waits for an answer, each case's page, and the shop's moves."""

import uuid

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.forms import show_refusal
from common.clock import utc_now
from common.errors import MarketError
from common.idempotency import parse_key
from orders.case_cards import case_for_shop, losses_for_shop, open_offer_of
from orders.case_forms import ApproveForm, OfferForm, RejectForm
from orders.case_selectors import (
    CASE_TABS,
    count_cases_to_answer,
    get_shop_case,
    last_return_address,
    list_shop_cases,
)
from orders.models import AfterSaleCase
from orders.services.judging import approve_case, receive_return, reject_case
from orders.services.offering_less import offer_less, take_back_offer
from orders.services.paying_back import freight_if_granted
from orders.statuses import GRANTED_CASES, OPEN_CASES, CaseKind, CaseStatus
from sellerdesk.permissions import member_required, sees_earnings

PAGE = 20
# What the page asks to be confirmed: ?act=…
ACTS = {
    CaseStatus.REQUESTED: ("yes", "offer", "no"),
    CaseStatus.OFFERED: (),
    CaseStatus.AWAITING_RECEIPT: ("back", "no"),
}


@never_cache
@member_required
@require_safe
def cases(request: HttpRequest) -> HttpResponse:
    """List what buyers of the person's shops asked back, the most urgent first."""
    tab = request.GET.get("tab", "to_answer")
    tab = tab if tab in CASE_TABS else "to_answer"
    page = Paginator(list_shop_cases(user=request.user, tab=tab), PAGE).get_page(request.GET.get("page"))
    now = utc_now()
    context = {
        "tabs": [("to_answer", _("To answer")), ("under_way", _("Under way")), ("done", _("Done"))],
        "tab": tab,
        "page": page,
        "waiting": count_cases_to_answer(user=request.user),
        "cards": [case_for_shop(case, now=now) for case in page.object_list],
    }
    return render(request, "sellerdesk/cases.html", context)


@never_cache
@member_required
@require_safe
def case(request: HttpRequest, case_id: int) -> HttpResponse:
    """Show one case to a member of its shop; `?act=` asks for the confirmation of a move."""
    return _page(request, get_shop_case(user=request.user, case_id=case_id), request.GET.get("act", ""))


@member_required
@require_POST
def case_approve(request: HttpRequest, case_id: int) -> HttpResponse:
    """Say yes to the sum that the page showed."""
    found = get_shop_case(user=request.user, case_id=case_id)
    key = parse_key(request.POST.get("key"))
    form = ApproveForm(request.POST, is_return=found.kind == CaseKind.RETURN_AND_REFUND)
    if not form.is_valid():
        return _page(request, found, "yes", form, status=400)
    if found.status == CaseStatus.REQUESTED and _sum_moved(request, found):
        return _page(request, found, "yes", form, status=409)
    is_return = found.kind == CaseKind.RETURN_AND_REFUND
    words = (
        _("Yes. The buyer sends the goods back.") if is_return else _("Yes. The money is on its way back.")
    )
    return _moved(
        request,
        found,
        "yes",
        form,
        words,
        lambda: approve_case(
            actor=request.user, case_id=case_id, idempotency_key=key, now=utc_now(), **form.cleaned_data
        ),
    )


@member_required
@require_POST
def case_reject(request: HttpRequest, case_id: int) -> HttpResponse:
    """Say no, with a reason."""
    found = get_shop_case(user=request.user, case_id=case_id)
    key = parse_key(request.POST.get("key"))
    form = RejectForm(request.POST)
    if not form.is_valid():
        return _page(request, found, "no", form, status=400)
    return _moved(
        request,
        found,
        "no",
        form,
        _("You said no. The buyer has been told why."),
        lambda: reject_case(
            actor=request.user, case_id=case_id, idempotency_key=key, now=utc_now(), **form.cleaned_data
        ),
    )


@member_required
@require_POST
def case_received(request: HttpRequest, case_id: int) -> HttpResponse:
    """Say that the goods are back; the sum that the page showed goes back."""
    found = get_shop_case(user=request.user, case_id=case_id)
    key = parse_key(request.POST.get("key"))
    shelf = request.POST.get("restock", "")
    if found.status == CaseStatus.AWAITING_RECEIPT and (
        shelf not in ("yes", "no") or _sum_moved(request, found)
    ):
        return _page(request, found, "back", status=400)
    return _moved(
        request,
        found,
        "back",
        None,
        _("The money is on its way back to the buyer."),
        lambda: receive_return(
            actor=request.user, case_id=case_id, idempotency_key=key, restock=shelf == "yes", now=utc_now()
        ),
    )


@member_required
@require_POST
def case_offer(request: HttpRequest, case_id: int) -> HttpResponse:
    """Offer less than is asked."""
    found = get_shop_case(user=request.user, case_id=case_id)
    key = parse_key(request.POST.get("key"))
    form = OfferForm(request.POST, case=found)
    if not form.is_valid():
        return _page(request, found, "offer", form, status=400)
    return _moved(
        request,
        found,
        "offer",
        form,
        _("Offered. The buyer has been told."),
        lambda: offer_less(
            actor=request.user,
            case_id=case_id,
            lines=form.offered(),
            text=form.cleaned_data["text"],
            idempotency_key=key,
            now=utc_now(),
        ),
    )


@member_required
@require_POST
def case_offer_take_back(request: HttpRequest, case_id: int) -> HttpResponse:
    """Take the offer back while it is open."""
    found = get_shop_case(user=request.user, case_id=case_id)
    key = parse_key(request.POST.get("key"))
    return _moved(
        request,
        found,
        "",
        None,
        _("The offer is off. Please answer the buyer."),
        lambda: take_back_offer(actor=request.user, case_id=case_id, idempotency_key=key, now=utc_now()),
    )


def _moved(
    request: HttpRequest, found: AfterSaleCase, act: str, form: Form | None, words: str, move
) -> HttpResponse:
    try:
        move()
    except MarketError as refusal:
        if form is not None and refusal.status == 400:
            show_refusal(form, refusal)
            return _page(request, found, act, form, status=400)
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, words)
    return redirect("sellerdesk:case", case_id=found.pk)


def _empty_form(found: AfterSaleCase, act: str) -> Form | None:
    if act == "yes":
        is_return = found.kind == CaseKind.RETURN_AND_REFUND
        address = last_return_address(shop_id=found.order.shop_id) if is_return else ""
        return ApproveForm(initial={"reply": address}, is_return=is_return)
    if act == "offer":
        return OfferForm(case=found)
    return RejectForm() if act == "no" else None


def _sum_moved(request: HttpRequest, found: AfterSaleCase) -> bool:
    return request.POST.get("total_fen") != str(found.amount_fen + freight_if_granted(found))


def _page(
    request: HttpRequest, found: AfterSaleCase, act: str, form: Form | None = None, *, status: int = 200
) -> HttpResponse:
    acts = ACTS.get(CaseStatus(found.status), ())
    if len(found.offers.all()) >= settings.CASE_OFFERS_MAX:
        acts = tuple(one for one in acts if one != "offer")
    act = act if act in acts else ""
    shows_losses = found.status in (*OPEN_CASES, *GRANTED_CASES) and sees_earnings(
        request.user, found.order.shop_id
    )
    freight_fen = freight_if_granted(found)
    context = {
        "card": case_for_shop(found, now=utc_now()),
        "case": found,
        "order": found.order,
        "acts": acts,
        "act": act,
        "form": form or _empty_form(found, act),
        "key": uuid.uuid4(),
        "freight_fen": freight_fen,
        "total_fen": found.amount_fen + freight_fen,
        "is_return": found.kind == CaseKind.RETURN_AND_REFUND,
        "offer": open_offer_of(found),
        "losses": losses_for_shop(found) if shows_losses else [],
    }
    return render(request, "sellerdesk/case.html", context, status=status)
