"""Addresses of the scales."""

from tests.house.roles import row

ROUTE = "desk/orders/<slug:number>/lines/<int:line_id>/weight/"


def _path(world) -> str:
    order = world.paid_order
    return f"/desk/orders/{order.number}/lines/{order.lines.get().pk}/weight/"


ROWS = [
    row("GET", ROUTE, "302 404 404 404 200 404 404", path=_path),
    # Its goods are sold by the piece.
    row("POST", ROUTE, "302 404 404 404 409 404 404", path=_path, data={"weight_g": "900"}),
]
