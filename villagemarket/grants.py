"""Who may listen to which channel of the room hub; `realtime` knows only names (decisions.md 2, 3).

Channels: `session:<id>` is the public room, `user:<id>` is one person's own.
"""

from importlib import import_module
from urllib.parse import urlsplit

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.db import close_old_connections
from django.http import HttpRequest
from django.http.cookie import parse_cookie

from accounts.models import User
from accounts.selectors import find_token
from common.clock import utc_now
from livestreams.models import LiveSession
from livestreams.selectors import is_banned
from livestreams.statuses import PUBLIC

SessionStore = import_module(settings.SESSION_ENGINE).SessionStore


async def authorise(scope: dict, channel: str) -> bool:
    """Whether the caller may listen now; asked again every few seconds, so that a ban takes effect."""
    return await sync_to_async(_authorise, thread_sensitive=False)(scope, channel)


def _authorise(scope: dict, channel: str) -> bool:
    close_old_connections()
    kind, _, number = channel.partition(":")
    if not (number.isascii() and number.isdigit()):
        return False
    person = person_of(scope)
    if kind == "user":
        return person is not None and person.pk == int(number)
    if kind == "session":
        return _may_watch(int(number), person)
    return False


def _may_watch(session_id: int, person: User | None) -> bool:
    if not LiveSession.objects.filter(pk=session_id, status__in=PUBLIC).exists():
        return False
    return person is None or not is_banned(session_id=session_id, person_id=person.pk)


def person_of(scope: dict) -> User | None:
    """The caller by bearer token, or by session cookie when the request comes from our own pages."""
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    kind, _, token = headers.get(b"authorization", "").partition(" ")
    if kind.lower() == "bearer":
        found = find_token(token.strip(), now=utc_now())
        return found.user if found else None
    key = parse_cookie(headers.get(b"cookie", "")).get(settings.SESSION_COOKIE_NAME)
    if not key or not _is_own_page(headers):
        return None
    request = HttpRequest()
    request.session = SessionStore(key)
    user = get_user(request)
    return user if user.is_authenticated else None


def _is_own_page(headers: dict[bytes, str]) -> bool:
    """A foreign page names itself in Origin or Sec-Fetch-Site; our own request has neither, or ours."""
    origin = headers.get(b"origin", "")
    if origin and urlsplit(origin).netloc != headers.get(b"host", ""):
        return False
    return headers.get(b"sec-fetch-site", "same-origin") in ("same-origin", "none")
