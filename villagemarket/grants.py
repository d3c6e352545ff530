"""Who may listen to a room and to their own channel, and who may see private files.

`realtime` knows only names (decisions.md 2, 3).

Channels: `session:<id>` is the public room, `user:<id>` is one person's own.
"""

import re
import uuid
from collections.abc import Collection
from importlib import import_module
from urllib.parse import urlsplit

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.db import close_old_connections
from django.http import HttpRequest
from django.http.cookie import parse_cookie

from accounts.models import User
from accounts.selectors import find_token, mark_of, marks_among, token_digest, valid_tokens_among
from common.clock import utc_now
from livestreams.selectors import banned_among, is_banned, is_watchable, watchable_among
from orders.selectors.seeing import may_see_photo
from realtime.grants import Grant

SessionStore = import_module(settings.SESSION_ENGINE).SessionStore
# A grant's ticket: how the caller signed in, with what, who they are, and their password's mark.
SESSION, TOKEN = "session", "token"
_LARGEST_ID = 2**63 - 1
_PHOTO = re.compile(r"private/photos/[0-9a-f]{2}/(?P<name>[0-9a-f]{32})/[0-9]+-[0-9a-f]{16}\.webp")


async def authorise(scope: dict, room: str) -> Grant | None:
    """What the caller may listen to now; None when the room is not there for them."""
    return await sync_to_async(_authorise, thread_sensitive=False)(scope, room)


async def recheck(grants: Collection[Grant]) -> set[Grant]:
    """Those that no longer hold: signed out, banned, or the room is gone. A few queries for any number."""
    return await sync_to_async(_recheck, thread_sensitive=False)(grants)


async def may_open(scope: dict, path: str) -> bool:
    """Tell the media door whether the caller may have a private file (decisions.md 5)."""
    return await sync_to_async(_may_open, thread_sensitive=False)(scope, path)


def _may_open(scope: dict, path: str) -> bool:
    found = _PHOTO.fullmatch(path)
    if found is None:
        return False
    close_old_connections()
    person, _ = _caller(scope)
    return person is not None and may_see_photo(user=person, public_id=uuid.UUID(found["name"]))


def _authorise(scope: dict, room: str) -> Grant | None:
    close_old_connections()
    session_id = _room_id(room)
    if session_id is None or not is_watchable(session_id=session_id):
        return None
    person, ticket = _caller(scope)
    if person is None:
        return Grant(room)
    if is_banned(session_id=session_id, person_id=person.pk):
        return None
    return Grant(room, f"user:{person.pk}", ticket)


def _recheck(grants: Collection[Grant]) -> set[Grant]:
    close_old_connections()
    now = utc_now()
    rooms = {grant.room: _room_id(grant.room) for grant in grants}
    tickets = {grant.ticket for grant in grants if grant.ticket}
    people = {ticket[2] for ticket in tickets}
    watchable = watchable_among(set(rooms.values()))
    banned = banned_among(session_ids=set(rooms.values()), person_ids=people) if people else set()
    valid = _valid(tickets, people, now) if tickets else set()
    return {
        grant
        for grant in grants
        if rooms[grant.room] not in watchable
        or (grant.ticket and (grant.ticket not in valid or (rooms[grant.room], grant.ticket[2]) in banned))
    }


def _valid(tickets: set[tuple], people: set[int], now) -> set[tuple]:
    keys = {ticket[1] for ticket in tickets if ticket[0] == SESSION}
    sessions = SessionStore.get_model_class().objects.filter(session_key__in=keys, expire_date__gt=now)
    alive = set(sessions.values_list("session_key", flat=True)) if keys else set()
    digests = {ticket[1] for ticket in tickets if ticket[0] == TOKEN}
    alive |= valid_tokens_among(digests, now=now) if digests else set()
    marks = marks_among(people)
    return {
        ticket
        for ticket in tickets
        if ticket[1] in alive
        and (marks.get(ticket[2]) == ticket[3] or (ticket[0] == TOKEN and ticket[2] in marks))
    }


def _room_id(room: str) -> int | None:
    kind, _, number = room.partition(":")
    if kind != "session" or not (number.isascii() and number.isdigit()) or int(number) > _LARGEST_ID:
        return None
    return int(number)


def _caller(scope: dict) -> tuple[User | None, tuple]:
    """The caller by bearer token, or by session cookie when the request comes from our own pages."""
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    kind, _, token = headers.get(b"authorization", "").partition(" ")
    if kind.lower() == "bearer":
        found = find_token(token.strip(), now=utc_now())
        return (found.user, (TOKEN, token_digest(token.strip()), found.user_id, "")) if found else (None, ())
    key = parse_cookie(headers.get(b"cookie", "")).get(settings.SESSION_COOKIE_NAME)
    if not key or not _is_own_page(headers):
        return None, ()
    request = HttpRequest()
    request.session = SessionStore(key)
    user = get_user(request)
    if not user.is_authenticated:
        return None, ()
    return user, (SESSION, request.session.session_key, user.pk, mark_of(user.password))


def _is_own_page(headers: dict[bytes, str]) -> bool:
    """A foreign page names itself in Origin or Sec-Fetch-Site; our own request has neither, or ours."""
    origin = headers.get(b"origin", "")
    if origin and urlsplit(origin).netloc != headers.get(b"host", ""):
        return False
    return headers.get(b"sec-fetch-site", "same-origin") in ("same-origin", "none")
