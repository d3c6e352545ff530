"""Private files by a link: who is signed out signs in, everybody else whom the door refused gets a page."""

from tests.house.roles import row

ROWS = [
    row(
        "GET",
        "media/private/<path:path>",
        "302 404 404 404 404 404 404",
        path=lambda world: (
            "/media/private/photos/ab/0123456789abcdef0123456789abcdef/360-0123456789abcdef.webp"
        ),
    ),
]
