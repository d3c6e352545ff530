"""Moves of money and parcels where they succeed; the other files name the same doors where they refuse."""

from common.clock import utc_now
from orders.models import Order
from orders.services.confirming import confirm_group
from orders.services.shipping import ship_order
from tests.factories.orders import make_shipped, place_one
from tests.house.roles import row

API = "api/v1/orders/<slug:number>/"
BUYERS = "401 200 404 404 404 404 404"
MEMBERS = "401 404 404 404 200 404 404"


def _shipped(move: str):
    def path(world) -> str:
        people = world.people
        order = make_shipped(buyer=people["buyer"], seller=people["clerk"], variant=world.market.variant)
        return f"/api/v1/orders/{order.number}/{move}"

    return path


def _to_be_paid_at_the_door(move: str):
    def path(world) -> str:
        order = place_one(buyer=world.people["buyer"], variant=world.market.variant)
        confirm_group(group_id=order.group_id, now=utc_now())
        number = f"SF{order.pk:012d}"
        ship_order(
            actor=world.people["clerk"],
            number=order.number,
            carrier="sf",
            tracking_number=number,
            now=utc_now(),
        )
        return f"/api/v1/orders/{order.number}/{move}"

    return path


def _its_cash(world) -> dict:
    return {"holder": "shop", "amount_fen": Order.objects.filter(status="shipped").latest("pk").total_fen}


ROWS = [
    row("POST", API + "receive/", BUYERS, path=_shipped("receive/")),
    row("POST", API + "more-time/", BUYERS, path=_shipped("more-time/")),
    row("POST", API + "cash/", MEMBERS, path=_to_be_paid_at_the_door("cash/"), data=_its_cash),
    row("POST", API + "refused/", MEMBERS, path=_to_be_paid_at_the_door("refused/")),
]
