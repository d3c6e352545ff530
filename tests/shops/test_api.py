"""The goods API: shapes, scopes, refusals (api.md; A3, C1, C5, D1)."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from shops.models import Farmer, FarmerAuthorization, Lot, Photo, Product, VariantStock
from shops.statuses import ProductStatus
from tests.factories.shops import make_farmer, make_photo, make_product, make_shop
from tests.uploads.pictures import picture_bytes, png_header

URL = "/api/v1/products/"


def client_of(user=None) -> APIClient:
    client = APIClient()
    if user is not None:
        client.force_login(user)
    return client


def body(market, **changes) -> dict:
    return {
        "title": "野生蜂蜜",
        "description": "山上的",
        "category": market.category.pk,
        "village": market.village.pk,
        "farmer": market.farmer.pk,
        "variants": [{"name": "500克", "price_fen": 9900, "stock": 20}],
    } | changes


def photo_file(data: bytes | None = None, name: str = "a.jpg") -> dict:
    content = picture_bytes() if data is None else data
    return {"file": SimpleUploadedFile(name, content, content_type="image/jpeg")}


def test_public_lists_have_the_contract_shape(market):
    client = client_of()

    for path in ("categories", "villages", "shops", "products"):
        answer = client.get(f"/api/v1/{path}/")
        assert answer.status_code == 200, path
        assert set(answer.json()) == {"next", "previous", "results"}
    assert client.get("/api/v1/categories/").json()["results"] == [
        {"id": market.category.pk, "slug": "grain", "name": "粮食", "name_en": ""}
    ]
    shop = client.get(f"/api/v1/shops/{market.shop.pk}/").json()
    assert (shop["name"], shop["village_name"], shop["status"]) == ("云岭合作社", "云岭村", "open")


def test_product_is_shown_with_price_stock_and_grower(market, django_assert_max_num_queries):
    with django_assert_max_num_queries(8):
        answer = client_of().get(f"{URL}{market.product.pk}/")

    product = answer.json()
    assert answer.status_code == 200
    assert (product["price_fen"], product["available"], product["farmer_name"]) == (6800, 100, "扎西")
    assert product["variants"] == [
        {"id": market.variant.pk, "name": "500克", "price_fen": 6800, "weight_g": None, "stock": 100}
    ]
    assert product["photos"][0]["status"] == "ready"
    assert "phone" not in str(product)


def test_list_filters_orders_and_pages(market, django_assert_max_num_queries):
    for number in range(5):
        make_product(shop=market.shop, title=f"茶{number}", price_fen=1000 + number)
    client = client_of()

    with django_assert_max_num_queries(8):
        page = client.get(URL, {"ordering": "price_fen", "page_size": 4}).json()
    rest = client.get(page["next"]).json()

    prices = [product["price_fen"] for product in page["results"] + rest["results"]]
    assert prices == [1000, 1001, 1002, 1003, 1004, 6800]
    assert rest["next"] is None
    found = client.get(URL, {"search": "茶", "max_fen": 1001, "in_stock": "true", "shop": market.shop.pk})
    assert {product["title"] for product in found.json()["results"]} == {"茶0", "茶1"}
    assert len(client.get(URL, {"category": "grain"}).json()["results"]) == 6
    assert len(client.get(URL, {"category": market.category.pk}).json()["results"]) == 6


@pytest.mark.parametrize(
    "query",
    [
        {"ordering": "shop__contact__phone"},
        {"village": "x"},
        {"shop": "1e400"},
        {"min_fen": "NaN"},
        {"max_fen": "-1"},
        {"category": "9" * 40},
        {"search": "\x00"},
    ],
)
def test_wrong_filters_are_refused_or_find_nothing(market, query):
    answer = client_of().get(URL, query)

    if answer.status_code == 400:
        assert answer.json()["code"] == "invalid"
    else:
        assert (answer.status_code, answer.json()["results"]) == (200, [])


def test_member_lists_edits_and_publishes(market, mei, drain_outbox):
    client = client_of(mei)

    created = client.post(URL, body(market), format="json")
    assert created.status_code == 201
    pk = created.json()["id"]
    assert (created.json()["status"], created.json()["variants"][0]["stock"]) == ("draft", 20)
    photo = client.post(f"{URL}{pk}/photos/", photo_file(), format="multipart")
    assert (photo.status_code, photo.json()["status"], photo.json()["url"]) == (201, "uploaded", "")
    assert client.post(f"{URL}{pk}/publish/").json()["status"] == "in_review"
    drain_outbox()
    assert client_of().get(f"{URL}{pk}/").json()["status"] == "published"

    changed = client.patch(f"{URL}{pk}/", {"title": "岩蜂蜜"}, format="json")

    assert (changed.status_code, changed.json()["title"], changed.json()["description"]) == (
        200,
        "岩蜂蜜",
        "山上的",
    )
    assert client.post(f"{URL}{pk}/archive/").json()["status"] == "archived"
    assert client_of().get(f"{URL}{pk}/").status_code == 404


def test_photo_can_come_before_the_product(market, mei):
    client = client_of(mei)
    photo = client.post("/api/v1/photos/", photo_file(), format="multipart").json()

    created = client.post(URL, body(market, photos=[photo["id"]]), format="json").json()

    assert [row["id"] for row in created["photos"]] == [photo["id"]]
    assert client.get(f"/api/v1/photos/{photo['id']}/").json()["status"] == "uploaded"


@pytest.mark.parametrize(
    "changes",
    [
        {"title": ""},
        {"title": None},
        {"title": ["x"]},
        {"title": "a\x00b"},
        {"category": 0},
        {"category": "x"},
        {"village": 10**30},
        {"variants": []},
        {"variants": "x"},
        {"variants": [{"name": "箱", "price_fen": 0, "stock": 1}]},
        {"variants": [{"name": "箱", "price_fen": "1.5.5", "stock": 1}]},
        {"variants": [{"name": "箱", "price_fen": 1.5, "stock": 1}]},
        {"variants": [{"name": "箱", "price_fen": 10**9, "stock": 1}]},
        {"variants": [{"name": "箱", "price_fen": 100, "stock": -1}]},
        {"variants": [{"name": "箱", "price_fen": 100, "stock": 10**9}]},
        {"variants": [{"name": "箱", "price_fen": True, "stock": 1}]},
        {"variants": [{"name": "箱"}]},
        {"variants": [1]},
        {"photos": ["x"]},
    ],
)
def test_wrong_product_is_refused_with_its_fields(market, mei, changes):
    answer = client_of(mei).post(URL, body(market, **changes), format="json")

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
    assert list(answer.json()["fields"]) == list(changes)
    assert Product.objects.count() == 1


def test_fields_of_the_server_cannot_be_written(market, mei):
    extra = {"status": "published", "shop_name": "x", "price_fen": 1, "published_at": "2020-01-01T00:00:00Z"}

    created = client_of(mei).post(URL, body(market, **extra), format="json").json()

    assert (created["status"], created["price_fen"], created["published_at"]) == ("draft", 9900, None)


def test_strangers_and_people_without_a_shop(market, mei, zoya, arun):
    draft = make_product(shop=market.shop, status=ProductStatus.DRAFT)
    stranger, own = client_of(zoya), f"{URL}{draft.pk}/"
    make_shop(owner=zoya)

    assert client_of().post(URL, body(market), format="json").status_code in (401, 403)
    assert client_of(arun).post(URL, body(market), format="json").status_code == 403
    assert stranger.post(URL, body(market, shop=market.shop.pk), format="json").status_code == 404
    assert stranger.post(URL, body(market), format="json").status_code == 404  # the farmer is not theirs
    for answer in (
        client_of().get(own),
        stranger.get(own),
        stranger.patch(own, {"title": "x"}, format="json"),
        stranger.post(f"{own}publish/"),
        stranger.post(f"{own}archive/"),
        stranger.post(f"{own}photos/", photo_file(), format="multipart"),
        stranger.patch(f"{URL}{market.product.pk}/", {"title": "x"}, format="json"),
        stranger.get(f"{URL}99999999999999999999999/"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    market.product.refresh_from_db()
    assert (Product.objects.count(), market.product.title) == (2, "高山青稞米")
    assert Photo.objects.filter(product=draft).count() == 1


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"<svg/>", 415, "not_a_picture"),
        (png_header(50_000, 50_000), 415, "too_many_pixels"),
    ],
    ids=["svg", "50k"],
)
def test_bad_photo_is_refused(market, mei, data, status, code):
    answer = client_of(mei).post(f"{URL}{market.product.pk}/photos/", photo_file(data), format="multipart")

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert market.product.photos.count() == 1


def test_photo_call_without_file_or_with_json_is_refused(market, mei):
    client, url = client_of(mei), f"{URL}{market.product.pk}/photos/"

    assert client.post(url, {}, format="multipart").json()["fields"].keys() == {"file"}
    assert client.post(url, {"file": "x"}, format="json").status_code == 415


def test_hostile_text_stays_text(market, mei):
    title = "<script>alert(1)</script>{{7*7}}"

    created = client_of(mei).post(URL, body(market, title=title), format="json").json()

    assert created["title"] == title


def test_farmers_are_their_sellers_only(market, mei, zhuoma, zoya):
    make_farmer(village=market.village, name="别家")
    client = client_of(mei)

    rows = client.get("/api/v1/farmers/").json()["results"]
    assert [(row["name"], row["phone"]) for row in rows] == [("扎西", "138****0006")]
    assert client_of(zhuoma).get(f"/api/v1/farmers/{market.farmer.pk}/").json()["name"] == "扎西"
    assert client_of(zoya).get("/api/v1/farmers/").json()["results"] == []
    assert client_of(zoya).get(f"/api/v1/farmers/{market.farmer.pk}/").status_code == 404
    assert client_of().get("/api/v1/farmers/").status_code in (401, 403)

    added = client.post(
        "/api/v1/farmers/",
        {"name": "央金", "village": market.village.pk, "phone": "13900000000", "host_commission_bp": 800},
        format="json",
    )
    assert added.status_code == 201
    changed = client.patch(f"/api/v1/farmers/{added.json()['id']}/", {"story": "养蜂三十年"}, format="json")
    assert (changed.json()["story"], changed.json()["phone"]) == ("养蜂三十年", "139****0000")


def test_consents_are_granted_and_revoked(market, mei, zoya):
    url = f"/api/v1/farmers/{market.farmer.pk}/authorizations/"
    client = client_of(mei)

    granted = client.post(url, {"host": market.host.pk, "host_commission_bp": 900}, format="json")
    assert (granted.status_code, granted.json()["host_commission_bp"]) == (201, 900)
    assert len(client.get(url).json()["results"]) == 3
    revoked = client.post(f"{url}{granted.json()['id']}/revoke/")
    assert (revoked.status_code, revoked.json()["status"]) == (200, "revoked")
    assert client.post(url, {}, format="json").status_code == 400
    assert client.post(url, {"host_commission_bp": 10**9, "host": 1}, format="json").status_code == 400
    assert client_of(zoya).get(url).status_code == 404
    assert client_of(zoya).post(url, {"host": market.host.pk}, format="json").status_code == 404
    assert FarmerAuthorization.objects.filter(status="granted", shop=market.shop).count() == 1


def test_lots_bring_units_in(market, mei, zoya):
    client = client_of(mei)

    answer = client.post("/api/v1/lots/", {"variant": market.variant.pk, "quantity": 30}, format="json")

    assert (answer.status_code, answer.json()["farmer"], answer.json()["quantity"]) == (
        201,
        market.farmer.pk,
        30,
    )
    assert VariantStock.objects.get(pk=market.variant.pk).available == 130
    assert len(client.get("/api/v1/lots/").json()["results"]) == 2
    assert client_of(zoya).get("/api/v1/lots/").json()["results"] == []
    refused = client_of(zoya).post(
        "/api/v1/lots/", {"variant": market.variant.pk, "quantity": 5}, format="json"
    )
    assert refused.status_code == 404
    for quantity in (0, -1, 10**9, "1.5", None):
        wrong = client.post(
            "/api/v1/lots/", {"variant": market.variant.pk, "quantity": quantity}, format="json"
        )
        assert wrong.status_code == 400
    assert Lot.objects.count() == 2


def test_strangers_photo_is_not_there(market, mei, zoya):
    photo = make_photo(user=zoya)

    assert client_of(mei).get(f"/api/v1/photos/{photo.pk}/").status_code == 404
    assert client_of(mei).post(URL, body(market, photos=[photo.pk]), format="json").status_code == 404
    assert Farmer.objects.count() == 1
