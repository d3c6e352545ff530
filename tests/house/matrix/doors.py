"""The raw doors of the live process."""

from tests.house.roles import row
from villagemarket.doors import DOORS

PATHS = {door.name: door.path for door in DOORS}

ROWS = [
    # Everybody may watch a public room; one that was never announced is nobody's to know of.
    row("GET", PATHS["room stream"], 200, lambda w: f"/api/v1/live-sessions/{w.session.pk}/events/"),
    row("GET", PATHS["room stream"], 404, lambda w: f"/api/v1/live-sessions/{w.draft_session.pk}/events/"),
    # A sign-in opens no door to a recording, not even the host's own: only the token of the take does.
    row("PUT", PATHS["chunk upload"], 401, lambda w: f"/ingest/takes/{w.take.pk}/0", b"\x1a\x45\xdf\xa3"),
    row("GET", PATHS["media"], 404, lambda w: "/media/photos/no-such-picture.webp"),
]
