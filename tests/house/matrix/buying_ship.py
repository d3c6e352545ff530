"""Addresses of parcels."""

from tests.house.roles import row

API = "api/v1/"


def _api_order(move: str):
    return lambda world: f"/api/v1/orders/{world.paid_order.number}/{move}"


ROWS = [
    row("GET", "desk/parcels/", "302 404 404 404 200 404 404"),
    row("POST", "desk/parcels/", "302 404 404 404 400 404 404", data={"act": "send"}),
    row("GET", "desk/parcels/print/", "302 404 404 404 200 404 404"),
    row(
        "POST",
        "orders/<slug:number>/more-time/",
        "302 302 404 404 404 404 404",
        path=lambda world: f"/orders/{world.paid_order.number}/more-time/",
    ),
    # A sheet travels as multipart (tests/orders/test_importing.py); the matrix sends JSON.
    row("POST", API + "shipments/import/", "401 404 404 404 415 404 404"),
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
