"""Addresses of parcels."""

from tests.house.roles import row

API = "api/v1/"


def _api_order(move: str):
    return lambda world: f"/api/v1/orders/{world.paid_order.number}/{move}"


ROWS = [
    # Nobody follows parcels in these tests.
    row("POST", API + "tracking/kuaidi100/", 404),
    # It is not on its way yet: its buyer gets 409, everybody else does not find it.
    row(
        "POST",
        API + "orders/<slug:number>/more-time/",
        "401 409 404 404 404 404 404",
        path=_api_order("more-time/"),
    ),
]
