"""Reads of reviews: public lists that cost the same however long they are, and people's own."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, QuerySet, Sum
from django.db.models.functions import Coalesce, JSONObject

from accounts.models import User
from common.errors import NotFound
from orders.models import AfterSaleLine, Order, OrderLine, Review, ReviewPhoto
from orders.statuses import GRANTED_CASES, OrderStatus, ReviewStatus
from shops.models import Photo, Shop
from shops.selectors import visible_products, visible_shops


def with_details(reviews: QuerySet[Review]) -> QuerySet[Review]:
    """Load what a card shows of each review, photos too (`photos_of`), in the one query of the list."""
    names = ("pk", "status", "is_private", "sizes", "dominant_color")
    row = JSONObject(**{name: f"photo__{name}" for name in names})
    pictures = ReviewPhoto.objects.filter(review=OuterRef("pk")).order_by("position").values_list(row)
    return reviews.select_related("buyer", "line__order", "product", "shop").annotate(
        picture_rows=ArraySubquery(pictures)
    )


def photos_of(review: Review) -> list[Photo]:
    """Return the photos of a review of `with_details`, with what is needed to show them."""
    return [Photo(**row) for row in review.picture_rows]


def narrowed(reviews: QuerySet[Review], *, stars: int | None = None, with_photos: bool = False) -> QuerySet:
    """Keep reviews of that many stars, or those with photos."""
    if stars is not None:
        reviews = reviews.filter(score=stars)
    if with_photos:
        reviews = reviews.filter(photo_count__gt=0)
    return reviews


def product_reviews(*, user: User, product_id: int) -> QuerySet[Review]:
    """Return the visible reviews of a product, newest first; NotFound for a product not to be seen."""
    if not visible_products(user).filter(pk=product_id).exists():
        raise NotFound()
    return reviews_of_product(product_id)


def reviews_of_product(product_id: int) -> QuerySet[Review]:
    """Return the visible reviews of a product that the caller has already found."""
    return with_details(Review.objects.visible().filter(product=product_id)).order_by("-pk")


def shop_reviews(*, user: User, shop_id: int) -> QuerySet[Review]:
    """Return the visible reviews of a shop's goods, newest first; NotFound for a shop not to be seen."""
    if not visible_shops(user).filter(pk=shop_id).exists():
        raise NotFound()
    return with_details(Review.objects.visible().filter(shop=shop_id)).order_by("-pk")


def own_reviews(*, user: User) -> QuerySet[Review]:
    """Return what a person wrote, newest first."""
    return with_details(Review.objects.for_buyer(user)).order_by("-pk")


def get_own_review(*, user: User, review_id: int) -> Review:
    """Return a review of the person's; NotFound for anybody else's."""
    review = own_reviews(user=user).filter(pk=review_id).first()
    if review is None:
        raise NotFound()
    return review


def get_readable_review(*, user: User, review_id: int) -> Review:
    """Return a visible review, or one that the person wrote or their shop was told; NotFound otherwise."""
    own = Review.objects.for_buyer(user) | Review.objects.filter(shop__in=Shop.objects.for_member(user))
    review = with_details(Review.objects.visible() | own).filter(pk=review_id).first()
    if review is None:
        raise NotFound()
    return review


def desk_reviews(*, user: User, unanswered: bool = False) -> QuerySet[Review]:
    """Return reviews of the person's shops: the newest first, or the unanswered ones, oldest first."""
    reviews = with_details(Review.objects.filter(shop__in=Shop.objects.for_member(user)))
    if unanswered:
        return reviews.filter(status=ReviewStatus.VISIBLE, reply="").order_by("pk")
    return reviews.order_by("-pk")


def kept_lines(lines: QuerySet[OrderLine]) -> QuerySet[OrderLine]:
    """Keep lines of which something was sent, and not all the money was given back."""
    given_back = (
        AfterSaleLine.objects.filter(order_line=OuterRef("pk"), case__status__in=GRANTED_CASES)
        .order_by()
        .values("order_line")
        .annotate(fen=Sum("amount_fen"))
        .values("fen")
    )
    return lines.annotate(given_back_fen=Coalesce(given_back[:1], 0)).filter(
        given_back_fen__lt=F("total_fen") - F("discount_fen"), withdrawn_units__lt=F("quantity")
    )


def reviewable_lines(order: Order, now: datetime) -> list[OrderLine]:
    """Return the lines of the buyer's order that still want a review."""
    if order.status != OrderStatus.COMPLETED or now > review_until(order):
        return []
    return list(kept_lines(order.lines.filter(review=None)).order_by("pk"))


def review_until(order: Order) -> datetime:
    """Return until when a completed order may be reviewed."""
    return order.completed_at + timedelta(days=settings.REVIEW_WINDOW_DAYS)


def edit_until(review: Review) -> datetime:
    """Return until when a review may be changed."""
    return review.created_at + timedelta(days=settings.REVIEW_EDIT_DAYS)


def reviews_of_lines(line_ids: Iterable[int]) -> dict[int, Review]:
    """Return the reviews of order lines by line."""
    found = with_details(Review.objects.filter(line__in=list(line_ids)))
    return {review.line_id: review for review in found}
