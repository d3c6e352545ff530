"""Addresses of deliveries that many farmers share."""

import uuid

from common.clock import utc_now
from shops.models import Lot
from tests.factories.lots import bring, make_pool
from tests.house.roles import row

API = "api/v1/"
PAGE = "302 404 404 404 200 404 404"
MOVE = "302 404 404 404 302 404 404"


def _lot(world) -> Lot:
    shop, clerk = world.market.shop, world.people["clerk"]
    found = Lot.objects.filter(variant__product__shop=shop, variant__allocation_policies__version=1).first()
    if found is not None:
        return found
    pool = make_pool(shop=shop, actor=clerk, now=utc_now())
    return bring(actor=clerk, variant=pool, farmer=world.market.farmer, quantity=9, now=utc_now())


def _of_product(name):
    return lambda world: f"/desk/goods/{_lot(world).variant.product_id}/{name}/"


def _delivery(world) -> dict:
    lot = _lot(world)
    return {
        "key": str(uuid.uuid4()), "variant": lot.variant_id, "farmer": lot.farmer_id, "quantity": 3,
        "grade": "A",
    }  # fmt: skip


ROWS = [
    row("GET", "lots/<slug:code>/", 200, path=lambda world: f"/lots/{_lot(world).code}/"),
    row("GET", "desk/goods/<int:product_id>/lots/", PAGE, path=_of_product("lots")),
    row("POST", "desk/goods/<int:product_id>/lots/", MOVE, path=_of_product("lots"), data=_delivery),
    row(
        "POST",
        "desk/goods/<int:product_id>/pool/",
        MOVE,
        path=_of_product("pool"),
        data=lambda world: {"variant": _lot(world).variant_id, "rule": "oldest_first"},
    ),
    row("GET", "desk/lots/<int:lot_id>/", PAGE, path=lambda world: f"/desk/lots/{_lot(world).pk}/"),
    row(
        "POST",
        "desk/lots/<int:lot_id>/move/",
        MOVE,
        path=lambda world: f"/desk/lots/{_lot(world).pk}/move/",
        data={"move": "hold", "reason": "潮"},
    ),
    row(
        "POST",
        API + "orders/<slug:number>/weights/",
        "401 404 404 404 409 404 404",  # its goods are sold by the piece
        path=lambda world: f"/api/v1/orders/{world.paid_order.number}/weights/",
        data=lambda world: {"line": world.paid_order.lines.get().pk, "weight_g": 900},
    ),
    row(
        "GET",
        API + "lots/<int:pk>/",
        "401 404 404 404 200 404 200",
        path=lambda world: f"/api/v1/lots/{_lot(world).pk}/",
    ),
    row(
        "POST",
        API + "lots/<int:pk>/",
        "401 404 404 404 200 404 200",
        path=lambda world: f"/api/v1/lots/{_lot(world).pk}/",
        data={"move": "short", "units": 1, "reason": "少"},
    ),
]
