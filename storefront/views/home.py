"""The front page: what is on now, what is new, where it comes from."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from livestreams.selectors import list_on_air, list_replays, list_upcoming
from shops.selectors import list_categories, list_villages, published_products
from storefront.cards import product_card, session_card, village_card

NEWEST = 12
SHOWS = 6


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show the market at a glance."""
    coming = [session_card(session) for session in [*list_on_air(SHOWS), *list_upcoming(SHOWS)]]
    replays = [session_card(session) for session in list_replays(SHOWS)]
    hero = coming[0] if coming else None
    context = {
        "hero": hero,
        "shows": coming[1:],
        "replays": replays,
        "categories": list_categories(),
        "cards": [product_card(product) for product in published_products()[:NEWEST]],
        "villages": [village_card(village) for village in list_villages()[:12]],
    }
    return render(request, "storefront/home.html", context)
