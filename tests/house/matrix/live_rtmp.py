"""Addresses of the media key and of the media server's hooks."""

from tests.house.roles import row

KEY = "api/v1/live-sessions/<int:session_id>/media-key/"
PRESENTERS = "401 404 404 404 {0} {0} 404"


def _key(world) -> str:
    return f"/api/v1/live-sessions/{world.session.pk}/media-key/"


OBS = "desk/live/<int:session_id>/obs/"


def _obs(which: str, rest: str = ""):
    return lambda world: f"/desk/live/{getattr(world, which).pk}/obs/{rest}"


ROWS = [
    row("GET", OBS, "302 404 404 404 200 200 404", _obs("session")),
    row("POST", OBS + "key/", "302 404 404 404 200 200 404", _obs("session", "key/"), {}),
    row("POST", OBS + "revoke/", "302 404 404 404 302 302 404", _obs("session", "revoke/"), {}),
    row("POST", OBS + "start/", "302 404 404 404 302 302 404", _obs("draft_session", "start/"), {}),
    row("GET", KEY, PRESENTERS.format(200), _key),
    row("POST", KEY, PRESENTERS.format(201), _key, {}),
    row("DELETE", KEY, PRESENTERS.format(204), _key),
    # No sign-in opens the hooks: only the media server's token does (rules.md E3).
    *(row("GET", f"hooks/media/{name}/", 405) for name in ("publish", "update", "done")),
    *(row("POST", f"hooks/media/{name}/", 401) for name in ("publish", "update", "done")),
]
