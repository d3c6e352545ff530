"""Pages of after-sales and of private talk."""

from tests.house.matrix.buying_cases import KEY, case_of
from tests.house.matrix.orders import MOVE_OF_BUYER, MOVE_OF_SHOP, PAGE, PAGE_OF_BUYER, PAGE_OF_SHOP
from tests.house.roles import row


def _case(move: str = "", state: str = "requested"):
    return lambda world: f"/after-sales/{case_of(world, state).pk}/{move}"


def _desk(move: str = "", state: str = "requested"):
    return lambda world: f"/desk/after-sales/{case_of(world, state).pk}/{move}"


def _ask(world) -> str:
    return f"/orders/{world.paid_order.number}/after-sales/"


def _wish(world) -> dict:
    line = world.paid_order.lines.get()
    return {"key": KEY, "kind": "refund_only", "reason": "not_arrived", f"line-{line.pk}": 1, "look": "1"}


ROWS = [
    row("GET", "after-sales/", PAGE),
    row("GET", "after-sales/<int:case_id>/", PAGE_OF_BUYER, path=_case()),
    row(
        "POST",
        "after-sales/<int:case_id>/withdraw/",
        MOVE_OF_BUYER,
        path=_case("withdraw/"),
        data={"key": KEY},
    ),
    row(
        "POST",
        "after-sales/<int:case_id>/send-back/",
        MOVE_OF_BUYER,
        path=_case("send-back/", "awaiting_return"),
        data={"key": KEY, "carrier": "sf", "tracking_number": "SF12345678"},
    ),
    row(
        "POST",
        "after-sales/<int:case_id>/appeal/",
        MOVE_OF_BUYER,
        path=_case("appeal/", "rejected"),
        data={"key": KEY, "text": "请看照片"},
    ),
    row("GET", "desk/after-sales/", "302 404 404 404 200 404 404"),
    row("GET", "desk/after-sales/<int:case_id>/", PAGE_OF_SHOP, path=_desk()),
    row(
        "POST",
        "desk/after-sales/<int:case_id>/approve/",
        MOVE_OF_SHOP,
        path=_desk("approve/"),
        data=lambda world: {"key": KEY, "total_fen": world.market.variant.price_fen},
    ),
    row(
        "POST",
        "desk/after-sales/<int:case_id>/reject/",
        MOVE_OF_SHOP,
        path=_desk("reject/"),
        data={"key": KEY, "reason": "没坏"},
    ),
    row(
        "POST",
        "desk/after-sales/<int:case_id>/received/",
        MOVE_OF_SHOP,
        path=_desk("received/", "awaiting_receipt"),
        data=lambda world: {"key": KEY, "total_fen": world.market.variant.price_fen + 800, "restock": "yes"},
    ),
    row("GET", "orders/<slug:number>/after-sales/", PAGE_OF_BUYER, path=_ask),
    row(
        "POST",
        "orders/<slug:number>/after-sales/",
        PAGE_OF_BUYER,
        path=_ask,
        data=_wish,
    ),
]
