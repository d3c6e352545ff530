"""Addresses of the media key and of the media server's hooks."""

from tests.house.roles import row

KEY = "api/v1/live-sessions/<int:session_id>/media-key/"
PRESENTERS = "401 404 404 404 {0} {0} 404"


def _key(world) -> str:
    return f"/api/v1/live-sessions/{world.session.pk}/media-key/"


ROWS = [
    row("GET", KEY, PRESENTERS.format(200), _key),
    row("POST", KEY, PRESENTERS.format(201), _key, {}),
    row("DELETE", KEY, PRESENTERS.format(204), _key),
    # No sign-in opens the hooks: only the media server's token does (rules.md E3).
    *(row("GET", f"hooks/media/{name}/", 405) for name in ("publish", "update", "done")),
    *(row("POST", f"hooks/media/{name}/", 401) for name in ("publish", "update", "done")),
]
