"""The cart's pages. Guests keep what they chose through sign-in."""

import json
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.selectors import default_address
from common.clock import utc_now
from common.errors import Invalid, MarketError
from orders.cards import picture_of
from orders.selectors import cart_count
from orders.services.carting import add_to_cart, remove_line, set_quantity
from orders.services.quoting import Quote, quote_cart

CHOSEN = "chosen_before_sign_in"


def whole_number(text: str | None) -> int:
    """Return a typed whole number; Invalid for anything else, "1.5" and huge ones included."""
    text = (text or "").strip()
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise Invalid()
    return int(text)


@never_cache
@require_safe
def cart(request: HttpRequest) -> HttpResponse:
    """Show what is put aside, shop by shop, at today's prices."""
    if not request.user.is_authenticated:
        return render(request, "storefront/cart.html", {"quote": Quote([]), "sign_in": _sign_in_path()})
    return render(request, "storefront/cart.html", cart_context(request))


@never_cache
@login_required
@require_safe
def cart_chosen(request: HttpRequest) -> HttpResponse:
    """Put into the cart what a guest chose before signing in."""
    chosen = request.session.pop(CHOSEN, None)
    return _add(request, chosen) if chosen else redirect("storefront:cart")


@require_POST
def cart_add(request: HttpRequest) -> HttpResponse:
    """Put units into the cart; `then=checkout` goes on to order just these."""
    chosen = {
        "variant": whole_number(request.POST.get("variant")),
        "quantity": whole_number(request.POST.get("quantity") or "1"),
        "source": request.POST.get("source", "")[:2000],
        "then": request.POST.get("then", "")[:20],
    }
    if request.user.is_authenticated:
        return _add(request, chosen)
    request.session[CHOSEN] = chosen
    return _go(request, _sign_in_path())


@login_required
@require_POST
def cart_line(request: HttpRequest, line_id: int) -> HttpResponse:
    """Change how many of a line are wanted."""
    return _change(request, lambda: set_quantity(
        user=request.user, line_id=line_id, quantity=whole_number(request.POST.get("quantity"))
    ))  # fmt: skip


@login_required
@require_POST
def cart_remove(request: HttpRequest, line_id: int) -> HttpResponse:
    """Take a line out."""
    return _change(request, lambda: remove_line(user=request.user, line_id=line_id))


def cart_context(request: HttpRequest) -> dict:
    """Return what the cart's page shows."""
    address = default_address(request.user)
    quote = quote_cart(user=request.user, region_code=address.region_code if address else "")
    pictures = {line.line.pk: picture_of(line.line.variant.product) for line in quote.lines}
    shops = [
        {"quote": shop, "rows": [{"line": line, "picture": pictures[line.line.pk]} for line in shop.lines]}
        for shop in quote.shops
    ]
    return {"quote": quote, "shops": shops, "cart_count": len(quote.lines), "address": address}


def _change(request: HttpRequest, change) -> HttpResponse:
    refusal = None
    try:
        change()
    except MarketError as error:
        refusal = error
    if not request.htmx:
        if refusal:
            messages.error(request, str(refusal.message))
        return redirect("storefront:cart")
    context = cart_context(request)
    response = render(request, "storefront/_cart.html", context)
    told = {"count": {"name": "cart", "number": context["cart_count"]}}
    if refusal:
        told["toast"] = {"text": str(refusal.message), "kind": "error"}
    response["HX-Trigger"] = json.dumps(told)
    return response


def _add(request: HttpRequest, chosen: dict) -> HttpResponse:
    try:
        add_to_cart(
            user=request.user,
            variant_id=chosen["variant"],
            quantity=chosen["quantity"],
            source=chosen["source"],
            now=utc_now(),
        )
    except MarketError as refusal:
        if not request.htmx:
            raise
        response = HttpResponse(status=204)
        response["HX-Trigger"] = json.dumps({"toast": {"text": str(refusal.message), "kind": "error"}})
        return response
    if chosen["then"] == "checkout":
        return _go(request, f"{reverse('storefront:checkout')}?only={chosen['variant']}")
    if not request.htmx:
        messages.success(request, _("It is in your cart."))
        return redirect("storefront:cart")
    response = HttpResponse(status=204)
    response["HX-Trigger"] = json.dumps(
        {
            "toast": {"text": _("It is in your cart."), "kind": "success"},
            "count": {"name": "cart", "number": cart_count(request.user)},
        }
    )
    return response


def _go(request: HttpRequest, path: str) -> HttpResponse:
    if not request.htmx:
        return redirect(path)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = path
    return response


def _sign_in_path() -> str:
    return f"{reverse('accounts:sign_in')}?{urlencode({'next': reverse('storefront:cart_chosen')})}"
