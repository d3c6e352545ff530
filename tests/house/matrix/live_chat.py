"""Addresses of the chat's moderation."""

from tests.house.roles import row

API = "api/v1/live-sessions/"
ONE = API + "<int:session_id>/"
SHOW = "desk/live/<int:session_id>/"
PAGE = "302 404 404 404 {0} {0} 404"
CREW = "401 404 404 404 {0} {0} 404"


def _api(rest: str = ""):
    return lambda world: f"/{API}{world.session.pk}/{rest.format(w=world)}"


def _desk(rest: str):
    return lambda world: f"/desk/live/{world.session.pk}/{rest}"


def _show(world) -> str:
    return f"/api/v1/messages/{world.message.pk}/show/"


ROWS = [
    row("POST", "api/v1/messages/<int:message_id>/show/", CREW.format(204), _show, {"reason": "fine"}),
    row("GET", ONE + "mutes/", CREW.format(200), _api("mutes/")),
    # Nobody was silenced in this room.
    row("DELETE", ONE + "mutes/<int:person_id>/", CREW.format(404), _api("mutes/{w.message.author_id}/")),
    row("GET", ONE + "moderators/", CREW.format(200), _api("moderators/")),
    row(
        "POST",
        ONE + "moderators/",
        CREW.format(200),
        _api("moderators/"),
        lambda world: {"message": world.message.pk},
    ),
    row("POST", ONE + "moderators/join/", "401 404 404 404 404 404 404", _api("moderators/join/"), {}),
    row(
        "DELETE",
        ONE + "moderators/<int:person_id>/",
        CREW.format(404),
        _api("moderators/{w.message.author_id}/"),
    ),
    row("GET", ONE + "quick-replies/", CREW.format(200), _api("quick-replies/")),
    row("POST", ONE + "quick-replies/", CREW.format(201), _api("quick-replies/"), {"text": "今天发货"}),
    row(
        "PATCH", ONE + "quick-replies/<int:reply_id>/", CREW.format(404), _api("quick-replies/1/"),
        {"text": "明天发货"},
    ),
    row("DELETE", ONE + "quick-replies/<int:reply_id>/", CREW.format(404), _api("quick-replies/1/")),
    row("GET", SHOW + "moderate/", PAGE.format(200), _desk("moderate/")),
    # Nobody was asked to help in this show.
    row("POST", SHOW + "moderate/join/", "302 404 404 404 404 404 404", _desk("moderate/join/"), {}),
    row("GET", SHOW + "chat/", PAGE.format(200), _desk("chat/")),
    row(
        "POST", SHOW + "chat/", PAGE.format(302), _desk("chat/"), {"do": "add_reply", "text": "今天发货"}
    ),
    row("PUT", ONE + "slow-mode/", CREW.format(200), _api("slow-mode/"), {"seconds": 10}),
]  # fmt: skip
