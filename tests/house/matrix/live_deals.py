"""Addresses of flash deals."""

from tests.house.roles import row

OF_SESSION = "api/v1/live-sessions/<int:session_id>/deals/"
ONE = "api/v1/deals/<int:deal_id>/"
PRESENTERS = "401 404 404 404 {0} {0} 404"


def _deals(world) -> str:
    return f"/api/v1/live-sessions/{world.session.pk}/deals/"


def _one(step: str):
    return lambda world: f"/api/v1/deals/{world.deal.pk}/{step}/"


def _plan(world) -> dict:
    # Planned only: one deal of the item is on.
    return {"rundown_item": world.item.pk, "price_fen": 5900, "quantity": 5, "seconds": 60, "start": False}


ROWS = [
    row("GET", OF_SESSION, 200, _deals),
    row("POST", OF_SESSION, PRESENTERS.format(201), _deals, _plan),
    row(
        "GET",
        "api/v1/live-sessions/<int:session_id>/deal-terms/",
        PRESENTERS.format(200),
        lambda world: f"/api/v1/live-sessions/{world.session.pk}/deal-terms/",
    ),
    row("POST", ONE + "start/", PRESENTERS.format(200), _one("start"), {}),
    row("POST", ONE + "extend/", PRESENTERS.format(200), _one("extend"), {"seconds": 60}),
    row("POST", ONE + "stop/", PRESENTERS.format(200), _one("stop"), {}),
]
