"""Scores that disagree with their reviews are found, by injecting it (rules.md 15); nothing is repaired."""

import pytest
from django.db.models import F

from common.clock import utc_now
from common.models import AuditEntry
from orders.models import Review, ReviewPhoto
from orders.services.judging_reviews import hide_review
from orders.services.reconciling import Discrepancy
from orders.services.reconciling_scores import find_score_discrepancies, report_scores
from orders.tasks import reconcile_scores
from shops.models import Product, Shop
from tests.factories.reviews import make_received, review
from tests.factories.shops import make_photo

pytestmark = pytest.mark.django_db


@pytest.fixture
def reviews(market, arun, mei, operator) -> list[Review]:
    """One with a photo, one plain, one hidden."""
    lines = [make_received(buyer=arun, seller=mei, variant=market.variant).lines.get() for _ in range(3)]
    first = review(lines[0], score=5, photo_ids=[make_photo(user=arun).pk])
    second, third = review(lines[1], score=4), review(lines[2], score=1)
    hide_review(actor=operator, review_id=third.pk, reason="x", now=utc_now())
    return [first, second, third]


def test_scores_that_agree_have_nothing_to_report(reviews):
    assert find_score_discrepancies() == []
    assert report_scores(now=utc_now()) == 0


def test_each_counter_that_is_off_is_found(market, reviews):
    Product.objects.filter(pk=market.product.pk).update(
        review_count=F("review_count") + 1, review_stars=F("review_stars") + 1
    )
    Shop.objects.filter(pk=market.shop.pk).update(review_stars=F("review_stars") - 1)
    ReviewPhoto.objects.all().delete()

    assert find_score_discrepancies() == [
        Discrepancy("product_review_count", f"product:{market.product.pk}", 3, 2),
        Discrepancy("product_review_stars", f"product:{market.product.pk}", 10, 9),
        Discrepancy("shop_review_stars", f"shop:{market.shop.pk}", 8, 9),
        Discrepancy("review_photo_count", f"review:{reviews[0].pk}", 1, 0),
    ]


def test_a_review_lost_behind_the_counters_is_found_and_reported_once_a_day(market, reviews):
    Review.objects.filter(pk=reviews[1].pk).delete()

    for _ in range(2):
        assert reconcile_scores() == 4

    entries = AuditEntry.objects.filter(action="orders.score_discrepancy")
    assert sorted((entry.target, entry.after["check"]) for entry in entries) == sorted(
        (f"{target}:{pk}", f"{target}_review_{what}")
        for target, pk in (("product", market.product.pk), ("shop", market.shop.pk))
        for what in ("count", "stars")
    )
    assert Product.objects.get(pk=market.product.pk).review_count == 2
