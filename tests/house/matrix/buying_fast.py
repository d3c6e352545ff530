"""The fast door of ordinary goods, and the grant that opens it."""

import json

from orders.services.granting import GOODS_PURPOSE, GOODS_URL
from tests.house.roles import row
from villagemarket.doors import DOORS

PATH = next(door.path for door in DOORS if door.name == "fast orders")
KEY = "1d0f2f0a-52c1-4a86-9bb6-0b1df2f4a1d8"


def _body(world) -> bytes:
    line = {"variant": world.deal.rundown_item.variant_id, "quantity": 1}
    return json.dumps({"lines": [line], "address": 1}).encode()


ROWS = [
    # Whoever is signed in may buy; the token is the person's own.
    row("POST", "api/v1/order-token/", "401 200 200 200 200 200 200", lambda world: "/api/v1/order-token/"),
    # A sign-in opens nothing here, and neither does a forged grant.
    row("POST", PATH, 401, lambda world: GOODS_URL, _body, idempotency_key=KEY),
    row(
        "POST", PATH, 401, lambda world: GOODS_URL, _body, idempotency_key=KEY,
        authorization=f"Bearer {GOODS_PURPOSE}:forged",
    ),
]  # fmt: skip
