"""Crowds around reviews: one line reviewed twice, many counted at once, one hidden while it is changed."""

import threading

import pytest
from django.db import transaction

from common.clock import utc_now
from orders.models import Review
from orders.services.judging_reviews import hide_review, show_review
from orders.services.reconciling_scores import find_score_discrepancies
from orders.services.reviewing import edit_review
from shops.models import Product, Shop
from tests.factories.reviews import make_received, review
from tests.factories.shops import make_person, make_product
from tests.races.test_last_unit import at_once

pytestmark = pytest.mark.django_db(transaction=True)

CROWD = 20


def received_lines(market, mei, number: int, variant=None) -> list:
    return [
        make_received(
            buyer=make_person(name=f"买家{i}"), seller=mei, variant=variant or market.variant
        ).lines.get()
        for i in range(number)
    ]


def counted(market) -> tuple:
    product, shop = Product.objects.get(pk=market.product.pk), Shop.objects.get(pk=market.shop.pk)
    return product.review_count, product.review_stars, shop.review_count, shop.review_stars


def test_one_line_is_reviewed_twenty_times_at_once_and_has_one_review(market, mei, arun):
    line = make_received(buyer=arun, seller=mei, variant=market.variant).lines.get()

    outcomes = at_once(CROWD, lambda i: review(line, score=1 + i % 5) and "written")

    assert outcomes == {"written": 1, "already_reviewed": CROWD - 1}
    written = Review.objects.get()
    assert counted(market) == (1, written.score, 1, written.score)


def test_a_crowd_reviews_goods_of_one_shop_and_every_star_counts(market, mei):
    other = make_product(shop=market.shop, farmer=market.farmer, title="花椒", price_fen=2000, stock=50)
    lines = received_lines(market, mei, CROWD)
    lines += received_lines(market, mei, CROWD, other.variants.get())

    outcomes = at_once(2 * CROWD, lambda i: review(lines[i], score=1 + i % 5) and "written")

    assert outcomes == {"written": 2 * CROWD}
    assert counted(market) == (CROWD, 60, 2 * CROWD, 120)
    assert find_score_discrepancies() == []


def test_control_counters_that_are_read_and_then_written_lose_stars(market, mei):
    """The same tables, the counters set by whoever looked instead of by one statement."""
    lines = received_lines(market, mei, CROWD)
    everyone_has_looked = threading.Barrier(CROWD, timeout=30)

    def review_unguarded(i: int) -> str:
        seen = Product.objects.get(pk=market.product.pk)
        everyone_has_looked.wait()
        with transaction.atomic():
            Review.objects.create(
                line=lines[i],
                buyer=lines[i].order.group.buyer,
                product=market.product,
                shop=market.shop,
                score=5,
                created_at=utc_now(),
            )
            Product.objects.filter(pk=seen.pk).update(
                review_count=seen.review_count + 1, review_stars=seen.review_stars + 5
            )
        return "written"

    outcomes = at_once(CROWD, review_unguarded)

    assert outcomes == {"written": CROWD}
    assert counted(market)[0] < CROWD
    assert "product_review_count" in {one.check for one in find_score_discrepancies()}


def test_hiding_and_showing_while_it_is_changed_leaves_the_score_right(market, mei, arun, operator):
    line = make_received(buyer=arun, seller=mei, variant=market.variant).lines.get()
    written = review(line, score=3)

    def act(i: int) -> str:
        now = utc_now()
        if i % 3 == 0:
            edit_review(buyer=arun, review_id=written.pk, score=1 + i % 5, now=now)
        elif i % 3 == 1:
            hide_review(actor=operator, review_id=written.pk, reason="x", now=now)
        else:
            show_review(actor=operator, review_id=written.pk, reason="x", now=now)
        return "done"

    outcomes = at_once(30, act)

    assert set(outcomes) <= {"done", "move_refused"}
    assert outcomes["done"] >= 2
    assert find_score_discrepancies() == []
