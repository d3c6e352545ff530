"""Addresses of the report of a show."""

from tests.house.roles import row

API = "api/v1/live-sessions/<int:session_id>/report/"
DESK = "desk/live/<int:session_id>/report/"


def _at(start: str):
    return lambda world: f"/{start}live-sessions/{world.session.pk}/report/"


ROWS = [
    row(
        "GET",
        API,
        "401 404 404 404 200 200 404",
        lambda world: f"/api/v1/live-sessions/{world.session.pk}/report/",
    ),
    row("GET", DESK, "302 404 404 404 200 200 404", lambda world: f"/desk/live/{world.session.pk}/report/"),
]
