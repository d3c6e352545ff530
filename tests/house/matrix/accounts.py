"""Addresses of people: sign-in, profile, address book, inbox."""

from tests.house.roles import row

GUESTS_ONLY = "200 302 302 302 302 302 302"
SIGNED_IN = "302 200 200 200 200 200 200"
PLACE = {"province": "530000", "city": "532900", "county": "532930"}
ADDRESS = {"recipient": "阿润", "phone": "13800000003", "region": "云南省", "detail": "幸福路 8 号"} | PLACE
API = "api/v1/"
ONE = "api/v1/me/addresses/<int:pk>/"


def _address(world) -> str:
    return f"/api/v1/me/addresses/{world.market.address.pk}/"


def _address_page(world) -> str:
    return f"/me/addresses/{world.market.address.pk}/"


ROWS = [
    row("GET", "sign-in/", GUESTS_ONLY),
    row("GET", "sign-in/code/", GUESTS_ONLY),
    row("GET", "sign-in/code/check/", 302),
    row("GET", "sign-up/", GUESTS_ONLY),
    row("GET", "sign-out/", 200),
    row("POST", "sign-out/", 302),
    row("POST", API + "auth/token/", 400, data={"identifier": "13800000003", "password": "wrong"}),
    row("POST", API + "auth/code/", 202, data={"phone": "13800000099"}),
    row("POST", API + "auth/code/verify/", 400, data={"phone": "13800000003", "code": "000000"}),
    row("POST", API + "auth/logout/", "401 204 204 204 204 204 204"),
    row("GET", API + "me/", "401 200 200 200 200 200 200"),
    row("PATCH", API + "me/", "401 200 200 200 200 200 200", data={"display_name": "x"}),
    row("GET", API + "me/addresses/", "401 200 200 200 200 200 200"),
    row("POST", API + "me/addresses/", "401 201 201 201 201 201 201", data=ADDRESS),
    row("GET", ONE, "401 200 404 404 404 404 404", path=_address),
    row("PATCH", ONE, "401 200 404 404 404 404 404", path=_address, data={"detail": "x"}),
    row("DELETE", ONE, "401 204 404 404 404 404 404", path=_address),
    row("GET", "me/", SIGNED_IN),
    row("GET", "me/addresses/", SIGNED_IN),
    row("GET", "me/addresses/new/", SIGNED_IN),
    row("GET", "me/addresses/<int:address_id>/", "302 200 404 404 404 404 404", path=_address_page),
    row(
        "POST",
        "me/addresses/<int:address_id>/delete/",
        "302 302 404 404 404 404 404",
        path=lambda world: _address_page(world) + "delete/",
    ),
    row("GET", "inbox/", SIGNED_IN),
    row("POST", "inbox/read/", 302),
    row(
        "POST",
        "inbox/<int:notification_id>/open/",
        "302 302 404 404 404 404 404",
        path=lambda world: f"/inbox/{world.notification.pk}/open/",
    ),
    row("GET", API + "notifications/", "401 200 200 200 200 200 200"),
    row(
        "POST",
        API + "notifications/read/",
        "401 200 404 404 404 404 404",
        data=lambda world: {"ids": [world.notification.pk]},
    ),
]
