"""A room's door and its browsers, without a web server between."""

import asyncio
import json
from contextlib import asynccontextmanager

from realtime import asgi
from realtime.grants import Grant
from realtime.services.publishing import publish

CHANNEL = "session:7"


class Reader:
    """One browser: collects (event, id, data)."""

    def __init__(self, door, *, last_event_id=None, query="", address="203.0.113.7", headers=()):
        headers = [*headers, *([(b"last-event-id", last_event_id.encode())] if last_event_id else [])]
        self.scope = {
            "type": "http", "method": "GET", "path": "/api/v1/live-sessions/7/events/", "headers": headers,
            "query_string": query.encode(), "market": {"params": {"session_id": "7"}},
            "client": (address, 4711),
        }  # fmt: skip
        self.door = door
        self.status = None
        self.raw = b""
        self.events: list[tuple[str, str, dict]] = []
        self.changed = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.gone = asyncio.Event()
        self.placed = asyncio.Event()
        self.task: asyncio.Task | None = None

    async def _receive(self):
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message):
        await self.gate.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
        if message.get("body"):
            self.placed.set()
        self.raw += message.get("body", b"")
        for block in message.get("body", b"").decode().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            if "event" in fields:
                self.events.append((fields["event"], fields.get("id"), json.loads(fields["data"])))
        self.changed.set()

    async def until(self, check, seconds=8):
        async with asyncio.timeout(seconds):
            while not check(self.told):
                self.changed.clear()
                await self.changed.wait()

    @property
    def told(self) -> list[tuple[str, str, dict]]:
        """Everything but the viewers' number, which comes by itself."""
        return [event for event in self.events if event[0] != "viewers"]

    def numbers(self) -> list[int]:
        return [data["n"] for name, _, data in self.told if name == "chat"]


@asynccontextmanager
async def reading(door, **options):
    reader = Reader(door, **options)
    reader.task = asyncio.create_task(door(reader.scope, reader._receive, reader._send))
    try:
        async with asyncio.timeout(8):
            await reader.placed.wait()
        yield reader
    finally:
        reader.gate.set()
        reader.gone.set()
        await reader.task


@asynccontextmanager
async def open_door(allowed=True, own=None, lost=frozenset()):
    async def authorise(scope, room):
        return Grant(room, own) if allowed else None

    async def recheck(grants):
        return {grant for grant in grants if grant.own in lost}

    door = asgi.application(authorise, recheck)
    try:
        yield door
    finally:
        for here in door.rooms.values():
            await here.stop()


def say(number: int) -> str:
    return publish(channel=CHANNEL, event="chat", data={"n": number})


def run(scenario) -> None:
    asyncio.run(scenario())
