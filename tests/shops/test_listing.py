"""Listings: written whole or not at all, price apart from stock (PR8, A3)."""

import pytest

from common.errors import Invalid, MoveRefused, NotFound
from common.models import AuditEntry
from shops.errors import FarmerFixed, ListingIncomplete, ShopNotSelling
from shops.models import Product, StockMovement, Variant, VariantStock
from shops.services.listing import (
    ListingData,
    VariantData,
    archive_product,
    publish_product,
    save_product,
)
from shops.services.stock import reserve
from shops.statuses import PhotoStatus, ProductStatus, ShopStatus
from tests.factories.shops import NOW, make_farmer, make_photo, make_product, make_shop


def wanted(market, **changes) -> ListingData:
    values = {
        "title": "野生蜂蜜",
        "category": market.category,
        "village": market.village,
        "farmer": market.farmer,
        "description": "山上的",
        "variants": [VariantData(name="500克", price_fen=9900, stock=20)],
    }
    return ListingData(**values | changes)


def test_new_listing_is_a_draft_with_one_implicit_lot(market, mei):
    product = save_product(actor=mei, shop=market.shop, data=wanted(market), now=NOW)

    variant = product.variants.get()
    assert (product.status, product.title, product.farmer) == ("draft", "野生蜂蜜", market.farmer)
    assert (variant.price_fen, variant.stock.available) == (9900, 20)
    lot = variant.lots.get()
    assert (lot.quantity, lot.farmer, lot.shop) == (20, market.farmer, market.shop)
    assert variant.movements.get().quantity == 20


def test_price_change_leaves_stock_and_is_audited(market, mei):
    variants = [VariantData(pk=market.variant.pk, name="500克", price_fen=7000)]
    moves = StockMovement.objects.count()

    save_product(
        actor=mei, shop=market.shop, data=wanted(market, variants=variants), now=NOW, product=market.product
    )

    market.variant.refresh_from_db()
    assert market.variant.price_fen == 7000
    assert VariantStock.objects.get(pk=market.variant.pk).available == 100
    assert StockMovement.objects.count() == moves
    entry = AuditEntry.objects.get(action="shops.price_changed")
    assert (entry.actor, entry.before, entry.after) == (
        f"user:{mei.pk}",
        {"price_fen": 6800},
        {"price_fen": 7000},
    )


def test_counted_stock_keeps_what_is_held_for_orders(market, mei):
    reserve(variant_id=market.variant.pk, quantity=30, reference="order_line:1", expires_at=NOW, now=NOW)
    variants = [VariantData(pk=market.variant.pk, name="500克", price_fen=6800, stock=50)]

    save_product(
        actor=mei, shop=market.shop, data=wanted(market, variants=variants), now=NOW, product=market.product
    )

    stock = VariantStock.objects.get(pk=market.variant.pk)
    assert (stock.available, stock.reserved) == (50, 30)
    assert sum(move.quantity for move in market.variant.movements.all()) == 80


def test_variant_left_out_is_no_longer_sold(market, mei):
    variants = [VariantData(name="1千克", price_fen=12000, stock=5)]

    save_product(
        actor=mei, shop=market.shop, data=wanted(market, variants=variants), now=NOW, product=market.product
    )

    market.variant.refresh_from_db()
    assert market.variant.is_active is False
    assert market.product.variants.filter(is_active=True).get().name == "1千克"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": "  "}, "title"),
        ({"title": "长" * 81}, "title"),
        ({"variants": [VariantData(name="箱", price_fen=0, stock=1)]}, "price_fen"),
        ({"variants": [VariantData(name="箱", price_fen=-1, stock=1)]}, "price_fen"),
        ({"variants": [VariantData(name="箱", price_fen=10**11, stock=1)]}, "price_fen"),
        ({"variants": [VariantData(name="箱", price_fen=1, stock=-1)]}, "stock"),
        ({"variants": [VariantData(name="箱", price_fen=1, stock=10**9)]}, "stock"),
        ({"variants": [VariantData(name=" ", price_fen=1, stock=1)]}, "name"),
        ({"variants": []}, "variants"),
    ],
)
def test_wrong_listing_writes_nothing(market, mei, changes, field):
    with pytest.raises(Invalid) as refusal:
        save_product(actor=mei, shop=market.shop, data=wanted(market, **changes), now=NOW)

    assert list(refusal.value.fields) == [field]
    assert (Product.objects.count(), Variant.objects.count()) == (1, 1)


def test_stranger_lists_nothing_and_changes_nothing(market, zoya):
    with pytest.raises(NotFound):
        save_product(actor=zoya, shop=market.shop, data=wanted(market), now=NOW)
    with pytest.raises(NotFound):
        save_product(actor=zoya, shop=market.shop, data=wanted(market), now=NOW, product=market.product)
    with pytest.raises(NotFound):
        publish_product(actor=zoya, product=market.product, now=NOW)
    with pytest.raises(NotFound):
        archive_product(actor=zoya, product=market.product, now=NOW)

    market.product.refresh_from_db()
    assert (Product.objects.count(), market.product.title, market.product.status) == (
        1,
        "高山青稞米",
        "published",
    )


def test_farmer_who_gave_no_consent_is_not_sold_for(market, mei):
    other = make_farmer(village=market.village, name="另一户")

    with pytest.raises(NotFound):
        save_product(actor=mei, shop=market.shop, data=wanted(market, farmer=other), now=NOW)

    assert Product.objects.count() == 1


def test_stock_of_one_farmer_cannot_become_anothers(market, mei):
    with pytest.raises(FarmerFixed):
        save_product(
            actor=mei, shop=market.shop, data=wanted(market, farmer=None), now=NOW, product=market.product
        )

    market.product.refresh_from_db()
    assert market.product.farmer == market.farmer


def test_variant_of_another_product_is_not_found(market, mei):
    other = make_product(shop=market.shop, title="别的")
    variants = [VariantData(pk=other.variants.get().pk, name="箱", price_fen=1)]

    with pytest.raises(NotFound):
        save_product(
            actor=mei,
            shop=market.shop,
            data=wanted(market, variants=variants),
            now=NOW,
            product=market.product,
        )

    assert other.variants.get().price_fen == 6800


def test_publishing_waits_for_a_photo(market, mei):
    product = make_product(shop=market.shop, status=ProductStatus.DRAFT, with_photo=False)

    with pytest.raises(ListingIncomplete) as refusal:
        publish_product(actor=mei, product=product, now=NOW)
    assert list(refusal.value.fields) == ["photos"]
    make_photo(product=product, status=PhotoStatus.UPLOADED)
    published = publish_product(actor=mei, product=product, now=NOW)

    assert published.status == ProductStatus.IN_REVIEW
    assert published.published_at is None


def test_publishing_with_a_ready_photo_is_at_once_and_audited(market, mei):
    product = make_product(shop=market.shop, status=ProductStatus.DRAFT)

    published = publish_product(actor=mei, product=product, now=NOW)

    assert (published.status, published.published_at) == (ProductStatus.PUBLISHED, NOW)
    assert AuditEntry.objects.get(action="shops.product_published").target == f"product:{product.pk}"
    with pytest.raises(MoveRefused):
        publish_product(actor=mei, product=product, now=NOW)


def test_stopped_shop_publishes_nothing(market, mei):
    product = make_product(shop=market.shop, status=ProductStatus.DRAFT)
    market.shop.status = ShopStatus.SUSPENDED
    market.shop.save(update_fields=["status"])

    with pytest.raises(ShopNotSelling):
        publish_product(actor=mei, product=product, now=NOW)

    product.refresh_from_db()
    assert product.status == ProductStatus.DRAFT


def test_archived_goods_come_back(market, mei):
    archive_product(actor=mei, product=market.product, now=NOW)
    market.product.refresh_from_db()
    assert market.product.status == ProductStatus.ARCHIVED

    publish_product(actor=mei, product=market.product, now=NOW)
    market.product.refresh_from_db()
    assert market.product.status == ProductStatus.PUBLISHED


def test_photos_of_others_cannot_be_taken(market, mei, zoya):
    theirs = make_photo(user=zoya)
    other_shop = make_shop(owner=zoya)
    of_their_product = make_photo(product=make_product(shop=other_shop, with_photo=False), user=zoya)

    for photo in (theirs, of_their_product):
        with pytest.raises(NotFound):
            save_product(actor=mei, shop=market.shop, data=wanted(market, photo_ids=[photo.pk]), now=NOW)

    assert Product.objects.filter(shop=market.shop).count() == 1
