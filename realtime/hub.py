"""One process's view of the channels that its connections follow.

A channel keeps the last events in memory, filled from the Valkey stream and kept current by its
announcements. Readers hold only a position in it: a slow one costs no memory, it simply gets more at
once later, and one that fell too far behind is told to fetch a snapshot. Events are handed on in
beats of 250 ms, of counters only the latest value (speed.md: cost follows writes, not messages).
"""

import asyncio
import contextlib
import json
import logging
import os
import secrets
from collections import deque
from dataclasses import dataclass, field

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from realtime.services.presence import FORGOTTEN_AFTER, REPORT, presence_key, shown_key
from realtime.services.publishing import KEPT_EVENTS, KEPT_SECONDS, PUBLISH, meta_key, stream_key

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 0.25
HEARTBEAT_SECONDS = 15
PRESENCE_SECONDS = 1
PRESENCE_REFRESH_SECONDS = 3
LONGEST_BACKOFF = 2.0
# Of these only the latest value is worth sending; the field tells apart counters of one event.
COUNTERS = {"viewers": None, "likes": None, "stock": "variant"}


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a channel; `counter` is set where a later one replaces it."""

    seq: int
    name: str
    data: str
    counter: tuple | None


@dataclass(slots=True)
class Position:
    """Where a reader stands: everything up to `seq` of `epoch` was sent."""

    epoch: str
    seq: int

    @classmethod
    def parse(cls, text: str) -> "Position | None":
        """Read "epoch-seq"; None for anything else."""
        epoch, dash, seq = text.strip().rpartition("-")
        is_number = seq.isascii() and seq.isdigit() and len(seq) <= 15
        if not dash or not epoch.isalnum() or len(epoch) > 16 or not is_number:
            return None
        return cls(epoch, int(seq))


def _event(seq: int, name: str, data: str) -> Event:
    counter = None
    if name in COUNTERS:
        key = COUNTERS[name]
        try:
            counter = (name, json.loads(data).get(key) if key else None)
        except (ValueError, AttributeError):
            counter = None
    return Event(seq, name, data, counter)


def heed_cancellation() -> None:
    """Leave when told to: the Valkey client swallows a cancellation that comes while it connects."""
    if asyncio.current_task().cancelling():
        raise asyncio.CancelledError


@dataclass
class Channel:
    """The last events of one channel and its readers."""

    name: str
    epoch: str = ""
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=KEPT_EVENTS))
    last_seq: int = 0
    flushed: Position = field(default_factory=lambda: Position("", 0))
    readers: int = 0
    beat: asyncio.Event = field(default_factory=asyncio.Event)
    last_beat: float = 0.0
    reported: tuple[int, float] = (0, 0.0)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    _payloads: dict[tuple[str, int], bytes] = field(default_factory=dict)

    def load(self, epoch: str, events: list[Event], last_seq: int) -> None:
        """Take over what Valkey holds; a new epoch forgets everything older."""
        if epoch != self.epoch:
            self.epoch, self.last_seq = epoch, 0
            self.events.clear()
        for event in events:
            if event.seq > self.last_seq:
                self.events.append(event)
                self.last_seq = event.seq
        self.last_seq = max(self.last_seq, last_seq)

    def accept(self, epoch: str, event: Event) -> bool:
        """Append an announced event; False when something is missing before it."""
        if epoch != self.epoch or event.seq > self.last_seq + 1:
            return False
        if event.seq == self.last_seq + 1:
            self.events.append(event)
            self.last_seq = event.seq
        return True

    def flush(self, now: float) -> None:
        """Wake the readers when there is something new, or when they have heard nothing for long."""
        fresh = self.flushed.epoch != self.epoch or self.flushed.seq != self.last_seq
        if not fresh and now - self.last_beat < HEARTBEAT_SECONDS:
            return
        self.flushed = Position(self.epoch, self.last_seq)
        self.last_beat = now
        self._payloads.clear()
        waiting, self.beat = self.beat, asyncio.Event()
        waiting.set()

    def since(self, position: Position) -> tuple[bytes, Position]:
        """Return the bytes that bring a reader up to date, and its new position."""
        key = (position.epoch, position.seq)
        payload = self._payloads.get(key)
        if payload is None:
            payload = self._payloads[key] = self._compose(position)
        return payload, Position(self.flushed.epoch, self.flushed.seq)

    def _compose(self, position: Position) -> bytes:
        if position.epoch == self.flushed.epoch and position.seq == self.flushed.seq:
            return b": still here\n\n"
        oldest = self.events[0].seq if self.events else self.flushed.seq + 1
        # A reader without an epoch saw a room in which nothing had happened yet.
        known = position.epoch == self.flushed.epoch or (not position.epoch and oldest == 1)
        if not known or not oldest - 1 <= position.seq <= self.flushed.seq:
            return f"event: reset\nid: {self.flushed.epoch}-{self.flushed.seq}\ndata: {{}}\n\n".encode()
        fresh = [event for event in self.events if position.seq < event.seq <= self.flushed.seq]
        latest = {event.counter: event.seq for event in fresh if event.counter}
        return b"".join(
            f"event: {event.name}\nid: {self.flushed.epoch}-{event.seq}\ndata: {event.data}\n\n".encode()
            for event in fresh
            if not event.counter or latest[event.counter] == event.seq
        )


class Hub:
    """Follows Valkey for the channels that somebody reads; survives its restarts."""

    def __init__(self, url: str):
        self.url = url
        self.process = f"{os.getpid()}.{secrets.token_hex(3)}"
        self.channels: dict[str, Channel] = {}
        self.client: redis.asyncio.Redis | None = None
        self.subscription = None
        self._tasks: list[asyncio.Task] = []

    def start(self) -> None:
        """Begin to follow, on the running loop."""
        if self._tasks:
            return
        self.client = redis.asyncio.Redis.from_url(
            self.url,
            decode_responses=True,
            socket_connect_timeout=1,
            socket_timeout=5,
            retry=Retry(NoBackoff(), 1),
        )
        self._tasks = [
            asyncio.create_task(work()) for work in (self._follow, self._beat, self._report_presence)
        ]

    async def stop(self) -> None:
        """End the background work and the connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        if self.client is not None:
            await self.client.aclose()

    @contextlib.asynccontextmanager
    async def reading(self, name: str):
        """Give the channel to one reader; the last one to leave closes it."""
        channel = self.channels.get(name)
        is_first = channel is None
        if is_first:
            channel = self.channels[name] = Channel(name)
        channel.readers += 1
        # The first reader fills the channel; the next ones wait for it, but not for a dead Valkey.
        try:
            if is_first:
                await self._open(channel)
                heed_cancellation()
            # Not wait_for: before Python 3.12 it can swallow the cancelling of a reader that leaves at once.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await channel.ready.wait()
            yield channel
        finally:
            channel.readers -= 1
            if not channel.readers and self.channels.get(name) is channel:
                del self.channels[name]
                await asyncio.shield(self._close(channel))

    async def _open(self, channel: Channel) -> None:
        # Without the hub the room stays open; `_follow` fills the channel when Valkey is back.
        with contextlib.suppress(RedisError, OSError):
            if self.subscription is not None:
                await self.subscription.subscribe(stream_key(channel.name))
            await self._fill(channel)

    async def _close(self, channel: Channel) -> None:
        with contextlib.suppress(RedisError, OSError):
            if self.subscription is not None and channel.name not in self.channels:
                await self.subscription.unsubscribe(stream_key(channel.name))
            await self._tell_presence(channel)

    async def _fill(self, channel: Channel) -> None:
        """Read the stream: what a restart or a lost announcement left out."""
        pipeline = self.client.pipeline(transaction=True)
        pipeline.hmget(meta_key(channel.name), "epoch", "seq")
        pipeline.xrevrange(stream_key(channel.name), count=KEPT_EVENTS)
        (epoch, seq), entries = await pipeline.execute()
        events = [
            _event(int(entry_id.partition("-")[0]), fields["event"], fields["data"])
            for entry_id, fields in reversed(entries)
        ]
        if epoch:
            channel.load(epoch, events, int(seq))
        channel.ready.set()

    async def _follow(self) -> None:
        backoff = 0.1
        while True:
            heed_cancellation()
            try:
                async with self.client.pubsub() as subscription:
                    # A channel of our own keeps the subscription valid while nobody reads anything.
                    await subscription.subscribe(f"room:process:{self.process}")
                    self.subscription = subscription
                    for channel in list(self.channels.values()):
                        await subscription.subscribe(stream_key(channel.name))
                        await self._fill(channel)
                    backoff = 0.1
                    await self._listen(subscription)
            except (RedisError, OSError, ConnectionError) as error:
                logger.warning("the room hub lost Valkey (%s), trying again", error)
            except Exception:
                logger.exception("the room hub stumbled, trying again")
            finally:
                self.subscription = None
            await asyncio.sleep(backoff)
            backoff = min(backoff * 2, LONGEST_BACKOFF)

    async def _listen(self, subscription) -> None:
        while True:
            heed_cancellation()
            message = await subscription.get_message(ignore_subscribe_messages=True, timeout=1.0)
            if message is None:
                continue
            name = message["channel"].removeprefix("room:{").removesuffix("}:events")
            channel = self.channels.get(name)
            if channel is None:
                continue
            event_id, event_name, data = message["data"].split("\n", 2)
            epoch, _, seq = event_id.rpartition("-")
            if not channel.accept(epoch, _event(int(seq), event_name, data)):
                await self._fill(channel)

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            for channel in list(self.channels.values()):
                channel.flush(loop.time())

    async def _report_presence(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            heed_cancellation()
            await asyncio.sleep(PRESENCE_SECONDS)
            for channel in list(self.channels.values()):
                number, at = channel.reported
                if number == channel.readers and loop.time() - at < PRESENCE_REFRESH_SECONDS:
                    continue
                with contextlib.suppress(RedisError, OSError):
                    await self._tell_presence(channel)
                    channel.reported = (channel.readers, loop.time())

    async def _tell_presence(self, channel: Channel) -> None:
        total, changed = await self.client.eval(
            REPORT, 2, presence_key(channel.name), shown_key(channel.name),
            self.process, channel.readers, FORGOTTEN_AFTER,
        )  # fmt: skip
        if changed:
            await self.client.eval(
                PUBLISH, 2, stream_key(channel.name), meta_key(channel.name),
                secrets.token_hex(4), "viewers", json.dumps({"count": total}), KEPT_EVENTS, KEPT_SECONDS,
            )  # fmt: skip
