"""Goods on a phone: photo, name, price, stock, on sale."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from accounts.forms import show_refusal
from common.clock import utc_now
from common.errors import MarketError, NotFound
from sellerdesk.forms import ListingEditForm, ListingForm, StockForm
from sellerdesk.permissions import member_required
from shops.models import Product, Shop
from shops.photo_forms import photo_tiles, posted_photos, receive_files
from shops.selectors import get_own_product, goods_of, photo_url, ready_photos
from shops.services.listing import archive_product, publish_product, save_and_publish, save_product
from shops.services.stock import correct_units, receive_units
from shops.statuses import PhotoStatus, ProductStatus

PAGE_SIZE = 30
TABS = {
    "on_sale": (ProductStatus.PUBLISHED, ProductStatus.IN_REVIEW),
    "drafts": (ProductStatus.DRAFT, ProductStatus.REJECTED),
    "off_sale": (ProductStatus.ARCHIVED,),
}
TONES = {
    ProductStatus.DRAFT: "off",
    ProductStatus.IN_REVIEW: "wait",
    ProductStatus.PUBLISHED: "done",
    ProductStatus.REJECTED: "stop",
    ProductStatus.ARCHIVED: "off",
}
REFUSED = 422


@member_required
@require_safe
def goods(request: HttpRequest) -> HttpResponse:
    """List the shop's goods by what can be done with them."""
    tab = request.GET.get("tab") if request.GET.get("tab") in TABS else "on_sale"
    page = Paginator(goods_of(request.user).filter(status__in=TABS[tab]), PAGE_SIZE).get_page(
        request.GET.get("page")
    )
    rows = [_row(product) for product in page]
    context = {"tab": tab, "page": page, "rows": rows}
    return render(request, "sellerdesk/goods.html", context)


def _row(product: Product) -> dict:
    photos = ready_photos(product)
    return {
        "url": reverse("sellerdesk:goods-item", args=[product.pk]),
        "title": product.title,
        "price_fen": product.price_fen,
        "available": product.available,
        "farmer": product.farmer.name if product.farmer else product.shop.name,
        "status": product.get_status_display(),
        "tone": TONES[product.status],
        "photo_src": photo_url(photos[0], 360) if photos else "",
        "photo_color": photos[0].dominant_color if photos else "",
    }


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def goods_new(request: HttpRequest) -> HttpResponse:
    """Write a new listing; one form, on sale with one tap."""
    shop = _chosen_shop(request)
    for_sale = request.POST.get("then") != "later"
    form = ListingForm(request.POST or None, shop=shop, for_sale=for_sale)
    return _edit(request, form, shop=shop, product=None, for_sale=for_sale)


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def goods_edit(request: HttpRequest, product_id: int) -> HttpResponse:
    """Change a listing; the price never touches the stock."""
    product = get_own_product(user=request.user, product_id=product_id)
    is_on_sale = product.status in TABS["on_sale"]
    for_sale = is_on_sale or request.POST.get("then") == "publish"
    form = ListingEditForm(request.POST or None, product=product, for_sale=for_sale)
    return _edit(request, form, shop=product.shop, product=product, for_sale=for_sale)


def _edit(
    request: HttpRequest, form: ListingForm, *, shop: Shop, product: Product | None, for_sale: bool
) -> HttpResponse:
    photos = list(product.photos.all()) if product else []
    refusals = []
    if request.method == "POST":
        now = utc_now()
        photos = posted_photos(request, product)
        new, refusals = receive_files(request, now=now)
        photos += new
        is_valid = form.is_valid()
        if for_sale and not any(photo.status != PhotoStatus.REJECTED for photo in photos):
            refusals.append(_("Add at least one photo."))
        if is_valid and not refusals:
            save = save_and_publish if for_sale else save_product
            try:
                saved = save(
                    actor=request.user,
                    shop=shop,
                    data=form.data_for([photo.pk for photo in photos]),
                    product=product,
                    now=now,
                )
            except NotFound:
                raise
            except MarketError as refusal:
                show_refusal(form, refusal)
            else:
                is_new = product is None or product.status not in TABS["on_sale"]
                query = "?published=1" if for_sale and is_new else ""
                if not query:
                    messages.success(request, _("Saved."))
                return redirect(reverse("sellerdesk:goods-item", args=[saved.pk]) + query)
    context = {
        "form": form,
        "product": product,
        "shop": shop,
        "shops": request.own_shops,
        "photos": photo_tiles(photos),
        "photo_errors": refusals,
        "is_on_sale": product is not None and product.status in TABS["on_sale"],
    }
    status = REFUSED if request.method == "POST" else 200
    return render(request, "sellerdesk/goods_form.html", context, status=status)


def _chosen_shop(request: HttpRequest) -> Shop:
    """Return the shop named in the request, else the person's first; NotFound for a stranger's."""
    wanted = request.POST.get("shop") or request.GET.get("shop")
    if not wanted:
        return request.own_shops[0]
    for shop in request.own_shops:
        if str(shop.pk) == wanted:
            return shop
    raise NotFound()


@member_required
@require_safe
def goods_item(request: HttpRequest, product_id: int) -> HttpResponse:
    """Show where a listing stands, its stock, and its link to share."""
    product = get_own_product(user=request.user, product_id=product_id)
    context = _standing(request, product) | {"is_new": "published" in request.GET}
    return render(request, "sellerdesk/goods_item.html", context)


@member_required
@require_GET
def goods_state(request: HttpRequest, product_id: int) -> HttpResponse:
    """Answer the page's question whether the photo is ready and the listing on sale."""
    product = get_own_product(user=request.user, product_id=product_id)
    context = _standing(request, product) | {"is_new": "published" in request.GET}
    return render(request, "sellerdesk/_goods_state.html", context)


def _standing(request: HttpRequest, product: Product) -> dict:
    photos = list(product.photos.all())
    path = reverse("storefront:product", args=[product.pk])
    return {
        "product": product,
        "tone": TONES[product.status],
        "photos": photo_tiles(photos),
        "variants": list(product.variants.all()),
        "is_published": product.status == ProductStatus.PUBLISHED,
        "is_waiting": product.status == ProductStatus.IN_REVIEW,
        "is_rejected": product.status == ProductStatus.REJECTED,
        "can_publish": product.status in (*TABS["drafts"], *TABS["off_sale"]),
        "can_archive": product.status in TABS["on_sale"],
        "product_path": path,
        "share_url": request.build_absolute_uri(path),
    }


@member_required
@require_POST
def goods_publish(request: HttpRequest, product_id: int) -> HttpResponse:
    """Put a listing on sale; what is missing leads to the form."""
    product = get_own_product(user=request.user, product_id=product_id)
    try:
        publish_product(actor=request.user, product=product, now=utc_now())
    except MarketError as refusal:
        messages.error(request, " ".join([str(refusal.message), *map(str, (refusal.fields or {}).values())]))
        return redirect("sellerdesk:goods-edit" if refusal.fields else "sellerdesk:goods-item", product.pk)
    return redirect(reverse("sellerdesk:goods-item", args=[product.pk]) + "?published=1")


@member_required
@require_POST
def goods_archive(request: HttpRequest, product_id: int) -> HttpResponse:
    """Take a listing off sale."""
    product = get_own_product(user=request.user, product_id=product_id)
    try:
        archive_product(actor=request.user, product=product, now=utc_now())
        messages.success(request, _("Taken off sale. Orders already placed are not touched."))
    except MarketError as refusal:
        messages.error(request, str(refusal.message))
    return redirect("sellerdesk:goods-item", product.pk)


@member_required
@require_POST
def goods_stock(request: HttpRequest, product_id: int) -> HttpResponse:
    """Write down a recount of one variant."""
    product = get_own_product(user=request.user, product_id=product_id)
    form = StockForm(request.POST)
    if not form.is_valid():
        text = " ".join(error for errors in form.errors.values() for error in errors)
        messages.error(request, f"{text} {_('Nothing was changed.')}")
        return redirect("sellerdesk:goods-item", product.pk)
    variant = product.variants.filter(pk=form.cleaned_data["variant"]).first()
    if variant is None:
        raise NotFound()
    change, now = form.change(), utc_now()
    try:
        if change > 0:
            receive_units(variant=variant, quantity=change, actor=request.user, now=now)
        elif change < 0:
            correct_units(variant=variant, change=change, actor=request.user, now=now)
        messages.success(request, _("Stock saved."))
    except MarketError as refusal:
        messages.error(request, str(refusal.message))
    return redirect("sellerdesk:goods-item", product.pk)
