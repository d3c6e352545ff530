"""Addresses of goods and farmers: catalogue, desk, API."""

from tests.house.roles import row

API = "api/v1/"
DESK = "desk/goods/"
MEMBERS_PAGE = "302 404 404 404 200 404 404"
MEMBERS_MOVE = "302 404 404 404 302 404 404"
MEMBERS_API = "401 404 404 404 200 404 404"
SIGNED_IN = "401 200 200 200 200 200 200"
MEMBERS_NEW = "401 403 403 403 201 403 403"
# The matrix sends JSON; photos travel as multipart (tests/shops/test_api.py).
NO_FILE = {"file": "x"}
FARMER = {"name": "央金", "phone": "13900000000"}


def _product(move: str = ""):
    return lambda world: f"/api/v1/products/{world.product.pk}/{move}"


def _draft(move: str = ""):
    return lambda world: f"/api/v1/products/{world.draft.pk}/{move}"


def _desk(move: str = ""):
    return lambda world: f"/desk/goods/{world.draft.pk}/{move}"


def _farmer(move: str = ""):
    return lambda world: f"/api/v1/farmers/{world.market.farmer.pk}/{move}"


def _desk_farmer(move: str = ""):
    return lambda world: f"/desk/goods/farmers/{world.market.farmer.pk}/{move}"


def _listing(world) -> dict:
    market = world.market
    return {
        "title": "野生蜂蜜",
        "category": market.category.pk,
        "village": market.village.pk,
        "variants": [{"name": "500克", "price_fen": 9900, "stock": 20}],
    }


def _typed(world) -> dict:
    market = world.market
    return {
        "title": "野生蜂蜜",
        "category": market.category.pk,
        "village": market.village.pk,
        "then": "later",
    }


def _typed_edit(world) -> dict:
    variant = world.draft.variants.get()
    farmer = {"farmer": world.market.farmer.pk}
    return _typed(world) | farmer | {f"price_{variant.pk}": "70", f"unit_{variant.pk}": "500克"}


def _recount(world) -> dict:
    return {"variant": world.draft.variants.get().pk, "seen": 100, "counted": 101}


def _typed_farmer(world) -> dict:
    terms = {"host_percent": "5", "floor_percent": "80", "agreed": "on"}
    return FARMER | terms | {"village": world.market.village.pk}


ROWS = [
    row("GET", "", 200),
    row("GET", "products/", 200),
    row("GET", "products/<int:product_id>/", 200, path=lambda world: f"/products/{world.product.pk}/"),
    row("GET", "shops/<int:shop_id>/", 200, path=lambda world: f"/shops/{world.market.shop.pk}/"),
    row("GET", "desk/", "302 404 404 404 200 200 404"),
    row("GET", DESK, MEMBERS_PAGE),
    row("GET", DESK + "new/", MEMBERS_PAGE),
    row("POST", DESK + "new/", MEMBERS_MOVE, data=_typed),
    row("GET", DESK + "<int:product_id>/", MEMBERS_PAGE, path=_desk()),
    row("GET", DESK + "<int:product_id>/state/", MEMBERS_PAGE, path=_desk("state/")),
    row("GET", DESK + "<int:product_id>/edit/", MEMBERS_PAGE, path=_desk("edit/")),
    row("POST", DESK + "<int:product_id>/edit/", MEMBERS_MOVE, path=_desk("edit/"), data=_typed_edit),
    row("POST", DESK + "<int:product_id>/publish/", MEMBERS_MOVE, path=_desk("publish/")),
    row("POST", DESK + "<int:product_id>/archive/", MEMBERS_MOVE, path=_desk("archive/")),
    row("POST", DESK + "<int:product_id>/stock/", MEMBERS_MOVE, path=_desk("stock/"), data=_recount),
    row("GET", DESK + "farmers/", MEMBERS_PAGE),
    row("GET", DESK + "farmers/new/", MEMBERS_PAGE),
    row("POST", DESK + "farmers/new/", MEMBERS_MOVE, data=_typed_farmer),
    row("GET", DESK + "farmers/<int:farmer_id>/", MEMBERS_PAGE, path=_desk_farmer()),
    row("POST", DESK + "farmers/<int:farmer_id>/", MEMBERS_MOVE, path=_desk_farmer(), data=_typed_farmer),
    row("POST", DESK + "farmers/<int:farmer_id>/revoke/", MEMBERS_MOVE, path=_desk_farmer("revoke/")),
    row("GET", API + "categories/", 200),
    row("GET", API + "villages/", 200),
    row("GET", API + "shops/", 200),
    row("GET", API + "shops/<int:pk>/", 200, path=lambda world: f"/api/v1/shops/{world.market.shop.pk}/"),
    row("GET", API + "farmers/", SIGNED_IN),
    row(
        "POST",
        API + "farmers/",
        MEMBERS_NEW,
        data=lambda world: FARMER | {"village": world.market.village.pk},
    ),
    row("GET", API + "farmers/<int:pk>/", "401 404 404 404 200 200 404", path=_farmer()),
    row(
        "PATCH", API + "farmers/<int:pk>/", "401 404 404 404 200 403 404", path=_farmer(), data={"story": "x"}
    ),
    row(
        "GET",
        API + "farmers/<int:pk>/authorizations/",
        "401 404 404 404 200 200 404",
        path=_farmer("authorizations/"),
    ),
    row(
        "POST",
        API + "farmers/<int:pk>/authorizations/",
        "401 404 404 404 201 403 404",
        path=_farmer("authorizations/"),
        data=lambda world: {"host": world.market.host.pk, "host_commission_bp": 700},
    ),
    row(
        "POST",
        API + "farmers/<int:pk>/authorizations/<int:authorization_pk>/revoke/",
        "401 404 404 404 200 403 404",
        path=lambda world: _farmer(f"authorizations/{world.market.shop_authorization.pk}/revoke/")(world),
    ),
    row("POST", API + "photos/", "401 415 415 415 415 415 415", data=NO_FILE),
    row("GET", API + "photos/<int:pk>/", MEMBERS_API, path=lambda world: f"/api/v1/photos/{world.photo.pk}/"),
    row("GET", API + "products/", 200),
    row("POST", API + "products/", MEMBERS_NEW, data=_listing),
    row("GET", API + "products/<int:pk>/", "404 404 404 404 200 404 404", path=_draft()),
    row("PATCH", API + "products/<int:pk>/", MEMBERS_API, path=_product(), data={"title": "新名字"}),
    row(
        "POST",
        API + "products/<int:pk>/photos/",
        "401 404 404 404 415 404 404",
        path=_product("photos/"),
        data=NO_FILE,
    ),
    row("POST", API + "products/<int:pk>/publish/", MEMBERS_API, path=_draft("publish/")),
    row("POST", API + "products/<int:pk>/archive/", MEMBERS_API, path=_product("archive/")),
    row("GET", API + "lots/", SIGNED_IN),
    row(
        "POST",
        API + "lots/",
        "401 404 404 404 201 404 404",
        data=lambda world: {"variant": world.market.variant.pk, "quantity": 5},
    ),
]
