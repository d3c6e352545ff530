"""A gift in a show: chosen, paid, seen."""

import uuid

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.clock import utc_now
from common.errors import MarketError
from common.idempotency import parse_key
from livestreams import selectors
from livestreams.models import LiveSession
from livestreams.selectors.gifts import get_own_gift, list_gift_kinds
from livestreams.services.gifting import send_gift
from livestreams.statuses import ON_AIR, GiftStatus
from payments.offers import CASH
from payments.services.starting import start_gift_payment
from storefront.views.cart import whole_number
from storefront.views.paying import ask_wechat, believe_wechat, going_by, names, offer, page_of, taken_at_once


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def gifts(request: HttpRequest, session_id: int) -> HttpResponse:
    """Choose a gift; the room has the same form in a sheet."""
    session = selectors.get_session_for(request.user, session_id)
    if request.method != "POST":
        return _choose_page(request, session)
    try:
        gift, _replayed = send_gift(
            giver=request.user,
            session_id=session.pk,
            kind_id=whole_number(request.POST.get("kind", "")),
            quantity=whole_number(request.POST.get("quantity", "")),
            idempotency_key=parse_key(request.POST.get("key")),
            now=utc_now(),
        )
    except MarketError as refusal:
        return _choose_page(request, session, problem=str(refusal.message), status=refusal.status)
    if taken_at_once() and gift.status == GiftStatus.PENDING:
        return _start(request, gift.pk, taken_at_once(), uuid.uuid4())
    return redirect("storefront:gift", gift_id=gift.pk)


@never_cache
@login_required
@require_safe
def gift(request: HttpRequest, gift_id: int) -> HttpResponse:
    """Show what a chosen gift costs, until when, and how it is paid."""
    chosen = get_own_gift(user=request.user, gift_id=gift_id)
    response = _pay_page(request, chosen.pk)
    if chosen.status == GiftStatus.PENDING:
        ask_wechat(request, response, back=reverse("storefront:gift_wechat", args=[chosen.pk]))
    return response


@never_cache
@login_required
@require_safe
def gift_wechat(request: HttpRequest, gift_id: int) -> HttpResponse:
    """Come back from WeChat with a code; what was not asked for by this browser is not believed (C9)."""
    get_own_gift(user=request.user, gift_id=gift_id)
    return redirect(believe_wechat(request, page=reverse("storefront:gift", args=[gift_id])))


@never_cache
@login_required
@require_POST
def gift_pay(request: HttpRequest, gift_id: int) -> HttpResponse:
    """Send the giver to the provider's page."""
    get_own_gift(user=request.user, gift_id=gift_id)
    try:
        key = parse_key(request.POST.get("key"))
    except MarketError as refusal:
        return _pay_page(request, gift_id, problem=str(refusal.message), status=refusal.status)
    return _start(request, gift_id, request.POST.get("gateway", ""), key)


def gift_form(session: LiveSession) -> dict | None:
    """Return what the form of a room shows; None where nothing can be given."""
    kinds = list_gift_kinds() if session.status in ON_AIR else []
    if not kinds:
        return None
    return {"kinds": kinds, "key": uuid.uuid4(), "max_quantity": settings.GIFT_MAX_QUANTITY}


def _start(request: HttpRequest, gift_id: int, gateway: str, key: uuid.UUID) -> HttpResponse:
    try:
        way = offer(request).way_of(gateway)
        payment, _replayed = start_gift_payment(
            giver=request.user,
            gift_id=gift_id,
            idempotency_key=key,
            now=utc_now(),
            **going_by(request, way),
        )
    except MarketError as refusal:
        return _pay_page(request, gift_id, problem=str(refusal.message), status=refusal.status)
    return redirect(page_of(payment))


def _choose_page(
    request: HttpRequest, session: LiveSession, *, problem: str = "", status: int = 200
) -> HttpResponse:
    context = {"session": session, "gifts": gift_form(session), "problem": problem}
    return render(request, "storefront/gifts.html", context, status=status)


def _pay_page(request: HttpRequest, gift_id: int, *, problem: str = "", status: int = 200) -> HttpResponse:
    chosen = get_own_gift(user=request.user, gift_id=gift_id)
    offered, called = offer(request), names()
    is_payable = chosen.status == GiftStatus.PENDING and chosen.expires_at > utc_now()
    context = {
        "gift": chosen,
        "ways": [(way.gateway, called[way.gateway]) for way in offered.ways if way.gateway != CASH],
        "is_better_outside": offered.is_better_outside,
        "is_payable": is_payable and chosen.session.status in ON_AIR,
        "is_given": chosen.status == GiftStatus.PAID,
        "key": uuid.uuid4(),
        "problem": problem,
    }
    return render(request, "storefront/gift.html", context, status=status)
