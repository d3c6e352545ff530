"""Addresses of planning: the calendar, reminders, pictures to share, the desk's week and list of goods."""

from tests.house.roles import row

API = "api/v1/live-sessions/"
ONE = API + "<int:session_id>/"
ROOM = "live/<int:session_id>/"
SHOW = "desk/live/<int:session_id>/"
MOVE = "302 404 404 404 302 302 404"


def _at(start: str, which: str, rest: str):
    return lambda world: f"/{start}{getattr(world, which).pk}/{rest}"


def _from(world) -> dict:
    return {"from": world.session.pk}


ROWS = [
    row("POST", ONE + "reminders/", "401 201 201 201 201 201 201", _at(API, "scheduled", "reminders/")),
    row("DELETE", ONE + "reminders/", "401 204 204 204 204 204 204", _at(API, "scheduled", "reminders/")),
    row(
        "POST",
        ONE + "rundown/copy/",
        "401 404 404 404 201 201 404",
        _at(API, "draft_session", "rundown/copy/"),
        lambda world: {"session": world.session.pk},
    ),
    row("GET", "live/calendar/", 200),
    row("GET", "live/calendar.ics", 200),
    row("GET", ROOM + "calendar.ics", 200, _at("live/", "scheduled", "calendar.ics")),
    row("GET", ROOM + "calendar.ics", 404, _at("live/", "draft_session", "calendar.ics")),
    row("GET", ROOM + "share.jpg", 200, _at("live/", "scheduled", "share.jpg")),
    row("GET", ROOM + "share.jpg", 404, _at("live/", "draft_session", "share.jpg")),
    row("GET", ROOM + "poster.jpg", 200, _at("live/", "scheduled", "poster.jpg")),
    row("POST", ROOM + "remind/", 302, _at("live/", "scheduled", "remind/"), {"on": "1"}),
    row("POST", ROOM + "remind/", "302 404 404 404 404 404 404", _at("live/", "draft_session", "remind/")),
    row("GET", "desk/live/week/", "302 200 200 200 200 200 200"),
    row("POST", SHOW + "rundown/", MOVE, _at("desk/live/", "session", "rundown/"), {}),
    row("POST", SHOW + "rundown/copy/", MOVE, _at("desk/live/", "draft_session", "rundown/copy/"), _from),
]
