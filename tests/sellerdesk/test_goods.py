"""The goods pages of the desk: one form from photo to listing, fields kept when it is wrong (A3, D1, D2)."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from shops.models import Photo, Product, VariantStock
from shops.services.listing import add_photo
from shops.services.stock import reserve
from shops.statuses import ProductStatus
from tests.factories.shops import NOW, add_member, make_photo, make_product, make_shop
from tests.uploads.pictures import picture_bytes, png_header

NEW = "/desk/goods/new/"


def photo_file(data: bytes | None = None, name: str = "a.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, picture_bytes() if data is None else data, content_type="image/jpeg")


def typed(market, **changes) -> dict:
    return {
        "title": "野生蜂蜜",
        "price": "68.5",
        "unit": "500克",
        "stock": "20",
        "category": market.category.pk,
        "village": market.village.pk,
        "farmer": market.farmer.pk,
        "description": "",
        "then": "publish",
    } | changes


@pytest.fixture
def desk(client, market, mei):
    client.force_login(mei)
    return client


def test_one_form_puts_goods_on_sale(desk, market, drain_outbox):
    answer = desk.post(NEW, typed(market, files=[photo_file()]))

    product = Product.objects.latest("pk")
    assert (answer.status_code, answer.url) == (302, f"/desk/goods/{product.pk}/?published=1")
    assert product.status == ProductStatus.IN_REVIEW
    assert "hx-get" in desk.get(answer.url).content.decode()
    drain_outbox()
    product.refresh_from_db()
    variant = product.variants.get()
    assert product.status == ProductStatus.PUBLISHED
    assert (variant.name, variant.price_fen, variant.stock.available) == ("500克", 6850, 20)
    assert variant.lots.get().farmer == market.farmer
    done = desk.get(f"/desk/goods/{product.pk}/state/?published=1").content.decode()
    assert "goods-done" in done
    assert f"/products/{product.pk}/" in done
    assert "hx-get" not in done


def test_photos_sent_before_the_form_are_used(desk, market, mei):
    photo = add_photo(actor=mei, product=None, file=photo_file(), now=NOW)

    desk.post(NEW, typed(market, photos=[photo.pk]))

    photo.refresh_from_db()
    assert photo.product == Product.objects.latest("pk")


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"price": "0"}, 'value="0"'),
        ({"price": "1.5.5"}, 'value="1.5.5"'),
        ({"price": "-3"}, 'value="-3"'),
        ({"price": "1e9"}, 'value="1e9"'),
        ({"price": "NaN"}, 'value="NaN"'),
        ({"price": "68.005"}, 'value="68.005"'),
        ({"price": "9999999999"}, 'value="9999999999"'),
        ({"price": ""}, "野生蜂蜜"),
        ({"stock": "-1"}, 'value="-1"'),
        ({"stock": "1000000000"}, 'value="1000000000"'),
        ({"stock": "1.5"}, 'value="1.5"'),
        ({"stock": ""}, "野生蜂蜜"),
        ({"unit": ""}, "野生蜂蜜"),
        ({"title": ""}, 'value="68.5"'),
        ({"title": "长" * 81}, "长" * 81),
        ({"title": "a\x00b"}, 'value="68.5"'),
        ({"category": "x"}, "野生蜂蜜"),
        ({"category": ""}, "野生蜂蜜"),
        ({"village": "9" * 30}, "野生蜂蜜"),
        ({"farmer": "99999"}, "野生蜂蜜"),
        ({"title": "<script>alert(1)</script>", "price": "0"}, "&lt;script&gt;alert(1)&lt;/script&gt;"),
    ],
)
def test_wrong_field_keeps_the_form_and_writes_nothing(desk, market, changes, kept):
    answer = desk.post(NEW, typed(market, files=[photo_file()], **changes))

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "field__error" in page
    assert kept in page
    assert Product.objects.count() == 1
    photo = Photo.objects.latest("pk")  # what was sent need not be sent again
    assert f'name="photos" value="{photo.pk}"' in page


def test_missing_photo_is_said_and_fields_are_kept(desk, market):
    answer = desk.post(NEW, typed(market))

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "photos_error" in page
    assert 'value="68.5"' in page
    assert Product.objects.count() == 1


@pytest.mark.parametrize(
    "data", [b"<svg/>", b"<html>", png_header(50_000, 50_000)], ids=["svg", "html", "50k"]
)
def test_what_is_no_photo_is_said(desk, market, data, media_root):
    answer = desk.post(NEW, typed(market, files=[photo_file(data)]))

    assert answer.status_code == 422
    assert "photos_error" in answer.content.decode()
    assert Product.objects.count() == 1
    assert [path for path in media_root.rglob("*") if path.is_file()] == []


def test_save_for_later_needs_only_a_name(desk, market):
    answer = desk.post(NEW, typed(market, then="later", price="", stock="", unit=""))

    product = Product.objects.latest("pk")
    assert answer.url == f"/desk/goods/{product.pk}/"
    assert (product.status, product.variants.count()) == (ProductStatus.DRAFT, 0)
    assert "野生蜂蜜" in desk.get("/desk/goods/?tab=drafts").content.decode()
    finished = desk.post(
        f"/desk/goods/{product.pk}/edit/", typed(market, files=[photo_file()], then="publish")
    )
    assert finished.status_code == 302
    product.refresh_from_db()
    assert (product.status, product.variants.get().price_fen) == (ProductStatus.IN_REVIEW, 6850)


def test_next_form_remembers_shelf_village_farmer_and_unit(desk, market):
    page = desk.get(NEW).content.decode()

    assert f'<option value="{market.farmer.pk}" selected>' in page
    assert f'<option value="{market.village.pk}" selected>' in page
    assert 'value="500克"' in page
    assert 'inputmode="decimal"' in page
    assert 'accept="image/*"' in page


def test_edit_changes_the_price_and_not_the_stock(desk, market):
    photo, variant = market.product.photos.get(), market.variant
    reserve(variant_id=variant.pk, quantity=4, reference="order_line:1", expires_at=NOW, now=NOW)

    answer = desk.post(
        f"/desk/goods/{market.product.pk}/edit/",
        typed(market, photos=[photo.pk], stock="5")
        | {f"price_{variant.pk}": "70", f"unit_{variant.pk}": "500克"},
    )

    variant.refresh_from_db()
    stock = VariantStock.objects.get(pk=variant.pk)
    assert answer.status_code == 302
    assert (variant.price_fen, stock.available, stock.reserved) == (7000, 96, 4)
    market.product.refresh_from_db()
    assert (market.product.title, market.product.status) == ("野生蜂蜜", ProductStatus.PUBLISHED)


def test_recount_does_not_undo_sales_made_meanwhile(desk, market):
    url, variant = f"/desk/goods/{market.product.pk}/stock/", market.variant
    reserve(variant_id=variant.pk, quantity=10, reference="order_line:1", expires_at=NOW, now=NOW)

    desk.post(url, {"variant": variant.pk, "seen": 100, "counted": 105})

    assert VariantStock.objects.get(pk=variant.pk).available == 95
    desk.post(url, {"variant": variant.pk, "seen": 95, "counted": 90})
    assert VariantStock.objects.get(pk=variant.pk).available == 90
    assert sum(move.quantity for move in variant.movements.all()) == 100


@pytest.mark.parametrize(
    "posted",
    [
        {"seen": 100, "counted": -1},
        {"seen": 100, "counted": "1e9"},
        {"seen": 100, "counted": ""},
        {"seen": "x", "counted": 5},
        {"seen": 1000, "counted": 0},
    ],
)
def test_wrong_recount_changes_nothing(desk, market, posted):
    answer = desk.post(f"/desk/goods/{market.product.pk}/stock/", {"variant": market.variant.pk} | posted)

    assert answer.status_code == 302
    assert VariantStock.objects.get(pk=market.variant.pk).available == 100
    assert market.variant.movements.count() == 1


def test_goods_go_off_and_on_sale(desk, market):
    url = f"/desk/goods/{market.product.pk}/"

    desk.post(f"{url}archive/")
    market.product.refresh_from_db()
    assert market.product.status == ProductStatus.ARCHIVED
    assert "高山青稞米" in desk.get("/desk/goods/?tab=off_sale").content.decode()
    assert desk.post(f"{url}archive/").status_code == 302  # again: said, not broken
    desk.post(f"{url}publish/")
    market.product.refresh_from_db()
    assert market.product.status == ProductStatus.PUBLISHED


def test_publishing_what_is_unfinished_leads_to_the_form(desk, market):
    draft = make_product(shop=market.shop, status=ProductStatus.DRAFT, with_photo=False)

    answer = desk.post(f"/desk/goods/{draft.pk}/publish/")

    assert answer.url == f"/desk/goods/{draft.pk}/edit/"
    draft.refresh_from_db()
    assert draft.status == ProductStatus.DRAFT


def test_clerk_may_list(client, market, zoya):
    add_member(shop=market.shop, user=zoya)
    client.force_login(zoya)

    assert client.get("/desk/goods/").status_code == 200
    assert client.post(NEW, typed(market, files=[photo_file()])).status_code == 302


def test_strangers_find_nothing(client, market, zoya):
    pk = market.product.pk
    pages = ["", "edit/", "state/"]
    posts = ["edit/", "publish/", "archive/", "stock/"]
    assert client.get("/desk/goods/").status_code == 302  # to the sign-in
    client.force_login(zoya)
    for path in ("/desk/", "/desk/goods/", NEW, "/desk/goods/farmers/"):
        assert client.get(path).status_code == 404
    make_shop(owner=zoya)  # even with a shop of their own
    for page in pages:
        assert client.get(f"/desk/goods/{pk}/{page}").status_code == 404
    for post in posts:
        assert client.post(f"/desk/goods/{pk}/{post}", typed(market)).status_code == 404
    assert client.get(f"{NEW}?shop={market.shop.pk}").status_code == 404
    assert client.post(NEW, typed(market, shop=market.shop.pk)).status_code == 404
    market.product.refresh_from_db()
    assert (Product.objects.count(), market.product.title) == (1, "高山青稞米")


def test_photos_of_strangers_are_left_out(desk, market, zoya):
    theirs = make_photo(user=zoya)

    answer = desk.post(NEW, typed(market, photos=[theirs.pk, "x", "9" * 40]))

    assert answer.status_code == 422
    assert f'value="{theirs.pk}"' not in answer.content.decode()
    theirs.refresh_from_db()
    assert theirs.product is None
