"""What is found, by whom."""

import pytest

from shops.selectors import photo_url, published_products, srcset
from shops.statuses import PhotoStatus, ProductStatus, ShopStatus
from tests.factories.shops import make_category, make_photo, make_product, make_shop, make_variant


def titles(**filters) -> list[str]:
    return [product.title for product in published_products(filters)]


@pytest.fixture
def goods(market):
    honey = make_product(
        shop=market.shop, title="野生蜂蜜", price_fen=9900, stock=0, search_text="野生蜂蜜 honey 云岭村"
    )
    make_variant(product=honey, name="小瓶", price_fen=2900, stock=0, position=1)
    make_product(
        shop=market.shop,
        title="松茸干",
        price_fen=19900,
        category=make_category(slug="mushroom", name="菌子"),
        search_text="松茸干 100%天然",
    )
    make_product(shop=market.shop, title="草稿", status=ProductStatus.DRAFT)
    return market


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("蜂蜜", ["野生蜂蜜"]),
        ("松", ["松茸干"]),
        ("青稞", ["高山青稞米"]),
        ("ＨＯＮＥＹ", ["野生蜂蜜"]),
        ("云岭 野生", ["野生蜂蜜"]),
        ("100%", ["松茸干"]),
        ("%", ["松茸干"]),
        ("_", []),
        ("草稿", []),
        ("\x00蜂蜜", ["野生蜂蜜"]),
        ("' OR 1=1 --", []),
    ],
)
def test_search_finds_any_part_of_a_word(goods, text, found):
    assert titles(search=text) == found


def test_filters_and_orders(goods):
    assert titles(ordering="price") == ["野生蜂蜜", "高山青稞米", "松茸干"]
    assert titles(ordering="-price") == ["松茸干", "高山青稞米", "野生蜂蜜"]
    assert titles(category="mushroom") == ["松茸干"]
    assert titles(village=goods.village.pk, in_stock=True, ordering="price") == ["高山青稞米", "松茸干"]
    assert titles(min_fen=6800, max_fen=9900) == ["高山青稞米"]
    assert titles(ordering="nonsense") == ["松茸干", "野生蜂蜜", "高山青稞米"]


def test_price_is_the_lowest_and_stock_the_sum(goods):
    make_variant(product=goods.product, name="1千克", price_fen=12000, stock=7, position=1)
    make_variant(product=goods.product, name="旧", price_fen=100, stock=50, position=2, is_active=False)

    product = published_products().get(pk=goods.product.pk)

    assert (product.price_fen, product.available) == (6800, 107)
    assert [variant.name for variant in product.variants.all()] == ["500克", "1千克"]


def test_goods_of_a_stopped_shop_are_gone(goods):
    goods.shop.status = ShopStatus.SUSPENDED
    goods.shop.save(update_fields=["status"])

    assert titles() == []


def test_list_needs_a_fixed_number_of_queries(goods, mei, django_assert_num_queries):
    for number in range(5):
        make_product(shop=make_shop(owner=mei), title=f"货{number}")

    with django_assert_num_queries(3):
        for product in published_products():
            assert product.shop.name and list(product.photos.all()) and list(product.variants.all())


def test_photo_addresses(market, settings):
    photo = make_photo(product=market.product)
    folder = f"/media/photos/{photo.public_id.hex[:2]}/{photo.public_id}"

    assert photo_url(photo, 300) == f"{folder}/360.webp"
    assert photo_url(photo, 720) == f"{folder}/720.webp"
    assert photo_url(photo, 5000) == f"{folder}/720.webp"
    assert srcset(photo) == f"{folder}/360.webp 360w, {folder}/720.webp 720w"
    assert photo_url(None) == photo_url(make_photo(status=PhotoStatus.UPLOADED)) == ""
