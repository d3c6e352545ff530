"""The catalogue and the page of one product."""

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from orders.money_cards import plain_sale_parts
from orders.review_cards import review_card
from orders.selectors.reviewing import reviews_of_product
from shops.models import Variant
from shops.selectors import (
    get_product_for,
    growers_of,
    list_categories,
    photo_url,
    published_products,
    ready_photos,
    terms_of,
)
from shops.statuses import ProductStatus, ShopStatus
from storefront.cards import big_photo, few_left, product_card
from storefront.forms import CatalogueForm
from storefront.selectors import more_from_village, showing_now
from storefront.sending import sending_of

PAGE_SIZE = 24
REVIEWS = 3


@require_safe
def products(request: HttpRequest) -> HttpResponse:
    """List goods by search, filters and order, a page at a time."""
    form = CatalogueForm(request.GET)
    filters = form.filters()
    page = Paginator(published_products(filters), PAGE_SIZE).get_page(request.GET.get("page"))
    chips = [
        {"name": _("All"), "query": _query(request.GET, category=None), "is_on": not filters["category"]}
    ]
    for category in list_categories():
        chips.append(
            {
                "name": category.display_name,
                "query": _query(request.GET, category=category.slug),
                "is_on": filters["category"] == category.slug,
            }
        )
    narrowed = [filters["village"], filters["min_fen"], filters["max_fen"], filters["in_stock"]]
    context = {
        "form": form,
        "page": page,
        "cards": [product_card(product) for product in page],
        "chips": chips,
        "village": form.cleaned_data.get("village"),
        "filter_count": sum(1 for value in narrowed if value),
        "search": filters["search"],
        "previous": _query(request.GET, page=page.previous_page_number()) if page.has_previous() else "",
        "next": _query(request.GET, page=page.next_page_number()) if page.has_next() else "",
    }
    return render(request, "storefront/products.html", context)


def _query(given: QueryDict, **changes) -> str:
    """Return the query with changes, None removing a name; other changes begin at the first page."""
    query = given.copy()
    if "page" not in changes:
        query.pop("page", None)
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None:
            query[name] = value
    return f"?{query.urlencode()}"


@require_safe
def product(request: HttpRequest, product_id: int) -> HttpResponse:
    """Show one product: pictures, price, how many are left, who grew it, where the money goes."""
    found = get_product_for(request.user, product_id)
    variants = list(found.variants.all())
    chosen = _chosen(variants, request.GET.get("variant", ""))
    is_on_sale = found.status == ProductStatus.PUBLISHED and found.shop.status == ShopStatus.OPEN
    available = chosen.stock.available if chosen else 0
    farmer = found.farmer
    context = {
        "product": found,
        "is_on_sale": is_on_sale,
        "photos": [big_photo(photo, found.title) for photo in ready_photos(found)],
        "variants": variants,
        "chosen": chosen,
        "available": available,
        "few_left": few_left(available),
        "most": min(available, settings.ORDER_LINE_MAX_QUANTITY),
        "can_buy": is_on_sale and available > 0,
        "parts": plain_sale_parts(found, chosen) if chosen else [],
        "terms": terms_of(product=found, shop=found.shop),
        "sending": sending_of(found, chosen, request.user) if chosen else None,
        "farmer_face": photo_url(farmer.portrait, 360) if farmer else "",
        "growers": [
            {"name": one.shown_name, "face": photo_url(one.portrait, 96), "village": one.village}
            for one in growers_of(found)
        ],
        "shown_live": showing_now(found) if is_on_sale else None,
        "reviews": [review_card(one) for one in reviews_of_product(found.pk)[:REVIEWS]]
        if found.review_count
        else [],
        "more": [product_card(other) for other in more_from_village(found)],
        "share_url": request.build_absolute_uri(request.path),
    }
    return render(request, "storefront/product.html", context)


def _chosen(variants: list[Variant], wanted: str) -> Variant | None:
    named = [variant for variant in variants if str(variant.pk) == wanted]
    free = [variant for variant in variants if variant.stock.available > 0]
    return next(iter([*named, *free, *variants]), None)
