"""From placed to paid: choose how, go there, come back."""

import json
import secrets
import uuid

import segno
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from common.clock import database_now, utc_now
from common.errors import MarketError
from common.idempotency import parse_key
from livestreams.statuses import GiftStatus
from orders.cards import order_card
from orders.models import Order
from orders.selectors import PAID_FOR, get_group, group_orders
from orders.statuses import OrderStatus
from payments.gateways import get_gateway
from payments.gateways.wechat_sign_in import can_sign_in, fetch_openid, sign_in_address
from payments.models import Payment
from payments.offers import CASH, PAYER, Offer, Way, offer_for
from payments.selectors import OPEN, get_payment
from payments.services.closing import check_payment
from payments.services.collecting import confirm_cash, is_cash_offered
from payments.services.starting import start_payment
from payments.statuses import PaymentStatus, PayMethod
from storefront.views.checkout import spend

STATE = "wechat_state"


@never_cache
@login_required
@require_safe
def pay(request: HttpRequest, group_id: int) -> HttpResponse:
    """Show what is to be paid, until when, and how. Inside WeChat, learn first who it is that pays."""
    group = get_group(user=request.user, group_id=group_id)
    response = _pay_page(request, group.pk)
    ask_wechat(request, response, back=reverse("storefront:pay_wechat", args=[group.pk]))
    return response


@never_cache
@login_required
@require_safe
def pay_wechat(request: HttpRequest, group_id: int) -> HttpResponse:
    """Come back from WeChat with a code; what was not asked for by this browser is not believed (C9)."""
    get_group(user=request.user, group_id=group_id)
    return redirect(believe_wechat(request, page=reverse("storefront:pay", args=[group_id])))


def ask_wechat(request: HttpRequest, response: HttpResponse, *, back: str) -> None:
    """Inside WeChat, let a page ask who it is that pays, unless that is known or was asked already."""
    must_ask = offer(request).is_inside_wechat and not request.session.get(PAYER) and can_sign_in()
    if must_ask and response.status_code == 200 and "wechat" not in request.GET:
        state = request.session[STATE] = secrets.token_urlsafe(24)
        # No redirect: the buyer may come from our order form, which may lead only to ourselves.
        response["Refresh"] = f"0; url={sign_in_address(back=f'{origin(request)}{back}', state=state)}"


def believe_wechat(request: HttpRequest, *, page: str) -> str:
    """Take WeChat's word for who pays, if this browser asked for it; return where to go on."""
    expected = request.session.pop(STATE, "")
    if not expected or not constant_time_compare(expected, request.GET.get("state", "")):
        return f"{page}?wechat=unknown"
    try:
        request.session[PAYER] = fetch_openid(request.GET.get("code", ""))
    except MarketError:
        # The page then offers what works without, and how to pay outside.
        return f"{page}?wechat=unknown"
    return page


@never_cache
@login_required
@require_POST
def pay_start(request: HttpRequest, group_id: int) -> HttpResponse:
    """Send the buyer to the provider's page, or promise cash on delivery."""
    spend(request)
    now = database_now()
    try:
        key = parse_key(request.POST.get("key"))
        get_group(user=request.user, group_id=group_id)
        way = offer(request).way_of(request.POST.get("gateway", ""))
        if way.method == PayMethod.CASH:
            confirm_cash(buyer=request.user, group_id=group_id, idempotency_key=key, now=now)
            return redirect("storefront:orders")
        payment, _replayed = start_payment(
            buyer=request.user,
            group_id=group_id,
            idempotency_key=key,
            now=now,
            **going_by(request, way),
        )
    except MarketError as refusal:
        return _pay_page(request, group_id, problem=str(refusal.message), status=refusal.status)
    return redirect(page_of(payment))


@never_cache
@login_required
@require_safe
def pay_go(request: HttpRequest, payment_id: int) -> HttpResponse:
    """Lead on to the provider: by its address, a QR code, or the bridge inside WeChat.

    A page of ours stands between, because a form may only lead to ourselves (Content-Security-Policy).
    """
    payment = get_payment(user=request.user, payment_id=payment_id)
    if payment.method == PayMethod.NATIVE:
        payment = check_payment(payment=payment, now=utc_now())
    if payment.status not in OPEN or not payment.pay_url:
        return redirect("storefront:payment_return", payment_id=payment.pk)
    context = {
        "payment": payment,
        "name": names().get(payment.gateway, payment.gateway),
        "back": _back_of(payment),
        "poll_url": reverse("api:payment", args=[payment.pk]),
        "return_url": reverse("storefront:payment_return", args=[payment.pk]),
    }
    if payment.method == PayMethod.NATIVE:
        context["qr"] = segno.make(payment.pay_url, error="m").svg_data_uri(scale=6, border=4, light="#fff")
    elif payment.method == PayMethod.JSAPI:
        context["bridge"] = json.dumps(get_gateway(payment.gateway).bridge(payment.pay_url, utc_now()))
    else:
        context["address"] = payment.pay_url
    response = render(request, "storefront/pay_go.html", context)
    if "address" in context:
        # Without a script, and no redirect: browsers hold a form to its policy through all of those.
        response["Refresh"] = f"1; url={payment.pay_url}"
    return response


@never_cache
@login_required
@require_safe
def payment_return(request: HttpRequest, payment_id: int) -> HttpResponse:
    """Wait for what the provider says; what stands in this page's address proves nothing (rules.md B12)."""
    payment = get_payment(user=request.user, payment_id=payment_id)
    payment = check_payment(payment=payment, now=utc_now())
    orders = group_orders(payment.group) if payment.group else []
    if payment.status in (PaymentStatus.FAILED, PaymentStatus.CLOSED) and _is_paid_otherwise(payment, orders):
        return redirect(_back_of(payment))
    context = {
        "payment": payment,
        "pay_page": page_of(payment),
        "back": _back_of(payment),
        "cards": [order_card(order) for order in orders],
        "outcome": _outcome(payment, {order.status for order in orders}),
        "poll_url": reverse("api:payment", args=[payment.pk]),
    }
    return render(request, "storefront/payment_return.html", context)


def offer(request: HttpRequest) -> Offer:
    """Return what this browser is offered."""
    return offer_for(
        user_agent=request.headers.get("User-Agent", ""),
        gateways=settings.PAYMENT_GATEWAYS,
        can_use_jsapi=bool(request.session.get(PAYER)),
    )


def going_by(request: HttpRequest, way: Way) -> dict[str, str]:
    """Return how this browser is taken along on a way, as the services that start a payment want it."""
    return {
        "gateway": way.gateway,
        "method": way.method,
        "payer": request.session.get(PAYER, "") if way.method == PayMethod.JSAPI else "",
        "client_ip": request.META.get("REMOTE_ADDR", ""),
        "origin": origin(request),
    }


def taken_at_once() -> str:
    """Return the gateway that a room starts by itself, the demo's only one; else the buyer chooses."""
    return "sandbox" if settings.PAYMENT_GATEWAYS == ["sandbox"] else ""


def names() -> dict[str, str]:
    """Return what gateways are called, in the reader's language."""
    return {
        "wechatpay": _("WeChat Pay"),
        "alipay": _("Alipay"),
        CASH: _("Cash on delivery"),
        "sandbox": _("Sandbox Pay (demo, no real money)"),
    }


def origin(request: HttpRequest) -> str:
    """Return the address under which the browser sees us."""
    return f"{request.scheme}://{request.get_host()}"


def page_of(payment: Payment) -> str:
    """Return where a started payment is paid."""
    # The sandbox's page lies on our own address; the others are led to by a page of ours.
    if payment.method == PayMethod.REDIRECT:
        return payment.pay_url
    return reverse("storefront:pay_go", args=[payment.pk])


def _back_of(payment: Payment) -> str:
    """Return the page that says what is paid for, and offers to pay it."""
    if payment.gift_id is not None:
        return reverse("storefront:gift", args=[payment.gift_id])
    return reverse("storefront:pay", args=[payment.group_id])


def _is_paid_otherwise(payment: Payment, orders: list[Order]) -> bool:
    """Say whether something else has paid what this payment was for: nobody is to order it again."""
    if payment.gift is not None:
        return payment.gift.status == GiftStatus.PAID
    return any(order.status in PAID_FOR for order in orders)


def _outcome(payment: Payment, states: set[str]) -> str:
    if payment.status == PaymentStatus.SUCCEEDED:
        sent_back = payment.refunds.filter(request=None).exists()
        return "refunded" if sent_back else "paid"
    if payment.status in (PaymentStatus.FAILED, PaymentStatus.CLOSED):
        if payment.gift is not None:
            return "failed" if payment.gift.status == GiftStatus.PENDING else "closed"
        return "failed" if states <= {OrderStatus.PENDING_PAYMENT} else "closed"
    return "waiting"


def _pay_page(request: HttpRequest, group_id: int, *, problem: str = "", status: int = 200) -> HttpResponse:
    group = get_group(user=request.user, group_id=group_id)
    orders = group_orders(group)
    if any(order.captured_fen or order.confirmed_at for order in orders):
        return redirect("storefront:order", number=orders[0].number)
    is_payable = all(order.status == OrderStatus.PENDING_PAYMENT for order in orders)
    offered, called = offer(request), names()
    ways = [way.gateway for way in offered.ways if way.gateway != CASH or is_cash_offered(group)]
    context = {
        "group": group,
        "cards": [order_card(order) for order in orders],
        "first": orders[0],
        "ways": [(gateway, called.get(gateway, gateway)) for gateway in ways],
        "is_better_outside": offered.is_better_outside,
        "is_payable": is_payable and group.expires_at > database_now(),
        "key": uuid.uuid4(),
        "problem": problem,
    }
    return render(request, "storefront/pay.html", context, status=status)
