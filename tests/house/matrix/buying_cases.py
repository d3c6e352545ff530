"""Addresses of after-sales."""

from tests.factories.cases import ask, back_on_the_way
from tests.factories.orders import make_shipped
from tests.house.roles import row

API = "api/v1/"
KEY = "0f0e0d0c-0b0a-4908-8706-050403020101"
MOVE_OF_BUYER = "401 200 404 404 404 404 404"
MOVE_OF_SHOP = "401 404 404 404 200 404 404"
BUYER_AND_SHOP = "401 200 404 404 200 404 404"


def _shipped(world):
    return make_shipped(
        buyer=world.people["buyer"], seller=world.people["clerk"], variant=world.market.variant
    )


def case_of(world, state: str = "requested"):
    """Make a case in a state."""
    kind = "refund_only" if state in ("requested", "rejected") else "return_and_refund"
    case = ask(_shipped(world), world.people["buyer"], kind=kind)
    case.status = state if state != "awaiting_receipt" else "awaiting_return"
    case.save(update_fields=["status"])
    return back_on_the_way(case, world.people["buyer"]) if state == "awaiting_receipt" else case


def _api(move: str = "", state: str = "requested"):
    return lambda world: f"/api/v1/after-sales/{case_of(world, state).pk}/{move}"


def _wish(world) -> dict:
    order = world.people["buyer"].order_groups.latest("pk").orders.get()
    return {
        "kind": "refund_only",
        "reason": "spoiled",
        "lines": [{"line": order.lines.get().pk, "quantity": 1}],
    }


ROWS = [
    row(
        "POST",
        API + "orders/<slug:number>/after-sales/",
        "401 201 404 404 404 404 404",
        path=lambda world: f"/api/v1/orders/{_shipped(world).number}/after-sales/",
        data=_wish,
        idempotency_key=KEY,
    ),
    row("GET", API + "after-sales/", "401 200 200 200 200 200 200"),
    row("GET", API + "after-sales/<int:case_id>/", BUYER_AND_SHOP, path=_api()),
    row(
        "POST",
        API + "after-sales/<int:case_id>/approve/",
        MOVE_OF_SHOP,
        path=_api("approve/"),
        idempotency_key=KEY,
    ),
    row(
        "POST",
        API + "after-sales/<int:case_id>/reject/",
        MOVE_OF_SHOP,
        path=_api("reject/"),
        data={"reason": "不同意"},
        idempotency_key=KEY,
    ),
    row(
        "POST",
        API + "after-sales/<int:case_id>/return-shipped/",
        MOVE_OF_BUYER,
        path=_api("return-shipped/", "awaiting_return"),
        data={"carrier": "sf", "tracking_number": "SF12345678"},
        idempotency_key=KEY,
    ),
    row(
        "POST",
        API + "after-sales/<int:case_id>/received/",
        MOVE_OF_SHOP,
        path=_api("received/", "awaiting_receipt"),
        idempotency_key=KEY,
    ),
    row(
        "POST",
        API + "after-sales/<int:case_id>/withdraw/",
        MOVE_OF_BUYER,
        path=_api("withdraw/"),
        idempotency_key=KEY,
    ),
    row(
        "POST",
        API + "after-sales/<int:case_id>/appeal/",
        MOVE_OF_BUYER,
        path=_api("appeal/", "rejected"),
        data={"text": "请看照片"},
        idempotency_key=KEY,
    ),
]
