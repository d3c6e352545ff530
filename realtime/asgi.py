"""The room stream: server-sent events of one channel, on a raw ASGI door (speed.md, decisions.md 1–4)."""

import asyncio
import contextlib
import inspect
import json
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from django.conf import settings

from realtime.hub import Hub, Position

Authorise = Callable[[dict, str], bool | Awaitable[bool]]
SSE_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]
RECHECK_SECONDS = 5.0


def application(authorise: Authorise) -> Callable:
    """Return the door; `authorise(scope, channel)` says whether this connection may read the channel."""
    hubs: dict[asyncio.AbstractEventLoop, Hub] = {}

    async def allowed(scope: dict, channel: str) -> bool:
        answer = authorise(scope, channel)
        return bool(await answer if inspect.isawaitable(answer) else answer)

    async def door(scope: dict, receive, send) -> None:
        loop = asyncio.get_running_loop()
        if loop not in hubs:
            hubs[loop] = Hub(settings.REDIS_URL)
        hub = hubs[loop]
        hub.start()
        channel_name = f"session:{int(scope['market']['params']['session_id'])}"
        if not await allowed(scope, channel_name):
            await _refuse(send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": SSE_HEADERS})
        writing = asyncio.create_task(_write(hub, channel_name, scope, send, allowed))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait((writing, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _end(writing, leaving)

    door.hubs = hubs
    return door


async def _end(*tasks: asyncio.Task) -> None:
    """Cancel until it is heard: the Valkey client swallows a cancellation that comes while it connects."""
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=0.5)
    await asyncio.gather(*tasks, return_exceptions=True)


def asked_position(scope: dict) -> Position | None:
    """Return where the reader stands: the header of a reconnecting browser, else `?after=` of a new page.

    None means "from now on"; an empty `after` means that nothing had happened when the page was made.
    """
    header = dict(scope["headers"]).get(b"last-event-id")
    if header is not None:
        return Position.parse(header.decode("latin-1")) or Position("unknown", 0)
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    if "after" not in query:
        return None
    after = query["after"][-1]
    return (Position.parse(after) or Position("unknown", 0)) if after else Position("", 0)


async def _write(hub: Hub, name: str, scope: dict, send, allowed) -> None:
    loop = asyncio.get_running_loop()
    position = asked_position(scope)
    async with hub.reading(name) as channel:
        if channel.flushed.epoch != channel.epoch:
            channel.flush(loop.time())
        if position is None:
            position = Position(channel.flushed.epoch, channel.flushed.seq)
        # The first bytes say that the reader's place is taken: what is published from here on reaches it.
        await _send(send, b"retry: 2000\n\n")
        checked = loop.time()
        while True:
            beat = channel.beat
            # Until Valkey answers, nothing is known about the room: wait rather than reset.
            if channel.flushed.epoch and position != channel.flushed:
                payload, position = channel.since(position)
                await _send(send, payload)
                continue
            await beat.wait()
            if position == channel.flushed:
                await _send(send, b": still here\n\n")
            if loop.time() - checked > RECHECK_SECONDS:
                if not await allowed(scope, name):
                    break
                checked = loop.time()
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send(send, payload: bytes) -> None:
    await send({"type": "http.response.body", "body": payload, "more_body": True})


async def _left(receive) -> None:
    with contextlib.suppress(Exception):
        while (await receive())["type"] != "http.disconnect":
            pass


async def _refuse(send) -> None:
    body = json.dumps({"code": "not_found", "message": "We could not find that."}).encode()
    await send(
        {
            "type": "http.response.start",
            "status": 404,
            "headers": [(b"content-type", b"application/json"), (b"cache-control", b"no-store")],
        }
    )
    await send({"type": "http.response.body", "body": body})
