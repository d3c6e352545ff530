"""Stars of products and shops: a count and a sum, from which the mean is told."""

from decimal import ROUND_HALF_UP, Decimal

from django.db.models import CheckConstraint, F, Q


def mean_stars(stars: int, count: int) -> Decimal | None:
    """Return the mean to a tenth, None of nothing."""
    if not count:
        return None
    return (Decimal(stars) / count).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)


def stars_fit_reviews(name: str) -> CheckConstraint:
    """Return the constraint that each counted review has one to five stars."""
    return CheckConstraint(
        name=name,
        condition=Q(review_stars__gte=F("review_count"), review_stars__lte=F("review_count") * 5),
    )
