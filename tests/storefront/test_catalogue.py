"""Front page, catalogue, product and shop as buyers see them."""

import pytest
from django.urls import reverse

from livestreams.models import LiveSession, RundownItem
from livestreams.statuses import SessionStatus
from shops.statuses import ProductStatus, ShopStatus
from tests.factories.shops import NOW, make_category, make_product, make_shop, make_variant, make_village


def on_air(market, **fields) -> LiveSession:
    values = {"title": "云岭早市", "status": SessionStatus.LIVE, "scheduled_at": NOW, "created_at": NOW}
    return LiveSession.objects.create(host=market.host, shop=market.shop, **(values | fields))


def html(client, path: str, status: int = 200, **query) -> str:
    answer = client.get(path, query)
    assert answer.status_code == status
    return answer.content.decode()


def test_front_page_of_an_empty_market_says_so(client, db):
    assert "empty__title" in html(client, "/")


def test_front_page_shows_show_goods_and_villages(client, market, django_assert_max_num_queries):
    session = on_air(market)

    with django_assert_max_num_queries(10):
        page = html(client, "/")

    assert f'href="/live/{session.pk}/"' in page
    assert "云岭早市" in page
    assert f'href="/products/{market.product.pk}/"' in page
    assert f"/products/?village={market.village.pk}" in page


def test_catalogue_searches_filters_and_orders(client, market):
    make_product(shop=market.shop, title="野生蜂蜜", price_fen=9900, stock=0, search_text="野生蜂蜜")
    make_product(
        shop=market.shop,
        title="松茸",
        price_fen=500,
        category=make_category(slug="mushroom", name="菌子"),
        village=make_village(name="远村"),
    )

    assert "野生蜂蜜" in html(client, "/products/", search="蜂蜜")
    assert "高山青稞米" not in html(client, "/products/", search="蜂蜜")
    assert "野生蜂蜜" not in html(client, "/products/", in_stock="on")
    assert "松茸" not in html(client, "/products/", village=market.village.pk)
    only = html(client, "/products/", category="mushroom")
    assert "松茸" in only
    assert "高山青稞米" not in only
    cheap = html(client, "/products/", max_price="5", ordering="-price")
    assert "松茸" in cheap
    assert "高山青稞米" not in cheap


@pytest.mark.parametrize(
    "query",
    [
        {"page": "99999"},
        {"page": "x"},
        {"village": "x"},
        {"village": "9" * 30},
        {"category": "\x00"},
        {"min_price": "1.5.5"},
        {"max_price": "1e99"},
        {"ordering": "shop__contact__phone"},
        {"search": "<script>alert(1)</script>"},
        {"search": "x" * 500},
        {"in_stock": "maybe"},
    ],
)
def test_nonsense_in_the_catalogue_is_harmless(client, market, query):
    assert "<script>alert" not in html(client, "/products/", **query)


def test_catalogue_has_pages(client, market, django_assert_max_num_queries):
    for number in range(30):
        make_product(shop=market.shop, title=f"货{number:02d}", with_photo=False)

    with django_assert_max_num_queries(8):
        first = html(client, "/products/", search="货", page=1)
    second = html(client, "/products/", search="货", page=2)

    assert first.count("<article") == 24
    assert second.count("<article") == 6
    assert "page=2" in first


def test_product_page_tells_price_stock_grower_and_split(client, market, django_assert_max_num_queries):
    with django_assert_max_num_queries(8):
        page = html(client, f"/products/{market.product.pk}/")

    assert "高山青稞米" in page
    assert "扎西" in page
    assert "云岭村" in page
    assert "¥65.96" in page  # 6800 fen less the market's 3 %
    assert "¥2.04" in page
    assert "¥8.00" in page
    assert f'name="variant" value="{market.variant.pk}"' in page
    assert "13800000006" not in page


def test_product_page_says_when_it_is_sold_out(client, market):
    sold_out = make_product(shop=market.shop, title="没了", stock=0)

    page = html(client, f"/products/{sold_out.pk}/")

    assert 'value="checkout"' not in page
    assert "data-stepper" not in page


def test_variants_can_be_chosen(client, market):
    big = make_variant(product=market.product, name="1千克", price_fen=12000, stock=3, position=1)

    page = html(client, f"/products/{market.product.pk}/", variant=big.pk)

    assert "¥116.40" in page  # the split of the chosen variant's ¥120
    assert html(client, f"/products/{market.product.pk}/", variant="x'--")


def test_product_shown_live_leads_to_the_room(client, market):
    session = on_air(market)
    RundownItem.objects.create(session=session, variant=market.variant, position=1, live_price_fen=5800)

    page = html(client, f"/products/{market.product.pk}/")

    assert f'href="/live/{session.pk}/"' in page
    assert "¥58.00" in page


def test_hostile_text_is_shown_as_text(client, market):
    market.product.title = "<script>alert(1)</script>"
    market.product.description = "<img src=x onerror=alert(1)>"
    market.product.save(update_fields=["title", "description"])
    market.farmer.story = '"><svg onload=alert(1)>'
    market.farmer.save(update_fields=["story"])

    for path in (f"/products/{market.product.pk}/", "/", "/products/", f"/shops/{market.shop.pk}/"):
        page = html(client, path)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "<svg onload" not in page


def test_drafts_are_seen_by_their_shop_only(client, market, mei, zoya):
    draft = make_product(shop=market.shop, title="草稿", status=ProductStatus.DRAFT)
    path = f"/products/{draft.pk}/"

    html(client, path, status=404)
    client.force_login(zoya)
    html(client, path, status=404)
    client.force_login(mei)
    assert "草稿" in html(client, path)
    html(client, "/products/99999999999999999999/", status=404)


def test_shop_page_shows_its_goods_and_shows(client, market, mei, zoya):
    on_air(market)

    page = html(client, reverse("storefront:shop", args=[market.shop.pk]))
    assert "云岭合作社" in page
    assert "高山青稞米" in page
    assert "云岭早市" in page
    assert "扎西" in page

    hidden = make_shop(owner=mei, name="未开", status=ShopStatus.PENDING)
    client.force_login(zoya)
    html(client, f"/shops/{hidden.pk}/", status=404)
    client.force_login(mei)
    assert "未开" in html(client, f"/shops/{hidden.pk}/")
