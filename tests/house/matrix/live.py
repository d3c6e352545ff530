"""Addresses of live sessions: the programme, the room, the desk's live pages, the REST doors."""

from datetime import timedelta

from common.clock import utc_now
from tests.house.roles import row

API = "api/v1/live-sessions/"
ONE = API + "<int:session_id>/"
DESK = "desk/live/"
SHOW = DESK + "<int:session_id>/"
MIME = "video/webm;codecs=h264,opus"
PRESENTERS = "401 404 404 404 {0} {0} 404"
SIGNED_IN = "302 200 200 200 200 200 200"
PAGE = "302 404 404 404 200 200 404"
MOVE = "302 404 404 404 302 302 404"


def _plan(world) -> dict:
    at = (utc_now() + timedelta(days=1)).isoformat()
    return {"title": "青稞", "scheduled_at": at, "shop": world.market.shop.pk}


def _at(start: str, which: str, rest: str = ""):
    return lambda world: f"/{start}{getattr(world, which).pk}/{rest.format(w=world)}"


def _api(which: str, rest: str = ""):
    return _at(API, which, rest)


def _desk(which: str, rest: str = ""):
    return _at(DESK, which, rest)


def _variant(world) -> dict:
    return {"variant": world.market.variant.pk, "live_price_fen": 6500}


def _item(world) -> dict:
    return {"rundown_item": world.item.pk}


def _message(world) -> dict:
    return {"message": world.message.pk}


ROWS = [
    row("GET", "live/", 200),
    row("GET", "live/<int:session_id>/", 200, _at("live/", "session")),
    row("GET", "live/<int:session_id>/", "404 404 404 404 200 200 404", _at("live/", "draft_session")),
    row("GET", "videos/", 200),
    row("GET", API, 200),
    row("POST", API, PRESENTERS.format(201), data=_plan),
    row("GET", ONE, 200, _api("session")),
    row("GET", ONE, "404 404 404 404 200 200 404", _api("draft_session")),
    row("PATCH", ONE, PRESENTERS.format(200), _api("draft_session"), {"title": "新的名字"}),
    row(
        "POST",
        ONE + "schedule/",
        PRESENTERS.format(200),
        _api("draft_session", "schedule/"),
        {"allow_clash": True},
    ),
    row("POST", ONE + "start/", PRESENTERS.format(200), _api("scheduled", "start/"), {}),
    row("POST", ONE + "end/", PRESENTERS.format(200), _api("session", "end/"), {}),
    row("POST", ONE + "cancel/", PRESENTERS.format(200), _api("scheduled", "cancel/"), {}),
    row("GET", ONE + "rundown/", 200, _api("session", "rundown/")),
    row("POST", ONE + "rundown/", PRESENTERS.format(201), _api("session", "rundown/"), _variant),
    row(
        "PATCH",
        ONE + "rundown/",
        PRESENTERS.format(200),
        _api("session", "rundown/"),
        lambda world: {"order": [world.item.pk]},
    ),
    row(
        "PATCH",
        ONE + "rundown/<int:item_id>/",
        PRESENTERS.format(200),
        _api("session", "rundown/{w.item.pk}/"),
        {"live_price_fen": 6600},
    ),
    # The item is being shown: it stays in the list.
    row(
        "DELETE",
        ONE + "rundown/<int:item_id>/",
        PRESENTERS.format(409),
        _api("session", "rundown/{w.item.pk}/"),
    ),
    row("POST", ONE + "pin/", PRESENTERS.format(200), _api("session", "pin/"), _item),
    row("GET", ONE + "messages/", 200, _api("session", "messages/")),
    row(
        "POST",
        ONE + "messages/",
        "401 201 201 201 201 201 201",
        _api("session", "messages/"),
        {"text": "好看"},
    ),
    row("POST", ONE + "mutes/", PRESENTERS.format(201), _api("session", "mutes/"), _message),
    row("POST", ONE + "takes/", PRESENTERS.format(201), _api("session", "takes/"), {"mime": MIME}),
    row(
        "POST",
        ONE + "takes/<int:take_id>/token/",
        PRESENTERS.format(200),
        _api("session", "takes/{w.take.pk}/token/"),
        {},
    ),
    row(
        "POST",
        ONE + "takes/<int:take_id>/close/",
        PRESENTERS.format(204),
        _api("session", "takes/{w.take.pk}/close/"),
        {},
    ),
    row("POST", ONE + "likes/", 200, _api("session", "likes/"), {"count": 1}),
    row(
        "POST",
        "api/v1/messages/<int:message_id>/hide/",
        PRESENTERS.format(204),
        lambda world: f"/api/v1/messages/{world.message.pk}/hide/",
        {},
    ),
    row("GET", DESK, SIGNED_IN),
    row("GET", DESK + "new/", SIGNED_IN),
    row("GET", SHOW, PAGE, _desk("session")),
    row("GET", SHOW + "edit/", PAGE, _desk("draft_session", "edit/")),
    row("GET", SHOW + "console/", PAGE, _desk("session", "console/")),
    row("POST", SHOW + "schedule/", MOVE, _desk("draft_session", "schedule/"), {}),
    row("POST", SHOW + "cancel/", MOVE, _desk("scheduled", "cancel/"), {}),
    row("POST", SHOW + "end/", MOVE, _desk("session", "end/"), {}),
    row(
        "POST",
        SHOW + "items/<int:item_id>/move/",
        MOVE,
        _desk("session", "items/{w.item.pk}/move/"),
        {"step": "up"},
    ),
    row(
        "POST",
        SHOW + "items/<int:item_id>/remove/",
        "302 404 404 404 409 409 404",
        _desk("session", "items/{w.item.pk}/remove/"),
        {},
    ),
]
