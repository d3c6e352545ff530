"""The farmers a shop sells for, and what was agreed with them."""

from decimal import Decimal

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.forms import show_refusal
from common.clock import utc_now
from common.errors import MarketError, NotFound
from common.masking import mask_phone
from sellerdesk.forms import FarmerForm
from sellerdesk.permissions import member_required
from shops.models import Farmer, FarmerAuthorization, Shop
from shops.photo_forms import posted_photos, receive_files
from shops.selectors import farmers_of_shop, photo_url
from shops.services.people import add_farmer, authorize, revoke, update_farmer
from shops.statuses import AuthorizationStatus

REFUSED = 422


@member_required
@require_safe
def farmers(request: HttpRequest) -> HttpResponse:
    """List the farmers of the person's shops."""
    rows = [
        {
            "id": farmer.pk,
            "name": farmer.name,
            "village": farmer.village.display_name,
            "phone": mask_phone(farmer.contact.phone),
            "face": photo_url(farmer.portrait, 360),
        }
        for shop in request.own_shops
        for farmer in farmers_of_shop(shop)
    ]
    return render(request, "sellerdesk/farmers.html", {"rows": rows})


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def farmer_new(request: HttpRequest) -> HttpResponse:
    """Write down a farmer and the terms agreed."""
    shop = request.own_shops[0]
    form = FarmerForm(request.POST or None, initial={"village": shop.village_id})
    return _edit(request, form, shop=shop, farmer=None, terms=None)


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def farmer_edit(request: HttpRequest, farmer_id: int) -> HttpResponse:
    """Correct what is written about a farmer; changed terms hold from now on."""
    terms = _own_terms(request, farmer_id)
    farmer = terms.farmer
    initial = {
        "name": farmer.name,
        "public_name": farmer.public_name,
        "village": farmer.village_id,
        "phone": farmer.contact.phone,
        "story": farmer.story,
        "host_percent": _percent(terms.host_commission_bp),
        "floor_percent": _percent(terms.floor_price_bp),
        "agreed": True,
    }
    form = FarmerForm(request.POST or None, initial=initial)
    return _edit(request, form, shop=terms.shop, farmer=farmer, terms=terms)


@member_required
@require_POST
def farmer_revoke(request: HttpRequest, farmer_id: int) -> HttpResponse:
    """Write down that a farmer no longer lets the shop sell."""
    terms = _own_terms(request, farmer_id)
    revoke(actor=request.user, authorization=terms, now=utc_now())
    messages.success(request, _("Written down. What was sold stays sold and will be paid."))
    return redirect("sellerdesk:farmers")


def _own_terms(request: HttpRequest, farmer_id: int) -> FarmerAuthorization:
    terms = (
        FarmerAuthorization.objects.filter(
            farmer=farmer_id, shop__in=request.own_shops, status=AuthorizationStatus.GRANTED
        )
        .select_related("farmer__contact", "farmer__portrait", "shop")
        .first()
    )
    if terms is None:
        raise NotFound()
    return terms


def _edit(
    request: HttpRequest,
    form: FarmerForm,
    *,
    shop: Shop,
    farmer: Farmer | None,
    terms: FarmerAuthorization | None,
) -> HttpResponse:
    refusals: list[str] = []
    portrait = farmer.portrait if farmer else None
    if request.method == "POST":
        now = utc_now()
        new, refusals = receive_files(request, now=now)
        portrait = next(iter([*new, *posted_photos(request, None)]), portrait)
        if form.is_valid() and not refusals:
            try:
                _save(request, form, shop, farmer, terms, portrait, now)
            except MarketError as refusal:
                show_refusal(form, refusal)
            else:
                messages.success(request, _("Saved."))
                return redirect("sellerdesk:farmers")
    context = {
        "form": form,
        "farmer": farmer,
        "portrait": portrait,
        "face": photo_url(portrait, 360),
        "photo_errors": refusals,
    }
    status = REFUSED if request.method == "POST" else 200
    return render(request, "sellerdesk/farmer_form.html", context, status=status)


@transaction.atomic
def _save(request, form, shop, farmer, terms, portrait, now) -> None:
    names = ("name", "village", "phone", "story")
    values = {name: form.cleaned_data[name] for name in names} | {"portrait": portrait, "now": now}
    rates = form.terms()
    if farmer is None:
        added = add_farmer(actor=request.user, shop=shop, **values, **rates)
        if form.cleaned_data["public_name"]:
            public_name = form.cleaned_data["public_name"]
            update_farmer(actor=request.user, farmer=added, **values, public_name=public_name)
        return
    update_farmer(actor=request.user, farmer=farmer, **values, public_name=form.cleaned_data["public_name"])
    if any(getattr(terms, name) != rate for name, rate in rates.items()):
        authorize(actor=request.user, farmer=farmer, shop=shop, now=now, **rates)


def _percent(rate_bp: int) -> str:
    return format((Decimal(rate_bp) / 100).normalize(), "f")
