"""The fast door of a flash deal, and the grant that opens it."""

import json

from orders.services.granting import PURPOSE
from tests.house.roles import row
from villagemarket.doors import DOORS

PATH = next(door.path for door in DOORS if door.name == "deal orders")
KEY = "1d0f2f0a-52c1-4a86-9bb6-0b1df2f4a1d7"


def _orders(world) -> str:
    return f"/api/v1/deals/{world.deal.pk}/orders/"


def _body(world) -> bytes:
    line = {"variant": world.deal.rundown_item.variant_id, "quantity": 1, "deal": world.deal.pk}
    return json.dumps({"lines": [line], "address": 1}).encode()


ROWS = [
    # Whoever is signed in may buy; the token is the person's own.
    row(
        "POST",
        "api/v1/deals/<int:deal_id>/order-token/",
        "401 200 200 200 200 200 200",
        lambda world: f"/api/v1/deals/{world.deal.pk}/order-token/",
    ),
    # A sign-in opens nothing here, and neither does a forged grant.
    row("POST", PATH, 401, _orders, _body, idempotency_key=KEY),
    row("POST", PATH, 401, _orders, _body, idempotency_key=KEY, authorization=f"Bearer {PURPOSE}:forged"),
]
