"""The raw doors: paths that the live process answers itself, without Django's request cycle.

One table, from which the dispatcher, the role matrix and nginx's configuration are made.
A door is an ASGI callable. It finds the named groups of its path in `scope["market"]["params"]`.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property

import livestreams.asgi
import orders.asgi
import realtime.asgi
import uploads.asgi
from villagemarket.grants import authorise, may_open, recheck

Application = Callable[[dict, Callable, Callable], Awaitable[None]]


@dataclass(frozen=True)
class Door:
    """One path of the live process."""

    name: str
    methods: tuple[str, ...]
    path: str  # regular expression over the whole path, named groups
    application: Application

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self.path)

    def match(self, path: str) -> dict[str, str] | None:
        """The named groups, or None when this is not the door."""
        found = self._pattern.fullmatch(path)
        return found.groupdict() if found else None


DOORS = (
    Door(
        "room stream",
        ("GET",),
        r"/api/v1/live-sessions/(?P<session_id>[0-9]{1,18})/events/",
        realtime.asgi.application(authorise, recheck),
    ),
    Door(
        "chunk upload",
        ("PUT",),
        r"/ingest/takes/(?P<take_id>[0-9]+)/(?P<seq>[0-9]+)",
        livestreams.asgi.receive_chunk,
    ),
    Door(
        "deal orders",
        ("POST",),
        r"/api/v1/deals/(?P<deal_id>[0-9]{1,18})/orders/",
        orders.asgi.order_deal,
    ),
    Door("fast orders", ("POST",), r"/api/v1/fast-orders/", orders.asgi.order_goods),
    Door("media", ("GET", "HEAD"), r"/media/(?P<path>.+)", uploads.asgi.media_door(authorise=may_open)),
)
