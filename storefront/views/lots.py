"""Where a parcel's goods came from, for whoever scans the code on it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from shops.selectors import get_lot_by_code, photo_url, ready_photos


@require_safe
def lot(request: HttpRequest, code: str) -> HttpResponse:
    """Show who brought a lot, where and when it was harvested, and whether it was called back."""
    found = get_lot_by_code(code)
    village = found.farmer.village if found.farmer else found.variant.product.village
    photo = found.photo or next(iter(ready_photos(found.variant.product)), None)
    context = {
        "lot": found,
        "name": found.farmer.shown_name if found.farmer else found.shop.name,
        "village": village,
        "photo": photo_url(photo, 720),
        "color": photo.dominant_color if photo else "",
        "face": photo_url(found.farmer.portrait, 360) if found.farmer else "",
        "product": found.variant.product,
    }
    return render(request, "storefront/lot.html", context)
