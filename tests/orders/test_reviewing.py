"""Reviews: who may write one and when, how it is changed, answered, reported, hidden, and what it counts."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from common.errors import Invalid, MoveRefused, NotAllowed, NotFound, TooMany
from common.models import AuditEntry
from notifications.models import Notification
from orders.errors import AlreadyReviewed, NotReviewable, OwnGoods, ReviewTooLate
from orders.models import Review, ReviewReport
from orders.selectors.reviewing import desk_reviews, product_reviews, reviewable_lines
from orders.services.judging import approve_case
from orders.services.judging_reviews import (
    hide_review,
    keep_review,
    reply_to_review,
    report_review,
    show_review,
)
from orders.services.receiving import receive_order
from orders.services.reconciling_scores import find_score_discrepancies
from orders.services.reviewing import edit_review, write_review
from shops.models import Photo, Product, Shop, ShopMember
from tests.factories.cases import ask
from tests.factories.orders import make_paid, make_pin, make_shipped, place
from tests.factories.reviews import make_received, review
from tests.factories.shops import make_person, make_photo, make_product

NOW = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def line(market, arun, mei):
    return make_received(buyer=arun, seller=mei, variant=market.variant, quantity=2, now=NOW).lines.get()


def scores(market) -> tuple:
    product, shop = Product.objects.get(pk=market.product.pk), Shop.objects.get(pk=market.shop.pk)
    return (product.review_count, product.review_stars, shop.review_count, shop.review_stars)


def refused(refusal, act) -> None:
    before = list(Review.objects.order_by("pk").values())
    with pytest.raises(refusal):
        act()
    assert list(Review.objects.order_by("pk").values()) == before
    assert find_score_discrepancies() == []


def test_a_received_line_is_reviewed_and_counts_on_product_and_shop(market, line, arun):
    photos = [make_photo(user=arun), make_photo(user=arun)]

    written = review(line, score=4, text="  <b>香</b> ", photo_ids=[photos[1].pk, photos[0].pk], now=NOW)

    assert (written.product, written.shop, written.buyer) == (market.product, market.shop, arun)
    assert (written.status, written.score, written.text, written.photo_count) == (
        "visible",
        4,
        "<b>香</b>",
        2,
    )
    assert [one.photo for one in written.pictures.all()] == [photos[1], photos[0]]
    assert scores(market) == (1, 4, 1, 4)
    assert find_score_discrepancies() == []


def test_the_score_is_the_mean_to_a_tenth(market, arun, mei):
    assert market.product.score is None
    for stars in (5, 5, 4, 5, 5, 5):
        review(make_received(buyer=arun, seller=mei, variant=market.variant).lines.get(), score=stars)

    assert Product.objects.get(pk=market.product.pk).score == Decimal("4.8")
    assert Shop.objects.get(pk=market.shop.pk).score == Decimal("4.8")


def test_every_line_has_a_review_of_its_own_and_only_one(market, arun, mei):
    other = make_product(shop=market.shop, farmer=market.farmer, title="花椒", price_fen=2000, stock=9)
    group = place(buyer=arun, lines=[(market.variant, 1), (other.variants.get(), 1)], now=NOW)
    order = group.orders.get()
    assert order.lines.count() == 2
    order.status, order.completed_at = "completed", NOW
    order.save(update_fields=["status", "completed_at"])
    first, second = order.lines.order_by("pk")

    review(first, now=NOW)
    assert reviewable_lines(order, NOW) == [second]
    review(second, score=1, now=NOW)

    refused(AlreadyReviewed, lambda: review(first, now=NOW))
    assert reviewable_lines(order, NOW) == []
    assert scores(market) == (1, 5, 2, 6)


def test_what_has_not_been_received_is_not_reviewed(market, arun, mei):
    paid = make_paid(buyer=arun, variant=market.variant, now=NOW)
    sent = make_shipped(buyer=arun, seller=mei, variant=market.variant, now=NOW)

    refused(NotReviewable, lambda: review(paid.lines.get(), now=NOW))
    refused(NotReviewable, lambda: review(sent.lines.get(), now=NOW))
    assert scores(market) == (0, 0, 0, 0)


def test_strangers_and_lines_of_other_orders_are_not_there(market, line, arun, mei, zoya):
    other = make_received(buyer=arun, seller=mei, variant=market.variant).lines.get()
    foreign = make_photo(user=zoya)

    def as_(buyer, number, line_id, **said):
        return lambda: write_review(buyer=buyer, number=number, line_id=line_id, score=5, now=NOW, **said)

    refused(NotFound, as_(zoya, line.order.number, line.pk))
    refused(NotFound, as_(mei, line.order.number, line.pk))
    refused(NotFound, as_(arun, line.order.number, other.pk))
    refused(NotFound, as_(arun, line.order.number, line.pk, photo_ids=[foreign.pk]))
    refused(NotFound, as_(arun, line.order.number, line.pk, photo_ids=[2**40]))


def granted(order, buyer, seller, **wish):
    case = ask(order, buyer, now=NOW, **wish)
    return approve_case(actor=seller, case_id=case.pk, idempotency_key=KEY, now=NOW)


KEY = "0f0e0d0c-0b0a-4908-8706-050403020101"


def test_goods_whose_money_all_went_back_are_not_reviewed(line, arun, mei):
    granted(line.order, arun, mei, quantity=2)

    assert reviewable_lines(line.order, NOW) == []
    refused(NotReviewable, lambda: review(line, now=NOW))


def test_goods_of_which_some_money_went_back_are_reviewed(market, line, arun, mei):
    granted(line.order, arun, mei, quantity=2, amount_fen=line.paid_fen - 1)

    assert reviewable_lines(line.order, NOW) == [line]
    review(line, score=2, now=NOW)
    assert scores(market) == (1, 2, 1, 2)


def test_a_wish_that_is_only_asked_leaves_the_review_free(line, arun):
    ask(line.order, arun, quantity=2, now=NOW)

    assert review(line, score=1, now=NOW).score == 1


def test_the_window_closes(line):
    last = NOW + timedelta(days=60)

    refused(ReviewTooLate, lambda: review(line, now=last + timedelta(seconds=1)))
    assert reviewable_lines(line.order, last + timedelta(seconds=1)) == []
    assert review(line, now=last).created_at == last


def test_the_own_shops_people_the_grower_and_the_paid_host_do_not_judge(market, line, arun):
    member = ShopMember.objects.create(shop=market.shop, user=arun, role="clerk")
    refused(OwnGoods, lambda: review(line, now=NOW))
    member.delete()
    market.farmer.user = arun
    market.farmer.save(update_fields=["user"])
    refused(OwnGoods, lambda: review(line, now=NOW))
    market.farmer.user = None
    market.farmer.save(update_fields=["user"])

    assert review(line, now=NOW)


def test_the_host_who_earns_of_the_line_does_not_judge_it(market, zhuoma, mei):
    _pin, source = make_pin(host=market.host, shop=market.shop, variant=market.variant)
    order = make_shipped(buyer=zhuoma, seller=mei, variant=market.variant, source=source)
    order = receive_order(buyer=zhuoma, number=order.number, now=order.shipped_at)

    refused(OwnGoods, lambda: review(order.lines.get(), now=order.shipped_at))


@pytest.mark.parametrize("score", [0, 6, -1, 10**9, True, 4.5, "5", None])
def test_there_are_one_to_five_stars(line, score):
    refused(Invalid, lambda: review(line, score=score, now=NOW))


def test_too_many_words_and_photos_are_refused(line, arun):
    photos = [make_photo(user=arun).pk for _ in range(7)]

    refused(Invalid, lambda: review(line, text="长" * 1001, now=NOW))
    refused(Invalid, lambda: review(line, photo_ids=photos, now=NOW))
    assert review(line, text="长" * 1000, photo_ids=photos[:6], now=NOW).photo_count == 6


def test_the_database_refuses_what_cannot_be(market, line):
    written = review(line, now=NOW)
    impossible = (
        lambda: Review.objects.filter(pk=written.pk).update(score=0),
        lambda: Review.objects.filter(pk=written.pk).update(score=6),
        lambda: Review.objects.filter(pk=written.pk).update(status="hidden"),
        lambda: Review.objects.filter(pk=written.pk).update(reply="谢谢"),
        lambda: Review.objects.create(
            line=line, buyer=written.buyer, product=market.product, shop=market.shop, score=1, created_at=NOW
        ),
        lambda: Product.objects.filter(pk=market.product.pk).update(review_stars=6),
        lambda: Shop.objects.filter(pk=market.shop.pk).update(review_count=0),
    )

    for change in impossible:
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
    assert scores(market) == (1, 5, 1, 5)


def test_it_is_changed_in_the_first_days_and_the_score_follows(market, line, arun, zoya):
    old, new = make_photo(user=arun), make_photo(user=arun)
    written = review(line, score=2, text="一般", photo_ids=[old.pk], now=NOW)
    later = NOW + timedelta(days=15)

    changed = edit_review(
        buyer=arun, review_id=written.pk, score=5, text="后来好了", photo_ids=[new.pk], now=later
    )

    assert (changed.score, changed.text, changed.edited_at, changed.created_at) == (5, "后来好了", later, NOW)
    assert [one.photo for one in changed.pictures.all()] == [new]
    assert scores(market) == (1, 5, 1, 5)

    def edit(buyer, now):
        return lambda: edit_review(buyer=buyer, review_id=written.pk, score=1, now=now)

    refused(ReviewTooLate, edit(arun, later + timedelta(seconds=1)))
    refused(NotFound, edit(zoya, NOW))


def test_the_shop_answers_once_and_may_change_the_answer(line, arun, mei, zoya, drain_outbox):
    written = review(line, now=NOW)
    drain_outbox()
    told = Notification.objects.get(kind="review_written")
    assert (told.contact, told.url) == (line.order.shop.contact, "/desk/reviews/")
    assert list(desk_reviews(user=mei, unanswered=True)) == [written]

    reply_to_review(actor=mei, review_id=written.pk, text=" 谢谢 ", now=NOW)
    reply_to_review(actor=mei, review_id=written.pk, text="谢谢您", now=NOW + timedelta(hours=1))

    written.refresh_from_db()
    assert (written.reply, written.replied_by, written.replied_at) == ("谢谢您", mei, NOW)
    assert written.reply_edited_at == NOW + timedelta(hours=1)
    assert list(desk_reviews(user=mei, unanswered=True)) == []
    drain_outbox()
    assert Notification.objects.get(kind="review_replied").contact.user == arun
    for who, text, refusal in ((zoya, "x", NotFound), (arun, "x", NotFound), (mei, " ", Invalid)):
        refused(
            refusal, lambda w=who, t=text: reply_to_review(actor=w, review_id=written.pk, text=t, now=NOW)
        )
    refused(Invalid, lambda: reply_to_review(actor=mei, review_id=written.pk, text="长" * 501, now=NOW))


def test_anybody_but_its_author_reports_it_once(line, arun, zoya):
    written = review(line, now=NOW)

    for _ in range(2):
        report_review(reporter=zoya, review_id=written.pk, fault="abuse", words=" 骂人 ", now=NOW)

    report = ReviewReport.objects.get()
    assert (report.reporter, report.fault, report.words, report.settled_at) == (zoya, "abuse", "骂人", None)
    for who, fault, refusal in ((arun, "abuse", NotFound), (zoya, "boring", Invalid)):
        with pytest.raises(refusal):
            report_review(reporter=who, review_id=written.pk, fault=fault, now=NOW)
    assert ReviewReport.objects.count() == 1


def test_an_operator_hides_it_from_everyone_and_from_the_score(
    market, line, arun, zoya, operator, drain_outbox
):
    written = review(line, score=1, text="骗子", now=NOW)
    report_review(reporter=zoya, review_id=written.pk, fault="abuse", now=NOW)

    hide_review(actor=operator, review_id=written.pk, reason="骂人", now=NOW)

    written.refresh_from_db()
    assert (written.status, written.hidden_at, written.hidden_reason) == ("hidden", NOW, "骂人")
    assert scores(market) == (0, 0, 0, 0)
    assert list(product_reviews(user=zoya, product_id=market.product.pk)) == []
    assert ReviewReport.objects.get().settled_at == NOW
    entry = AuditEntry.objects.get(action="reviews.hide")
    assert (entry.actor, entry.target, entry.reason) == (
        f"user:{operator.pk}",
        f"review:{written.pk}",
        "骂人",
    )
    drain_outbox()
    assert Notification.objects.get(kind="review_hidden").body == "骂人"
    refused(MoveRefused, lambda: hide_review(actor=operator, review_id=written.pk, reason="x", now=NOW))
    refused(MoveRefused, lambda: edit_review(buyer=arun, review_id=written.pk, score=5, now=NOW))
    refused(NotFound, lambda: report_review(reporter=zoya, review_id=written.pk, fault="abuse", now=NOW))


def test_an_operator_shows_it_again_and_it_counts_again(market, line, mei, operator):
    written = review(line, score=3, now=NOW)
    hide_review(actor=operator, review_id=written.pk, reason="x", now=NOW)
    refused(MoveRefused, lambda: reply_to_review(actor=mei, review_id=written.pk, text="x", now=NOW))

    show_review(actor=operator, review_id=written.pk, reason="弄错了", now=NOW)

    written.refresh_from_db()
    assert (written.status, written.hidden_at, written.hidden_reason) == ("visible", None, "")
    assert scores(market) == (1, 3, 1, 3)
    assert AuditEntry.objects.get(action="reviews.show").reason == "弄错了"
    refused(MoveRefused, lambda: show_review(actor=operator, review_id=written.pk, reason="x", now=NOW))


def test_an_operator_may_leave_a_reported_review_as_it_is(market, line, zoya, operator):
    written = review(line, now=NOW)
    refused(MoveRefused, lambda: keep_review(actor=operator, review_id=written.pk, reason="x", now=NOW))
    report_review(reporter=zoya, review_id=written.pk, fault="false", now=NOW)

    keep_review(actor=operator, review_id=written.pk, reason="没问题", now=NOW)

    assert ReviewReport.objects.get().settled_at == NOW
    assert scores(market) == (1, 5, 1, 5)


@pytest.mark.parametrize("move", [hide_review, show_review, keep_review])
def test_only_operators_hide_and_show_and_never_without_a_reason(line, mei, operator, move):
    written = review(line, now=NOW)

    refused(NotAllowed, lambda: move(actor=mei, review_id=written.pk, reason="x", now=NOW))
    refused(Invalid, lambda: move(actor=operator, review_id=written.pk, reason="  ", now=NOW))
    assert not AuditEntry.objects.filter(action__startswith="reviews.").exists()


def test_flooding_is_stopped(line, arun, zoya):
    written = review(line, now=NOW)
    for _ in range(20):
        report_review(reporter=zoya, review_id=written.pk, fault="abuse", now=NOW)
    with pytest.raises(TooMany):
        report_review(reporter=zoya, review_id=written.pk, fault="abuse", now=NOW)
    for _ in range(59):
        edit_review(buyer=arun, review_id=written.pk, score=4, now=NOW)

    refused(TooMany, lambda: edit_review(buyer=arun, review_id=written.pk, score=4, now=NOW))


def test_photos_of_goods_and_of_evidence_are_not_for_reviews(market, line, arun):
    photo = make_photo(user=arun, product=market.product)

    evidence = make_photo(user=arun, is_private=True)

    refused(NotFound, lambda: review(line, photo_ids=[photo.pk], now=NOW))
    refused(NotFound, lambda: review(line, photo_ids=[evidence.pk], now=NOW))
    assert Photo.objects.get(pk=photo.pk).product == market.product


def test_a_hidden_shop_shows_no_reviews(market, line, zoya):
    review(line, now=NOW)
    Shop.objects.filter(pk=market.shop.pk).update(status="closed")

    with pytest.raises(NotFound):
        product_reviews(user=zoya, product_id=market.product.pk)


def test_reviews_of_one_person_do_not_mix_with_anothers(market, line, mei):
    other = make_person(name="新人")
    second = review(make_received(buyer=other, seller=mei, variant=market.variant).lines.get(), score=1)
    first = review(line, now=NOW)

    assert list(product_reviews(user=other, product_id=market.product.pk)) == [first, second]
    assert list(Review.objects.for_buyer(other)) == [second]
    assert scores(market) == (2, 6, 2, 6)
