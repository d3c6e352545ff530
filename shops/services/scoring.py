"""The counters behind the score of a product and its shop."""

from django.db.models import F

from shops.models import Product, Shop


def move_score(*, product_id: int, shop_id: int, reviews: int, stars: int) -> None:
    """Add to (or take from) what is counted of reviews, one statement each; inside the caller's transaction.

    Product before shop, always. The database refuses counters that cannot be.
    """
    for model, pk in ((Product, product_id), (Shop, shop_id)):
        model.objects.filter(pk=pk).update(
            review_count=F("review_count") + reviews, review_stars=F("review_stars") + stars
        )
