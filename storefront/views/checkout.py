"""From the cart to an order: choose an address, place. Paying: storefront.views.paying."""

import uuid
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import Address
from accounts.selectors import list_addresses
from common import limits
from common.clock import database_now, utc_now
from common.errors import Invalid, MarketError
from common.idempotency import parse_key
from orders.cards import picture_of
from orders.selectors.collection import must_be_apart
from orders.services.carting import note_prices_seen
from orders.services.placing import find_placed, place_order
from orders.services.pricing import WantedLine
from orders.services.quoting import Quote, ShopQuote, quote_cart
from storefront.till_coupons import till_of
from storefront.till_notes import forget_notes, keep_notes, note_name, notes_of
from storefront.views.cart import whole_number

# Buttons of the page that show it anew instead of placing the order.
LOOKS = ("look", "choose", "go")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request: HttpRequest) -> HttpResponse:
    """Show what would be ordered and where it goes; POST places it, unless the sum has moved meanwhile."""
    only = _only(request)
    key = parse_key(request.POST.get("key")) if request.method == "POST" else uuid.uuid4()
    # A form that is sent again after its order was placed must find that order, not an empty cart.
    placed = find_placed(buyer=request.user, idempotency_key=key) if request.method == "POST" else None
    if placed is not None:
        return redirect("storefront:pay", group_id=placed["group"])
    if request.method == "POST":
        spend(request)
    addresses = list(list_addresses(request.user))
    address = _chosen(request, addresses)
    region_code = address.region_code if address else ""
    quote = quote_cart(user=request.user, only=only, region_code=region_code)
    if not quote.good_lines and not quote.undeliverable_lines:
        return redirect("storefront:cart")
    if request.method != "POST" or any(name in request.POST for name in LOOKS):
        return _show(request, quote, only, key, addresses)
    till = till_of(request, quote)
    shop_ids = {good.line.variant.product.shop_id for good in quote.good_lines}
    if request.POST.get("total_fen") != str(till.total_fen):
        # Somebody changed a price or took the last ones while the page was open.
        problem = _("The price or the stock has changed. Please look at the new total.")
        return _show(request, quote, only, key, addresses, problem=problem, status=409)
    try:
        answer, _replayed = place_order(
            buyer=request.user,
            lines=[
                WantedLine(good.line.variant_id, good.line.quantity, good.source) for good in quote.good_lines
            ],
            address_id=whole_number(request.POST.get("address")),
            notes=notes_of(request, shop_ids),
            idempotency_key=key,
            clear_cart=True,
            coupon_id=till.coupon_id or None,
            now=database_now(),
        )
    except MarketError as refusal:
        quote = quote_cart(user=request.user, only=only, region_code=region_code)
        problem = str(refusal.message)
        return _show(request, quote, only, key, addresses, problem=problem, status=refusal.status)
    forget_notes(request, shop_ids)
    return redirect("storefront:pay", group_id=answer["group"])


def spend(request: HttpRequest) -> None:
    """Count against the person's limit of orders (rules.md 13); TooMany when it is used up."""
    limits.spend(name="orders.pages", key=f"user:{request.user.pk}", limit=60, seconds=60, now=utc_now())


def _only(request: HttpRequest) -> list[int]:
    wanted = request.POST.getlist("only") or request.GET.getlist("only")
    try:
        return [whole_number(text) for text in wanted[:50]]
    except Invalid:
        return [0]


def _show(
    request: HttpRequest,
    quote: Quote,
    only: list[int],
    key: uuid.UUID,
    addresses: list[Address],
    *,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    if not quote.good_lines and not quote.undeliverable_lines:
        messages.error(request, problem)
        return redirect("storefront:cart")
    address = _chosen(request, addresses)
    notes = notes_of(request, [shop.shop.pk for shop in quote.shops])
    if request.method == "POST":
        keep_notes(request, notes)
    here = reverse("storefront:checkout")
    if only:
        here = f"{here}?{urlencode([('only', pk) for pk in only])}"
    ways = {"add": f"{reverse('storefront:address_new')}?{urlencode({'next': here})}"}
    if address and quote.needs_region:
        ways["complete"] = _complete_url(address, here)
    good_shops = [shop for shop in quote.shops if shop.goods_fen]
    is_apart = must_be_apart(shop.shop for shop in good_shops)
    if is_apart:
        ways |= {f"shop-{shop.shop.pk}": _alone_url(shop, address) for shop in good_shops}
    if request.POST.get("go") in ways:
        return redirect(ways[request.POST["go"]])
    context = {
        "quote": quote,
        "till": till_of(request, quote),
        "shops": [
            {
                "quote": shop,
                "alone": f"shop-{shop.shop.pk}" if is_apart and shop.goods_fen else "",
                "note_name": note_name(shop.shop.pk),
                "note": notes[shop.shop.pk],
                "rows": [
                    {"line": line, "picture": picture_of(line.line.variant.product)}
                    for line in shop.lines
                    if line.problem in ("", "undeliverable")
                ],
            }
            for shop in quote.shops
            if shop.goods_fen or shop.undeliverable_lines
        ],
        "left_out": len(quote.lines) - len(quote.good_lines) - len(quote.undeliverable_lines),
        "addresses": addresses,
        "chosen_address": address.pk if address else 0,
        "address": address,
        "can_complete": "complete" in ways,
        "first_alone": good_shops[0] if is_apart else None,
        "can_order": bool(address and quote.good_lines and not quote.needs_region),
        "only": only,
        "key": key,
        "problem": problem,
    }
    response = render(request, "storefront/checkout.html", context, status=status)
    seen = {line.line.pk: line.price_fen for line in quote.good_lines}
    note_prices_seen(user=request.user, prices=seen)
    return response


def _chosen(request: HttpRequest, addresses: list[Address]) -> Address | None:
    wanted = request.POST.get("address") or request.GET.get("address") or ""
    named = [address for address in addresses if str(address.pk) == wanted]
    return next(iter([*named, *addresses]), None)


def _alone_url(shop: ShopQuote, address: Address | None) -> str:
    """Return the till of one shop's goods; the others wait in the cart."""
    wanted = [("only", line.line.variant_id) for line in shop.lines if not line.problem]
    if address:
        wanted.append(("address", address.pk))
    return f"{reverse('storefront:checkout')}?{urlencode(wanted)}"


def _complete_url(address: Address, here: str) -> str:
    return f"{reverse('storefront:address_edit', args=[address.pk])}?{urlencode({'next': here})}"
