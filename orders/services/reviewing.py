"""Buyers review what they have received: once a line, changed for some days, counted as it is saved."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction

from accounts.models import User
from common import limits, outbox
from common.errors import Invalid, MoveRefused, NotFound
from orders.errors import AlreadyReviewed, NotReviewable, OwnGoods, ReviewTooLate
from orders.models import Order, OrderLine, Review, ReviewPhoto
from orders.selectors.reviewing import edit_until, kept_lines, review_until
from orders.services.locking import lock_order
from orders.statuses import CommissionKind, OrderStatus, ReviewStatus
from shops.models import Photo
from shops.selectors import is_member
from shops.services.scoring import move_score

TEXT_MAX = 1000
AN_HOUR = 60


@transaction.atomic
def write_review(
    *,
    buyer: User,
    number: str,
    line_id: int,
    score: int,
    now: datetime,
    text: str = "",
    photo_ids: Sequence[int] = (),
) -> Review:
    """Review a received line of the buyer's order; it counts at once, and the shop is told.

    NotFound for others' orders, lines and photos; NotReviewable, OwnGoods, ReviewTooLate, AlreadyReviewed,
    Invalid, TooMany.
    """
    text = _checked(score, text, photo_ids)
    order = lock_order(Order.objects.for_buyer(buyer), number)
    line = order.lines.select_related("variant", "farmer").filter(pk=line_id).first()
    if line is None:
        raise NotFound()
    _check_line(order, line, buyer, now)
    limits.spend(name="review", key=f"user:{buyer.pk}", limit=AN_HOUR, seconds=3600, now=now)
    review = Review.objects.create(
        line=line,
        buyer=buyer,
        product_id=line.variant.product_id,
        shop_id=order.shop_id,
        score=score,
        text=text,
        created_at=now,
    )
    _set_photos(review, buyer, photo_ids)
    count_review(review, reviews=1, stars=score)
    outbox.enqueue("orders.after_reviewed", review_id=review.pk)
    return review


@transaction.atomic
def edit_review(
    *,
    buyer: User,
    review_id: int,
    score: int,
    now: datetime,
    text: str = "",
    photo_ids: Sequence[int] = (),
) -> Review:
    """Change an own review in its first days; the score moves by the difference.

    NotFound for others' reviews and photos, MoveRefused while it is hidden, ReviewTooLate, Invalid, TooMany.
    """
    text = _checked(score, text, photo_ids)
    review = lock_review(Review.objects.for_buyer(buyer), review_id)
    if review.status != ReviewStatus.VISIBLE:
        raise MoveRefused()
    if now > edit_until(review):
        raise ReviewTooLate()
    limits.spend(name="review", key=f"user:{buyer.pk}", limit=AN_HOUR, seconds=3600, now=now)
    difference = score - review.score
    review.score, review.text, review.edited_at = score, text, now
    review.save(update_fields=["score", "text", "edited_at"])
    _set_photos(review, buyer, photo_ids)
    if difference:
        count_review(review, reviews=0, stars=difference)
    return review


def lock_review(scope, review_id: int) -> Review:
    """Lock one review out of a scope; NotFound when it is not in it. Needs a transaction."""
    if not scope.filter(pk=review_id).exists():
        raise NotFound()
    return Review.objects.select_for_update().get(pk=review_id)


def count_review(review: Review, *, reviews: int, stars: int) -> None:
    """Move the counters of the product and the shop of a locked review."""
    move_score(product_id=review.product_id, shop_id=review.shop_id, reviews=reviews, stars=stars)


def _checked(score: int, text: str, photo_ids: Sequence[int]) -> str:
    if type(score) is not int or not 1 <= score <= 5:
        raise Invalid(fields={"score": Invalid.message})
    text = text.strip()
    if len(text) > TEXT_MAX or "\x00" in text:
        raise Invalid(fields={"text": Invalid.message})
    if len(set(photo_ids)) > settings.REVIEW_PHOTOS_MAX:
        raise Invalid(fields={"photos": Invalid.message})
    return text


def _check_line(order: Order, line: OrderLine, buyer: User, now: datetime) -> None:
    if order.status != OrderStatus.COMPLETED:
        raise NotReviewable()
    if Review.objects.filter(line=line).exists():
        raise AlreadyReviewed()
    if not kept_lines(OrderLine.objects.filter(pk=line.pk)).exists():
        raise NotReviewable()
    if now > review_until(order):
        raise ReviewTooLate()
    is_grower = line.farmer is not None and line.farmer.user_id == buyer.pk
    hosts = line.commissions.filter(kind=CommissionKind.HOST, host__user=buyer)
    if is_grower or is_member(buyer, order.shop) or hosts.exists():
        raise OwnGoods()


def _set_photos(review: Review, buyer: User, photo_ids: Sequence[int]) -> None:
    wanted = list(dict.fromkeys(photo_ids))
    own = Photo.objects.filter(pk__in=wanted, uploaded_by=buyer, product=None, is_private=False)
    if own.count() != len(wanted):
        raise NotFound()
    review.pictures.all().delete()
    ReviewPhoto.objects.bulk_create(
        ReviewPhoto(review=review, photo_id=pk, position=position) for position, pk in enumerate(wanted)
    )
    review.photo_count = len(wanted)
    review.save(update_fields=["photo_count"])
