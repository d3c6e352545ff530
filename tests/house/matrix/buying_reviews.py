"""Addresses of reviews."""

from tests.factories.reviews import make_received, review
from tests.factories.shops import make_product
from tests.house.roles import row

API = "api/v1/"
OF_PRODUCT = API + "products/<int:product_id>/reviews/"
OF_SHOP = API + "shops/<int:shop_id>/reviews/"
ONE = API + "reviews/<int:review_id>/"
WRITE = "orders/<slug:number>/lines/<int:line_id>/review/"
REPORT = "reviews/<int:review_id>/report/"
FAULT = {"fault": "abuse"}


def _received(world):
    goods = make_product(shop=world.market.shop, title="花椒", stock=9)
    return make_received(
        buyer=world.people["buyer"], seller=world.people["clerk"], variant=goods.variants.get()
    )


def _line_page(world) -> str:
    order = _received(world)
    return f"/orders/{order.number}/lines/{order.lines.get().pk}/review/"


def _page(address: str, step: str):
    return lambda world: f"/{address}/{review(_received(world).lines.get()).pk}/{step}"


def _one(step: str = ""):
    return lambda world: f"/{API}reviews/{review(_received(world).lines.get()).pk}/{step}"


def _said(world) -> dict:
    order = world.people["buyer"].order_groups.latest("pk").orders.get()
    return {"line": order.lines.get().pk, "score": 5, "text": "香"}


ROWS = [
    row("GET", OF_PRODUCT, 200, path=lambda world: f"/{API}products/{world.market.product.pk}/reviews/"),
    row("GET", OF_SHOP, 200, path=lambda world: f"/{API}shops/{world.market.shop.pk}/reviews/"),
    row("GET", API + "me/reviews/", "401 200 200 200 200 200 200"),
    row(
        "POST",
        API + "orders/<slug:number>/reviews/",
        "401 201 404 404 404 404 404",
        path=lambda world: f"/{API}orders/{_received(world).number}/reviews/",
        data=_said,
    ),
    row("PUT", ONE, "401 200 404 404 404 404 404", path=_one(), data={"score": 4}),
    row("POST", ONE + "reply/", "401 404 404 404 200 404 404", path=_one("reply/"), data={"text": "谢谢"}),
    row(
        "POST",
        ONE + "report/",
        "401 404 204 204 204 204 204",
        path=_one("report/"),
        data=FAULT,
    ),
    row(
        "GET",
        "products/<int:product_id>/reviews/",
        200,
        path=lambda world: f"/products/{world.market.product.pk}/reviews/",
    ),
    row(
        "GET",
        "shops/<int:shop_id>/reviews/",
        200,
        path=lambda world: f"/shops/{world.market.shop.pk}/reviews/",
    ),
    row("GET", WRITE, "302 200 404 404 404 404 404", path=_line_page),
    row("POST", WRITE, "302 302 404 404 404 404 404", path=_line_page, data={"score": "5"}),
    row("GET", REPORT, "302 404 200 200 200 200 200", path=_page("reviews", "report/")),
    row("POST", REPORT, "302 404 302 302 302 302 302", path=_page("reviews", "report/"), data=FAULT),
    row("GET", "me/reviews/", "302 200 200 200 200 200 200"),
    row("GET", "desk/reviews/", "302 404 404 404 200 404 404"),
    row(
        "POST",
        "desk/reviews/<int:review_id>/reply/",
        "302 404 404 404 302 404 404",
        path=_page("desk/reviews", "reply/"),
    ),
]
