"""Who is told of a review and of what became of it, in their own language (rules.md PR5)."""

from datetime import datetime

from django.utils.translation import gettext as _

from accounts.services.contacts import contact_of
from notifications.services.telling import in_language_of, tell
from orders.models import Review
from orders.services.telling import buyer_url

DESK_URL = "/desk/reviews/"


def tell_review(*, review: Review, now: datetime) -> None:
    """Tell the shop that somebody has reviewed its goods."""
    contact = review.shop.contact
    with in_language_of(contact):
        tell(
            contact_id=contact.pk,
            kind="review_written",
            title=_("%(stars)s of 5 stars for %(goods)s")
            % {"stars": review.score, "goods": review.line.title},
            body=review.text,
            url=DESK_URL,
            dedupe_key=f"review_written:{review.pk}:{contact.pk}",
            now=now,
        )


def tell_reply(*, review: Review, now: datetime) -> None:
    """Tell the buyer that the shop has answered."""
    contact = contact_of(review.buyer)
    with in_language_of(contact):
        tell(
            contact_id=contact.pk,
            kind="review_replied",
            title=_("%(shop)s has answered your review") % {"shop": review.shop.name},
            body=review.reply,
            url=buyer_url(review.line.order),
            dedupe_key=f"review_replied:{review.pk}:{contact.pk}",
            now=now,
        )


def tell_hidden(*, review: Review, now: datetime) -> None:
    """Tell the buyer why others do not see the review any more; each time that it is hidden."""
    if review.hidden_at is None:  # shown again since
        return
    contact = contact_of(review.buyer)
    with in_language_of(contact):
        tell(
            contact_id=contact.pk,
            kind="review_hidden",
            title=_("Your review of %(goods)s is hidden") % {"goods": review.line.title},
            body=review.hidden_reason,
            url=buyer_url(review.line.order),
            dedupe_key=f"review_hidden:{review.pk}:{review.hidden_at.timestamp():.0f}",
            now=now,
        )
