"""Addresses of planning: reminders, taking over a rundown."""

from tests.house.roles import row

API = "api/v1/live-sessions/"
ONE = API + "<int:session_id>/"


def _api(which: str, rest: str):
    return lambda world: f"/{API}{getattr(world, which).pk}/{rest}"


ROWS = [
    row("POST", ONE + "reminders/", "401 201 201 201 201 201 201", _api("scheduled", "reminders/")),
    row("DELETE", ONE + "reminders/", "401 204 204 204 204 204 204", _api("scheduled", "reminders/")),
    row(
        "POST",
        ONE + "rundown/copy/",
        "401 404 404 404 201 201 404",
        _api("draft_session", "rundown/copy/"),
        lambda world: {"session": world.session.pk},
    ),
]
