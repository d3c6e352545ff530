"""Addresses of reviews."""

from tests.factories.reviews import make_received, review
from tests.house.roles import row

API = "api/v1/"
OF_PRODUCT = API + "products/<int:product_id>/reviews/"
OF_SHOP = API + "shops/<int:shop_id>/reviews/"
ONE = API + "reviews/<int:review_id>/"


def _received(world):
    return make_received(
        buyer=world.people["buyer"], seller=world.people["clerk"], variant=world.market.variant
    )


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
        data={"fault": "abuse"},
    ),
]
