"""Reviews as pages show them: masked names, stars, photos, and what the reader may do."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from common.masking import mask_name
from orders.models import Order, OrderLine, Review
from orders.selectors.reviewing import (
    edit_until,
    kept_lines,
    photos_of,
    review_until,
    reviews_of_lines,
)
from orders.statuses import OrderStatus, ReviewStatus
from shops.selectors import photo_url


@dataclass(frozen=True)
class ReviewPicture:
    """A small photo, and where it stands large."""

    src: str
    large: str
    color: str


@dataclass(frozen=True)
class ReviewCard:
    """A review as everybody reads it."""

    review: Review
    buyer: str
    pictures: list[ReviewPicture]


@dataclass(frozen=True)
class ReviewRow:
    """A line of an order with its review, or the wish for one."""

    line: OrderLine
    card: ReviewCard | None
    can_write: bool
    until: datetime


@dataclass(frozen=True)
class ReviewPage:
    """Some reviews, and from where the next ones go on (0: there are none)."""

    cards: list[ReviewCard]
    before: int


def review_card(review: Review) -> ReviewCard:
    """Return a review of `with_details`."""
    pictures = [
        ReviewPicture(src, photo_url(photo, 1280), photo.dominant_color)
        for photo in photos_of(review)
        if (src := photo_url(photo, 360))
    ]
    return ReviewCard(review, mask_name(review.buyer.display_name) or "***", pictures)


def review_page(reviews: QuerySet[Review], *, before: str, size: int) -> ReviewPage:
    """Return what is older than the review `before` (text of a query); nothing is counted or skipped."""
    if before.isascii() and before.isdigit() and len(before) < 19:
        reviews = reviews.filter(pk__lt=int(before))
    found = list(reviews[: size + 1])
    last = found[size - 1].pk if len(found) > size else 0
    return ReviewPage([review_card(review) for review in found[:size]], last)


def may_edit(review: Review, *, now: datetime) -> bool:
    """Say whether its buyer may still change a review."""
    return review.status == ReviewStatus.VISIBLE and now <= edit_until(review)


def review_rows(order: Order, *, now: datetime) -> list[ReviewRow]:
    """Return the lines of the buyer's completed order that are reviewed, or still may be."""
    if order.status != OrderStatus.COMPLETED:
        return []
    lines = list(order.lines.all())
    reviews = reviews_of_lines(line.pk for line in lines)
    until = review_until(order)
    kept = set()
    if now <= until and len(reviews) < len(lines):
        kept = set(kept_lines(OrderLine.objects.filter(order=order)).values_list("pk", flat=True))
    rows = []
    for line in lines:
        review = reviews.get(line.pk)
        if review is not None:
            rows.append(ReviewRow(line, review_card(review), may_edit(review, now=now), edit_until(review)))
        elif line.pk in kept:
            rows.append(ReviewRow(line, None, True, until))
    return rows
