"""The page of one shop."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from common.clock import utc_now
from common.errors import NotFound
from livestreams.selectors import reminded_ids
from orders.coupon_cards import offer_card
from orders.coupon_selectors import shop_coupons
from shops.selectors import farmers_of_shop, photo_url, published_products, visible_shops
from storefront.cards import calendar_card, product_card
from storefront.selectors import sessions_of_shop

PAGE_SIZE = 24


@require_safe
def shop(request: HttpRequest, shop_id: int) -> HttpResponse:
    """Show a shop with its goods, its growers and its shows."""
    found = visible_shops(request.user).filter(pk=shop_id).first()
    if found is None:
        raise NotFound()
    page = Paginator(published_products({"shop": found.pk}), PAGE_SIZE).get_page(request.GET.get("page"))
    growers = [
        {"name": farmer.name, "face": photo_url(farmer.portrait, 360)}
        for farmer in farmers_of_shop(found)[:20]
    ]
    shows = sessions_of_shop(found)
    asked = reminded_ids(request.user, [session.pk for session in shows])
    context = {
        "shop": found,
        "photo_src": photo_url(found.photo, 1280),
        "page": page,
        "cards": [product_card(product) for product in page],
        "sessions": [calendar_card(session, is_reminded=session.pk in asked) for session in shows],
        "growers": growers,
        "coupons": [offer_card(campaign) for campaign in shop_coupons(found.pk, now=utc_now())],
    }
    return render(request, "storefront/shop.html", context)
