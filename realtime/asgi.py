"""The room stream: server-sent events of one room, on a raw ASGI door (speed.md, decisions.md 1–4)."""

import asyncio
import contextlib
import json
import logging
import secrets
from collections import Counter
from collections.abc import Callable
from urllib.parse import parse_qs

from django.conf import settings
from redis.exceptions import RedisError

from common.limits import address_group
from realtime import backlog, nchan
from realtime.channels import NOTHING_YET, UNKNOWN, Position
from realtime.grants import Authorise, Grant, Recheck
from realtime.hub import Hub
from realtime.readers import OwnReader, StreamReader

logger = logging.getLogger(__name__)

SSE_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]
# A person who was banned or signed out is gone within 5 s (decisions.md 2).
RECHECK_SECONDS = 3.0
MEASURE_SECONDS = 2.0
# So long a door waits for the relay to bring what the reader already knows.
RELAY_SECONDS = 2.0


class Rooms:
    """What one event loop holds: the hub and every open stream."""

    def __init__(self, recheck: Recheck):
        self.hub = Hub(settings.REDIS_URL)
        self.readers: set[StreamReader] = set()
        self.by_address: Counter[str] = Counter()
        self.port: int | None = None
        self.publisher = nchan.Publisher(settings.NCHAN_PUBLISH)
        self._seen: dict[str, tuple[float, str]] = {}
        self._recheck = recheck

    def start(self) -> None:
        """Begin, once."""
        if self.hub.client is None:
            self.hub.start()
            self.hub.also(self._revoke)
            self.hub.also(self._measure)

    async def stop(self) -> None:
        """End the background work."""
        await self.hub.stop()
        await self.publisher.close()

    async def last_in_nginx(self, room: str) -> str:
        """Return nginx's number of the last message that it has of a room, "" for none; a crowd asks once."""
        now = asyncio.get_running_loop().time()
        seen_at, last_id = self._seen.get(room, (float("-inf"), ""))
        if now - seen_at > nchan.SEEN_SECONDS:
            told = await self.publisher.ask(room)
            last_id = told.last_id if told is not None and told.messages > 0 else ""
            if len(self._seen) > 1000:
                self._seen.clear()
            self._seen[room] = (now, last_id)
        return last_id

    @contextlib.contextmanager
    def place_for(self, address: str):
        """Count one more stream of an address; gives False when it has as many as it may."""
        group = address_group(address)
        is_free = not settings.ROOM_STREAMS_PER_ADDRESS or (
            self.by_address[group] < settings.ROOM_STREAMS_PER_ADDRESS
        )
        self.by_address[group] += is_free
        try:
            yield is_free
        finally:
            self.by_address[group] -= is_free
            if not self.by_address[group]:
                del self.by_address[group]

    async def _revoke(self) -> None:
        """Ask for all readers at once whether they may still read; ten thousand are a few queries."""
        while True:
            await asyncio.sleep(RECHECK_SECONDS)
            grants = {reader.grant for reader in self.readers}
            if not grants:
                continue
            try:
                lost = await self._recheck(grants)
            except Exception:
                # The room survives a database that is away; nobody can be banned meanwhile either.
                logger.exception("the room streams could not be rechecked, trying again")
                continue
            for reader in [reader for reader in self.readers if reader.grant in lost]:
                reader.end()

    async def _measure(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(MEASURE_SECONDS)
            now = loop.time()
            due = [reader for reader in self.readers if reader.must_be_measured(now)]
            if not due:
                continue
            try:
                known = await asyncio.to_thread(self._acknowledged, {reader.is_ipv6 for reader in due})
            except OSError as error:
                logger.warning("how far readers are could not be found out: %s", error)
                continue
            for reader in due:
                if known is None or reader.key is None:
                    reader.unmeasurable(now)
                else:
                    reader.measured(known.get(reader.key), now)

    def _acknowledged(self, families: set[bool]) -> dict[backlog.Key, int] | None:
        if self.port is None or not backlog.is_known_here():
            return None
        return {
            key: count
            for is_ipv6 in families
            for key, count in backlog.acknowledged(self.port, is_ipv6=is_ipv6).items()
        }


def application(authorise: Authorise, recheck: Recheck) -> Callable:
    """Return the door: `authorise(scope, room)` opens it, `recheck(grants)` names those it closes for."""
    rooms: dict[asyncio.AbstractEventLoop, Rooms] = {}

    async def door(scope: dict, receive, send) -> None:
        loop = asyncio.get_running_loop()
        if loop not in rooms:
            rooms[loop] = Rooms(recheck)
        here = rooms[loop]
        here.start()
        with here.place_for(client_address(scope)) as is_free:
            if not is_free:
                await _refuse(
                    send, 429, "too_many", "Too many rooms are open here.", [(b"retry-after", b"30")]
                )
                return
            grant = await authorise(scope, f"session:{int(scope['market']['params']['session_id'])}")
            if grant is None:
                await _refuse(send, 404, "not_found", "We could not find that.")
                return
            if settings.ROOM_STREAM == "nchan":
                await hand_over(here, grant, asked_position(scope), send)
            else:
                await _stream(here, grant, scope, receive, send)

    door.rooms = rooms
    return door


async def _stream(here: Rooms, grant: Grant, scope: dict, receive, send) -> None:
    loop = asyncio.get_running_loop()
    await send({"type": "http.response.start", "status": 200, "headers": SSE_HEADERS})
    reader = StreamReader(send, asked_position(scope), grant, _connection(here, scope))
    leaving = asyncio.create_task(_left(receive))
    reader.on_end = leaving.cancel
    here.readers.add(reader)
    try:
        async with contextlib.AsyncExitStack() as held:
            room = await held.enter_async_context(here.hub.following(grant.room, reader))
            # The first bytes say that the reader's place is taken: what is published from here on reaches it.
            # Phones that lose a server together do not come back in the same second.
            reader.write(b"retry: %d\n\n" % (1000 + secrets.randbelow(2000)), loop.time())
            reader.take_place(room, loop.time())
            if grant.own:
                own = OwnReader(reader)
                own.take_place(
                    await held.enter_async_context(here.hub.following(grant.own, own)), loop.time()
                )
            await asyncio.wait((leaving,))
    finally:
        here.readers.discard(reader)
        reader.is_over = True
        leaving.cancel()
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _connection(here: Rooms, scope: dict) -> backlog.Address | None:
    """Return the other end as the kernel knows it; None when it is not a TCP connection of our own port."""
    client, server = scope.get("client"), scope.get("server")
    try:
        here.port = int(server[1])
        backlog.key_of(client)
    except (TypeError, ValueError, OSError, IndexError):
        return None
    return client


async def hand_over(here: Rooms, grant: Grant, asked: Position | None, send) -> None:
    """Tell nginx which channels of nchan this stream reads, and from where on."""
    place = None
    try:
        await _remember(here.hub.client, grant)
        give_up = asyncio.get_running_loop().time() + RELAY_SECONDS
        while asyncio.get_running_loop().time() < give_up:
            if last_id := await here.last_in_nginx(grant.room):
                place = await nchan.place_of(here.hub.client, grant.room, asked, last_id=last_id)
            if place is not None:
                break
            await asyncio.sleep(0.1)
    except (RedisError, OSError, nchan.NchanError) as error:
        logger.warning("a room stream waits for Valkey or nginx: %s", error)
    if place is None:
        # Whoever cannot be cut later is not let in now.
        await _refuse(send, 503, "unavailable", "The room is just starting.", [(b"retry-after", b"2")])
    elif isinstance(place, Position):
        await send({"type": "http.response.start", "status": 200, "headers": SSE_HEADERS})
        body = f"retry: {100 + secrets.randbelow(900)}\nevent: reset\nid: {place}\ndata: {{}}\n\n"
        await send({"type": "http.response.body", "body": body.encode()})
    else:
        own = f"/{nchan.nchan_name(grant.own)}" if grant.own else ""
        target = f"/-/rooms/{nchan.nchan_name(grant.room)}{own}?at={place}".encode()
        headers = [*SSE_HEADERS, (b"x-accel-redirect", target), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


async def _remember(client, grant: Grant) -> None:
    pipeline = client.pipeline(transaction=False)
    pipeline.sadd(nchan.WATCHED, grant.room)
    pipeline.publish(nchan.WATCH, grant.room)
    if grant.own:
        pipeline.hset(nchan.GRANTS, *nchan.sealed(grant))
    await pipeline.execute()


def client_address(scope: dict) -> str:
    """Return whose stream this is; only a proxy that we were told of may name somebody else (rules.md 13)."""
    address = (scope.get("client") or ("",))[0]
    if address in settings.LIVE_PROXIES:
        named = dict(scope["headers"]).get(b"x-forwarded-for", b"").decode("latin-1")
        return named.rsplit(",", 1)[-1].strip() or address
    return address


def asked_position(scope: dict) -> Position | None:
    """Return where the reader stands: the header of a reconnecting browser, else `?after=` of a new page.

    None means "from now on"; an empty `after` means that nothing had happened when the page was made.
    """
    header = dict(scope["headers"]).get(b"last-event-id")
    if header is not None:
        return Position.parse(header.decode("latin-1")) or UNKNOWN
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    if "after" not in query:
        return None
    after = query["after"][-1]
    return (Position.parse(after) or UNKNOWN) if after else NOTHING_YET


async def _left(receive) -> None:
    with contextlib.suppress(Exception):
        while (await receive())["type"] != "http.disconnect":
            pass


async def _refuse(send, status: int, code: str, message: str, headers=()) -> None:
    kind = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": [*kind, *headers]})
    await send(
        {"type": "http.response.body", "body": json.dumps({"code": code, "message": message}).encode()}
    )
