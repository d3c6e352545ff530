"""Deliveries of many farmers on the desk: bring, grade, put aside, call back."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.forms import show_refusal
from common.clock import utc_now
from common.errors import MarketError, NotFound
from orders.services.moving_lots import LotMove, move_lot
from orders.services.recalling import units_sold_of
from orders.weight_cards import weight_text
from sellerdesk.lot_forms import DeliveryForm, LotMoveForm, PolicyForm
from sellerdesk.permissions import member_required
from shops.models import AllocationPolicy, Lot, Product
from shops.photo_forms import posted_photos, receive_files
from shops.selectors import get_own_lot, get_own_product, own_lots, photo_url
from shops.services.pooling import deliver_lot, publish_policy
from shops.statuses import LOT_MOVES, AllocationRule, LotStatus

REFUSED = 422
TONES = {
    LotStatus.DECLARED: "wait",
    LotStatus.GRADED: "wait",
    LotStatus.AVAILABLE: "go",
    LotStatus.HELD: "stop",
    LotStatus.RECALLED: "stop",
    LotStatus.DEPLETED: "off",
}


@never_cache
@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def lots(request: HttpRequest, product_id: int) -> HttpResponse:
    """List the deliveries of a product, and write a new one down."""
    product = get_own_product(user=request.user, product_id=product_id)
    posted = request.POST if request.method == "POST" else None
    form = DeliveryForm(posted, product=product, shop=product.shop, initial={"key": uuid.uuid4()})
    photo_errors: list[str] = []
    if posted is not None:
        now = utc_now()
        new, photo_errors = receive_files(request, now=now)
        photo = next(iter([*new, *posted_photos(request, None)]), None)
        if form.is_valid() and not photo_errors:
            try:
                deliver_lot(
                    actor=request.user,
                    variant=form.cleaned_data["variant"],
                    farmer=form.cleaned_data["farmer"],
                    delivery=form.delivery(photo.pk if photo else None),
                    idempotency_key=form.cleaned_data["key"],
                    now=now,
                )
            except MarketError as refusal:
                show_refusal(form, refusal)
            else:
                messages.success(request, _("The delivery is written down."))
                return redirect("sellerdesk:lots", product.pk)
    context = {
        "product": product,
        "form": form,
        "photo_errors": photo_errors,
        "rows": [_row(lot) for lot in own_lots(request.user, product)],
        "pools": _pools(product),
        "can_pool": product.farmer_id is None,
        "rules": AllocationRule.choices,
    }
    return render(request, "sellerdesk/lots.html", context, status=REFUSED if posted is not None else 200)


@member_required
@require_POST
def pool(request: HttpRequest, product_id: int) -> HttpResponse:
    """Publish by which rule the deliveries of a variant are sold."""
    product = get_own_product(user=request.user, product_id=product_id)
    form = PolicyForm(request.POST)
    if not form.is_valid():
        raise NotFound()
    variant = product.variants.filter(pk=form.cleaned_data["variant"]).first()
    if variant is None:
        raise NotFound()
    try:
        publish_policy(actor=request.user, variant=variant, rule=form.cleaned_data["rule"], now=utc_now())
        messages.success(request, _("The rule holds from now on."))
    except MarketError as refusal:
        messages.error(request, str(refusal.message))
    return redirect("sellerdesk:lots", product.pk)


@never_cache
@member_required
@require_safe
def lot(request: HttpRequest, lot_id: int) -> HttpResponse:
    """Show a delivery, what can be done with it, and how many people bought of it."""
    found = get_own_lot(request.user, lot_id)
    buyers, units = units_sold_of(found)
    moves = LOT_MOVES.get(LotStatus(found.status), frozenset())
    context = {
        **_row(found),
        "weight": weight_text(found.weight_g) if found.weight_g else "",
        "buyers": buyers,
        "units": units,
        "photo": photo_url(found.photo, 720),
        "can_grade": found.status == LotStatus.DECLARED,
        "can_offer": LotStatus.AVAILABLE in moves and found.status != LotStatus.DEPLETED,
        "can_hold": LotStatus.HELD in moves,
        "can_recall": LotStatus.RECALLED in moves,
        "is_asking": request.GET.get("ask") == "recall",
        "address": request.build_absolute_uri(f"/lots/{found.code}/"),
    }
    return render(request, "sellerdesk/lot.html", context)


@member_required
@require_POST
def lot_move(request: HttpRequest, lot_id: int) -> HttpResponse:
    """Grade, offer, put aside, call back, or write down what is missing."""
    get_own_lot(request.user, lot_id)
    form = LotMoveForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Please check what you entered. Nothing was saved."))
        return redirect("sellerdesk:lot", lot_id)
    try:
        move_lot(actor=request.user, lot_id=lot_id, wanted=LotMove(**form.cleaned_data), now=utc_now())
        messages.success(request, _("Saved."))
    except MarketError as refusal:
        words = " ".join(str(word) for word in (refusal.fields or {}).values()) or str(refusal.message)
        messages.error(request, words)
    return redirect("sellerdesk:lot", lot_id)


def _row(one: Lot) -> dict:
    return {"lot": one, "tone": TONES[LotStatus(one.status)], "state": one.get_status_display()}


def _pools(product: Product) -> list[dict]:
    variants = list(product.variants.filter(is_active=True))
    newest: dict[int, AllocationPolicy] = {}
    for policy in AllocationPolicy.objects.filter(variant__in=variants).order_by("version"):
        newest[policy.variant_id] = policy
    return [{"variant": variant, "policy": newest.get(variant.pk)} for variant in variants]
