"""Addresses of offers of less in after-sales."""

import uuid

from common.clock import utc_now
from orders.models import CaseOffer
from orders.services.offering_less import OfferedLine, offer_less
from tests.house.matrix.buying_cases import KEY, MOVE_OF_BUYER, MOVE_OF_SHOP, case_of
from tests.house.roles import row

API = "api/v1/after-sales/<int:case_id>/offer/"
DESK = "desk/after-sales/<int:case_id>/offer/"
MINE = "after-sales/<int:case_id>/offer/"
PAGE_OF_SHOP = "302 404 404 404 302 404 404"
PAGE_OF_BUYER = "302 302 404 404 404 404 404"


def _case(under: str, step: str = ""):
    def path(world) -> str:
        case = case_of(world)
        if step:
            offer_less(
                actor=world.people["clerk"], case_id=case.pk,
                lines=[OfferedLine(case.lines.get().order_line_id, 1, 100)],
                idempotency_key=uuid.uuid4(), now=utc_now(),
            )  # fmt: skip
        return f"{under}/after-sales/{case.pk}/offer/{step}"

    return path


def _line(world) -> int:
    return world.people["buyer"].order_groups.latest("pk").orders.get().lines.get().pk


def _wish(world) -> dict:
    return {"lines": [{"line": _line(world), "quantity": 1, "amount_fen": 100}]}


def _typed(world) -> dict:
    return {f"units-{_line(world)}": "1", f"sum-{_line(world)}": "1", "key": str(uuid.uuid4())}


def _choice(world) -> dict:
    return {"offer": CaseOffer.objects.latest("pk").pk, "key": str(uuid.uuid4())}


def _key(world) -> dict:
    return {"key": str(uuid.uuid4())}


ROWS = [
    row("POST", API, MOVE_OF_SHOP, path=_case("/api/v1"), data=_wish, idempotency_key=KEY),
    row(
        "POST",
        API + "accept/",
        MOVE_OF_BUYER,
        path=_case("/api/v1", "accept/"),
        data=lambda world: {"offer": CaseOffer.objects.latest("pk").pk},
        idempotency_key=KEY,
    ),
    row(
        "POST",
        API + "refuse/",
        MOVE_OF_BUYER,
        path=_case("/api/v1", "refuse/"),
        data=lambda world: {"offer": CaseOffer.objects.latest("pk").pk},
        idempotency_key=KEY,
    ),
    row("POST", API + "take-back/", MOVE_OF_SHOP, path=_case("/api/v1", "take-back/"), idempotency_key=KEY),
    row("POST", DESK, PAGE_OF_SHOP, path=_case("/desk"), data=_typed),
    row("POST", DESK + "take-back/", PAGE_OF_SHOP, path=_case("/desk", "take-back/"), data=_key),
    row("POST", MINE + "accept/", PAGE_OF_BUYER, path=_case("", "accept/"), data=_choice),
    row("POST", MINE + "refuse/", PAGE_OF_BUYER, path=_case("", "refuse/"), data=_choice),
]
