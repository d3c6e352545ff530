"""What others do with a review: the shop answers, readers report, an operator hides it or shows it again."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from common import audit, limits, outbox
from common.errors import Invalid, MoveRefused, NotAllowed, NotFound
from orders.models import Review, ReviewReport
from orders.selectors.reviewing import get_readable_review
from orders.services.reviewing import count_review, lock_review
from orders.statuses import ReviewFault, ReviewStatus
from shops.models import Shop

REPLY_MAX = 500
WORDS_MAX = 200
REPORTS_AN_HOUR = 20


@transaction.atomic
def reply_to_review(*, actor: User, review_id: int, text: str, now: datetime) -> Review:
    """Answer as a member of the shop; said again, the answer is changed. The buyer is told of the first.

    NotFound for people of other shops, MoveRefused while it is hidden, Invalid for nothing or too much.
    """
    review = lock_review(Review.objects.filter(shop__in=Shop.objects.for_member(actor)), review_id)
    text = text.strip()
    if not text or len(text) > REPLY_MAX or "\x00" in text:
        raise Invalid(fields={"text": Invalid.message})
    if review.status != ReviewStatus.VISIBLE:
        raise MoveRefused()
    if review.reply == text:
        return review
    if review.reply:
        review.reply_edited_at = now
    else:
        review.replied_at = now
        outbox.enqueue("orders.after_review_replied", review_id=review.pk)
    review.reply, review.replied_by = text, actor
    review.save(update_fields=["reply", "replied_by", "replied_at", "reply_edited_at"])
    return review


@transaction.atomic
def report_review(
    *, reporter: User, review_id: int, fault: str, now: datetime, words: str = ""
) -> ReviewReport:
    """Ask the market to look at a visible review; once a person, repeating it changes nothing.

    NotFound for one that is hidden and for one's own, Invalid for an unknown fault or too many words,
    TooMany.
    """
    words = words.strip()
    if fault not in ReviewFault.values:
        raise Invalid(fields={"fault": Invalid.message})
    if len(words) > WORDS_MAX or "\x00" in words:
        raise Invalid(fields={"words": Invalid.message})
    review = get_readable_review(user=reporter, review_id=review_id)
    if review.status != ReviewStatus.VISIBLE or review.buyer_id == reporter.pk:
        raise NotFound()
    limits.spend(
        name="review_report", key=f"user:{reporter.pk}", limit=REPORTS_AN_HOUR, seconds=3600, now=now
    )
    report, _made = ReviewReport.objects.get_or_create(
        review=review, reporter=reporter, defaults={"fault": fault, "words": words, "created_at": now}
    )
    return report


@transaction.atomic
def hide_review(*, actor: User, review_id: int, reason: str, now: datetime) -> Review:
    """Take a review out of sight and out of the score as an operator; its buyer is told why.

    Open reports of it are settled. MoveRefused when it is hidden, Invalid without a reason.
    """
    reason = _needed(actor, reason)
    review = lock_review(Review.objects.all(), review_id)
    if review.status == ReviewStatus.HIDDEN:
        raise MoveRefused()
    review.status, review.hidden_at, review.hidden_reason = ReviewStatus.HIDDEN, now, reason
    review.save(update_fields=["status", "hidden_at", "hidden_reason"])
    count_review(review, reviews=-1, stars=-review.score)
    _settle(review, now)
    _note(actor, "reviews.hide", review, reason, now)
    outbox.enqueue("orders.after_review_hidden", review_id=review.pk)
    return review


@transaction.atomic
def show_review(*, actor: User, review_id: int, reason: str, now: datetime) -> Review:
    """Show a hidden review again as an operator; it counts again. MoveRefused when it is visible, Invalid."""
    reason = _needed(actor, reason)
    review = lock_review(Review.objects.all(), review_id)
    if review.status == ReviewStatus.VISIBLE:
        raise MoveRefused()
    review.status, review.hidden_at, review.hidden_reason = ReviewStatus.VISIBLE, None, ""
    review.save(update_fields=["status", "hidden_at", "hidden_reason"])
    count_review(review, reviews=1, stars=review.score)
    _note(actor, "reviews.show", review, reason, now)
    return review


@transaction.atomic
def keep_review(*, actor: User, review_id: int, reason: str, now: datetime) -> Review:
    """Settle the open reports of a review as an operator and leave it as it is.

    MoveRefused when there are none, Invalid without a reason.
    """
    reason = _needed(actor, reason)
    review = lock_review(Review.objects.all(), review_id)
    if not _settle(review, now):
        raise MoveRefused()
    _note(actor, "reviews.keep", review, reason, now)
    return review


def _settle(review: Review, now: datetime) -> int:
    return review.reports.filter(settled_at=None).update(settled_at=now)


def _needed(actor: User, reason: str) -> str:
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()
    reason = reason.strip()
    if not reason:
        raise Invalid(fields={"reason": Invalid.message})
    return reason[:200]


def _note(actor: User, action: str, review: Review, reason: str, now: datetime) -> None:
    audit.record(
        actor=audit.actor_of(actor),
        action=action,
        target=f"review:{review.pk}",
        after={"status": review.status, "score": review.score},
        reason=reason,
        now=now,
    )
