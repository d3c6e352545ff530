"""Pages of reviews: product, shop, all reviews, writing without scripts, reporting, the desk; their cost."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.html import escape

from common.clock import utc_now
from orders.models import Review, ReviewReport
from orders.services.judging_reviews import hide_review, reply_to_review
from shops.models import Photo
from tests.factories.reviews import make_received, review
from tests.factories.shops import make_person, make_photo
from tests.uploads.pictures import picture_bytes

pytestmark = pytest.mark.django_db


@pytest.fixture
def line(market, arun, mei):
    return make_received(buyer=arun, seller=mei, variant=market.variant).lines.get()


@pytest.fixture
def product_url(market) -> str:
    return f"/products/{market.product.pk}/"


def write_url(line) -> str:
    return f"/orders/{line.order.number}/lines/{line.pk}/review/"


def html(client, path: str, **query) -> str:
    answer = client.get(path, query)
    assert answer.status_code == 200, path
    return answer.content.decode()


def many(market, mei, number: int, **said) -> list[Review]:
    buyer = make_person(name="白玛央金")
    lines = [
        make_received(buyer=buyer, seller=mei, variant=market.variant).lines.get() for _ in range(number)
    ]
    return [review(line, score=1 + place % 5, **said) for place, line in enumerate(lines)]


def test_a_product_without_reviews_says_so_and_asks_nothing_more(
    client, product_url, django_assert_max_num_queries
):
    with django_assert_max_num_queries(8):
        page = html(client, product_url)

    assert 'id="reviews"' in page
    assert "data-review=" not in page
    assert "/reviews/" not in page


def test_a_product_page_costs_the_same_with_many_reviews(
    client, market, mei, product_url, django_assert_max_num_queries
):
    reviews = many(market, mei, 12, text="香")
    for one in reviews:
        one.pictures.create(photo=make_photo(user=one.buyer), position=0)

    with django_assert_max_num_queries(8):
        page = html(client, product_url)

    assert page.count("data-review=") == 3
    assert f'data-review="{reviews[-1].pk}"' in page
    assert 'class="num">2.8<' in page
    assert f'href="{product_url}reviews/"' in page


def test_names_are_masked_and_words_are_escaped(client, market, mei, product_url):
    words = '<script>alert("评")</script>'
    (written,) = many(market, mei, 1, text=words)
    reply_to_review(actor=mei, review_id=written.pk, text="<img src=x onerror=alert(1)>", now=utc_now())

    for path in (product_url, f"{product_url}reviews/", f"/shops/{market.shop.pk}/reviews/"):
        page = html(client, path)
        assert escape(words) in page
        assert words not in page
        assert "<img src=x" not in page
        assert "白***" in page
        assert "白玛央金" not in page


def test_all_reviews_go_on_page_by_page_at_one_cost(
    client, market, mei, product_url, django_assert_max_num_queries
):
    reviews = many(market, mei, 23)

    with django_assert_max_num_queries(7):
        first = html(client, f"{product_url}reviews/")
    before = reviews[3].pk
    assert first.count("data-review=") == 20
    assert f"before={before}" in first
    second = html(client, f"{product_url}reviews/", before=before)

    assert second.count("data-review=") == 3
    assert f'data-review="{reviews[0].pk}"' in second
    assert html(client, f"{product_url}reviews/", before="x'--", show="9").count("data-review=") == 20


def test_reviews_are_narrowed_by_stars_and_photos(client, market, mei, arun, line, product_url):
    many(market, mei, 5)
    review(line, score=5, photo_ids=[make_photo(user=arun).pk])

    for address in (f"{product_url}reviews/", f"/shops/{market.shop.pk}/reviews/"):
        counts = [html(client, address, show=show).count("data-review=") for show in ("", "5", "1", "photos")]
        assert counts == [6, 2, 1, 1]


def test_hidden_reviews_are_seen_by_their_buyer_and_the_shop_only(
    client, market, line, arun, mei, operator, product_url
):
    written = review(line, score=1, text="骗人的话")
    hide_review(actor=operator, review_id=written.pk, reason="不合规矩", now=utc_now())

    for path in (product_url, f"{product_url}reviews/", f"/shops/{market.shop.pk}/reviews/"):
        assert "骗人的话" not in html(client, path)
    client.force_login(arun)
    assert "不合规矩" in html(client, f"/orders/{line.order.number}/")
    assert client.get(f"/reviews/{written.pk}/report/").status_code == 404
    client.force_login(mei)
    assert "不合规矩" in html(client, "/desk/reviews/", tab="all")


def test_a_buyer_writes_a_review_with_a_photo_and_no_script(client, line, arun, product_url):
    client.force_login(arun)
    assert write_url(line) in html(client, f"/orders/{line.order.number}/")
    assert html(client, write_url(line)).count('name="score"') == 5
    file = SimpleUploadedFile("a.jpg", picture_bytes(), content_type="image/jpeg")

    answer = client.post(write_url(line), {"score": "4", "text": "很香", "files": [file]})

    assert (answer.status_code, answer["Location"]) == (302, f"/orders/{line.order.number}/")
    written = Review.objects.get()
    assert (written.score, written.text, written.photo_count) == (4, "很香", 1)
    assert written.pictures.get().photo == Photo.objects.get(uploaded_by=arun, is_private=False)


def test_sent_twice_it_is_one_review(client, line, arun):
    client.force_login(arun)

    for _ in range(2):
        assert client.post(write_url(line), {"score": "4", "text": "很香"}).status_code == 302

    assert Review.objects.get().text == "很香"


def test_a_review_is_changed_on_the_same_page(client, line, arun):
    photo = make_photo(user=arun)
    written = review(line, score=2, text="一般", photo_ids=[photo.pk])
    client.force_login(arun)
    page = html(client, write_url(line))
    assert f'name="photos" value="{photo.pk}"' in page
    assert "一般</textarea>" in page

    client.post(write_url(line), {"score": "5", "text": "后来好了", "photos": [photo.pk]})

    written.refresh_from_db()
    assert (written.score, written.text, written.photo_count) == (5, "后来好了", 1)


@pytest.mark.parametrize("said", [{}, {"score": "0"}, {"score": "6"}, {"score": "5", "text": "长" * 1001}])
def test_what_is_missing_or_too_much_is_asked_again(client, line, arun, said):
    client.force_login(arun)

    assert client.post(write_url(line), said).status_code == 400
    assert not Review.objects.exists()


def test_a_file_that_is_no_picture_is_refused_and_the_words_stay(client, line, arun):
    client.force_login(arun)
    file = SimpleUploadedFile("a.jpg", b"<svg onload=alert(1)>", content_type="image/jpeg")

    answer = client.post(write_url(line), {"score": "4", "text": "很香", "files": [file]})

    assert answer.status_code == 400
    assert "很香" in answer.content.decode()
    assert not Review.objects.exists()


def test_strangers_and_other_lines_have_no_form(client, line, arun, zoya, market, mei):
    other = make_received(buyer=arun, seller=mei, variant=market.variant).lines.get()
    client.force_login(arun)
    assert client.get(f"/orders/{line.order.number}/lines/{other.pk}/review/").status_code == 404
    client.force_login(zoya)
    assert client.get(write_url(line)).status_code == 404
    assert client.post(write_url(line), {"score": "1"}).status_code == 404
    assert not Review.objects.exists()


def test_after_the_window_there_is_no_form(client, market, arun, mei):
    long_ago = utc_now() - timedelta(days=61)
    line = make_received(buyer=arun, seller=mei, variant=market.variant, now=long_ago).lines.get()
    client.force_login(arun)

    assert write_url(line) not in html(client, f"/orders/{line.order.number}/")
    assert 'name="score"' not in html(client, write_url(line))
    assert client.post(write_url(line), {"score": "1"}).status_code == 409


def test_the_desk_answers(client, market, line, mei, product_url):
    written = review(line, text="很香")
    client.force_login(mei)
    assert "很香" in html(client, "/desk/reviews/")

    answer = client.post(f"/desk/reviews/{written.pk}/reply/", {f"review-{written.pk}-text": "谢谢您"})

    assert (answer.status_code, answer["Location"]) == (302, "/desk/reviews/?tab=to_answer")
    assert "很香" not in html(client, "/desk/reviews/")
    assert "谢谢您" in html(client, product_url)


def test_a_reader_reports(client, line, zoya, market):
    written = review(line)
    client.force_login(zoya)
    assert f"/reviews/{written.pk}/report/" in html(client, f"/products/{market.product.pk}/reviews/")

    assert client.post(f"/reviews/{written.pk}/report/", {}).status_code == 400
    answer = client.post(f"/reviews/{written.pk}/report/", {"fault": "advertising", "words": "广告"})

    assert answer["Location"] == f"/products/{market.product.pk}/reviews/"
    assert ReviewReport.objects.get().fault == "advertising"


def test_a_buyer_finds_the_own_reviews_with_answers_and_may_change_them(client, market, line, arun, mei):
    said = review(line, text="很香")
    reply_to_review(actor=mei, review_id=said.pk, text="谢谢您", now=utc_now())
    many(market, mei, 2, text="别人的话")
    client.force_login(arun)

    page = html(client, "/me/reviews/")

    assert page.count("data-review=") == 1
    assert f'data-review="{said.pk}"' in page
    assert ("谢谢您" in page, "别人的话" in page) == (True, False)
    assert f'href="{write_url(line)}"' in page
    Review.objects.update(created_at=utc_now() - timedelta(days=16))
    assert f'href="{write_url(line)}"' not in html(client, "/me/reviews/")
    assert 'href="/me/reviews/"' in html(client, "/me/")


def test_nothing_said_yet_leads_to_the_orders(client, arun):
    client.force_login(arun)

    page = html(client, "/me/reviews/")

    assert "data-review=" not in page
    assert 'href="/orders/?tab=completed"' in page


def test_the_own_reviews_cost_the_same_when_they_are_many(
    client, market, mei, arun, django_assert_max_num_queries
):
    for _ in range(5):
        review(make_received(buyer=arun, seller=mei, variant=market.variant).lines.get())
    client.force_login(arun)
    client.get("/me/reviews/")

    with django_assert_max_num_queries(8):
        assert html(client, "/me/reviews/").count("data-review=") == 5
