"""Addresses of replays and clips."""

from common.clock import utc_now
from livestreams.models import Clip, Replay
from tests.house.roles import row

API = "api/v1/live-sessions/<int:session_id>/"
PRESENTERS = "401 404 404 404 {0} {0} 404"


def _replay(world) -> Replay:
    """Return the replay of the world's show, as it would be after its end."""
    values = {
        "status": "ready", "playlist_path": "public/live/x/full.m3u8", "duration_ms": 120_000,
        "created_at": utc_now(),
    }  # fmt: skip
    return Replay.objects.get_or_create(session=world.session, defaults=values)[0]


def _clip(world) -> Clip:
    values = {"title": "青稞", "status": "ready", "created_at": utc_now()}
    return Clip.objects.get_or_create(replay=_replay(world), starts_ms=0, ends_ms=5000, defaults=values)[0]


def _of_session(rest: str):
    return lambda world: f"/api/v1/live-sessions/{_replay(world).session_id}/{rest}"


def _desk(rest: str):
    return lambda world: f"/desk/live/{_replay(world).session_id}/{rest.format(clip=_clip(world).pk)}"


DESK = "desk/live/<int:session_id>/"
MOVE = "302 404 404 404 302 302 404"

ROWS = [
    row("GET", "clips/<int:clip_id>/", 200, lambda world: f"/clips/{_clip(world).pk}/"),
    row("GET", DESK + "replay/", "302 404 404 404 200 200 404", _desk("replay/")),
    row("POST", DESK + "replay/", MOVE, _desk("replay/"), {"do": "show"}),
    row("POST", DESK + "clips/", MOVE, _desk("clips/"), {"starts": "0:00", "ends": "0:05"}),
    row("POST", DESK + "clips/<int:clip_id>/delete/", MOVE, _desk("clips/{clip}/delete/"), {}),
    row("GET", API + "replay/", 200, _of_session("replay/")),
    row("PATCH", API + "replay/", PRESENTERS.format(200), _of_session("replay/"), {"hidden": False}),
    row("GET", API + "clips/", 200, _of_session("clips/")),
    row(
        "POST",
        API + "clips/",
        PRESENTERS.format(200),
        _of_session("clips/"),
        lambda world: {"starts_ms": _clip(world).starts_ms, "ends_ms": 5000},
    ),
    row(
        "DELETE",
        "api/v1/clips/<int:clip_id>/",
        PRESENTERS.format(204),
        lambda world: f"/api/v1/clips/{_clip(world).pk}/",
    ),
]
