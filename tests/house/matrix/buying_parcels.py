"""Addresses of parcels whose number is put right."""

from orders.models import Shipment
from tests.factories.orders import make_shipped
from tests.house.roles import row

RIGHT = {"carrier": "zto", "tracking_number": "78901234567890"}


def _parcel(world) -> Shipment:
    people = world.people
    order = make_shipped(buyer=people["buyer"], seller=people["clerk"], variant=world.market.variant)
    return order.shipments.get()


def _desk(world) -> str:
    parcel = _parcel(world)
    return f"/desk/orders/{parcel.order.number}/parcels/{parcel.pk}/"


ROWS = [
    row(
        "POST",
        "api/v1/shipments/<int:shipment_id>/correct/",
        "401 404 404 404 200 404 404",
        path=lambda world: f"/api/v1/shipments/{_parcel(world).pk}/correct/",
        data=RIGHT,
    ),
    row(
        "POST",
        "desk/orders/<slug:number>/parcels/<int:shipment_id>/",
        "302 404 404 404 302 404 404",
        path=_desk,
        data=RIGHT,
    ),
]
