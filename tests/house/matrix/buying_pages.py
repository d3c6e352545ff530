"""Pages of after-sales and of private talk."""

from tests.house.matrix.buying_cases import KEY, case_of
from tests.house.matrix.orders import MOVE_OF_BUYER, PAGE, PAGE_OF_BUYER
from tests.house.roles import row


def _case(move: str = "", state: str = "requested"):
    return lambda world: f"/after-sales/{case_of(world, state).pk}/{move}"


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
    row("GET", "orders/<slug:number>/after-sales/", PAGE_OF_BUYER, path=_ask),
    row(
        "POST",
        "orders/<slug:number>/after-sales/",
        PAGE_OF_BUYER,
        path=_ask,
        data=_wish,
    ),
]
