"""The market's own room door and relay for the benchmark, with everybody let in."""

import asyncio
import os
import re
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "villagemarket.settings")
django.setup()

from django.conf import settings  # noqa: E402

from realtime.asgi import application as room_door  # noqa: E402
from realtime.grants import Grant  # noqa: E402
from realtime.relay import Relay  # noqa: E402


async def _authorise(scope: dict, room: str) -> Grant:
    return Grant(room)


async def _recheck(grants) -> set[Grant]:
    return set()


_door = room_door(_authorise, _recheck)


async def application(scope: dict, receive, send) -> None:
    """Only the one door."""
    if scope["type"] == "http":
        session_id = re.search(r"[0-9]+", scope["path"].removeprefix("/api/v1"))[0]
        await _door({**scope, "market": {"params": {"session_id": session_id}}}, receive, send)


if __name__ == "__main__" and "relay" in sys.argv:
    asyncio.run(Relay(valkey=settings.REDIS_URL, nchan=settings.NCHAN_PUBLISH, recheck=_recheck).run())
