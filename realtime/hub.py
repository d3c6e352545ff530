"""One process's view of the channels that its connections follow.

A channel keeps the last events in memory, filled from the Valkey stream and kept current by its
announcements. Every 250 ms the hub hands what is new to the channel's readers itself: a task of their
own for each of ten thousand readers would cost more than the sending.
"""

import asyncio
import contextlib
import itertools
import json
import logging
import os
import secrets
from typing import Protocol

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from realtime.channels import NOTHING_YET, Channel, Event, is_public
from realtime.services.presence import FORGOTTEN_AFTER, REPORT, presence_key, shown_key
from realtime.services.publishing import KEPT_EVENTS, KEPT_SECONDS, PUBLISH, meta_key, stream_key

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 0.25
# A large room is served in so many parts, one after the other within a beat: a message then waits for a
# part of the sending, not for all of it, and the work is even.
PHASES = 4
READERS_IN_ONE_PHASE = 500
PRESENCE_SECONDS = 1
PRESENCE_REFRESH_SECONDS = 3
LONGEST_BACKOFF = 2.0
CONNECTIONS = 50
# Between so many readers others have their turn: a chunk of the host's picture does not wait for all.
READERS_AT_A_TIME = 500


class Reader(Protocol):
    """What a channel hands its events to."""

    viewers: int  # how many people it stands for

    def deliver(self, followed: "Followed", now: float) -> None:
        """Bring this reader to `channel.flushed`, or put it among those who are `behind`."""

    def remind(self, now: float) -> None:
        """Show that the line is alive."""


class Phase:
    """The readers that are served together."""

    def __init__(self) -> None:
        self.readers: dict[Reader, None] = {}
        self.handed = NOTHING_YET


class Followed:
    """A channel and who reads it."""

    def __init__(self, name: str):
        self.channel = Channel(name)
        self.phases = [Phase() for _ in range(PHASES)]
        # Those who could not take what they were handed get another chance soon.
        self.behind: set[Reader] = set()
        self.ready = asyncio.Event()
        self.reported: tuple[int, float] = (0, 0.0)

    @property
    def readers(self) -> list[Reader]:
        """Everybody who reads."""
        return [reader for phase in self.phases for reader in phase.readers]

    def add(self, reader: Reader) -> None:
        """Take a reader in; a small room is served at once, a large one in equal parts."""
        first = self.phases[0]
        phase = min(self.phases, key=lambda phase: len(phase.readers))
        if len(first.readers) < READERS_IN_ONE_PHASE:
            phase = first
        phase.readers[reader] = None

    def remove(self, reader: Reader) -> None:
        """Let a reader go."""
        self.behind.discard(reader)
        for phase in self.phases:
            phase.readers.pop(reader, None)

    @property
    def is_read(self) -> bool:
        """Whether anybody reads."""
        return any(phase.readers for phase in self.phases)


def heed_cancellation() -> None:
    """Leave when told to: the Valkey client swallows a cancellation that comes while it connects."""
    if asyncio.current_task().cancelling():
        raise asyncio.CancelledError


class Hub:
    """Follows Valkey for the channels that somebody reads; survives its restarts."""

    def __init__(self, url: str):
        self.url = url
        self.process = f"{os.getpid()}.{secrets.token_hex(3)}"
        self.channels: dict[str, Followed] = {}
        self.client: redis.asyncio.Redis | None = None
        self.subscription = None
        self._tasks: list[asyncio.Task] = []

    def start(self) -> None:
        """Begin to follow, on the running loop."""
        if self._tasks:
            return
        # A crowd that comes back at once waits for its turn; the default pool would refuse all but a hundred.
        pool = redis.asyncio.BlockingConnectionPool.from_url(
            self.url,
            max_connections=CONNECTIONS,
            timeout=10,
            decode_responses=True,
            socket_connect_timeout=1,
            socket_timeout=5,
            retry=Retry(NoBackoff(), 1),
        )
        self.client = redis.asyncio.Redis.from_pool(pool)
        self._tasks = [
            asyncio.create_task(work()) for work in (self._follow, self._beat, self._report_presence)
        ]

    def also(self, work) -> None:
        """Run a coroutine function for as long as the hub runs."""
        self._tasks.append(asyncio.create_task(work()))

    async def stop(self) -> None:
        """End the background work and the connections."""
        while pending := [task for task in self._tasks if not task.done()]:
            for task in pending:
                task.cancel()
            await asyncio.wait(pending, timeout=0.5)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        if self.client is not None:
            await self.client.aclose()

    @contextlib.asynccontextmanager
    async def following(self, name: str, reader: Reader):
        """Keep a channel open for a reader, who gets its events from now on; the last to leave closes it.

        When Valkey does not answer, the channel is empty for now and filled when Valkey is back.
        """
        followed = self.channels.get(name)
        is_first = followed is None
        if is_first:
            followed = self.channels[name] = Followed(name)
        followed.add(reader)
        # The first reader fills the channel; the next ones wait for it, but not for a dead Valkey.
        try:
            if is_first:
                await self._open(followed)
                heed_cancellation()
            # Not wait_for: before Python 3.12 it can swallow the cancelling of a reader that leaves at once.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await followed.ready.wait()
            if followed.channel.flushed.epoch != followed.channel.epoch:
                followed.channel.flush(asyncio.get_running_loop().time())
            yield followed
        finally:
            followed.remove(reader)
            if not followed.is_read and self.channels.get(name) is followed:
                del self.channels[name]
                await asyncio.shield(self._close(followed))

    async def _open(self, followed: Followed) -> None:
        # Without the hub the room stays open; `_follow` fills the channel when Valkey is back.
        with contextlib.suppress(RedisError, OSError):
            if self.subscription is not None:
                await self.subscription.subscribe(stream_key(followed.channel.name))
            await self._fill(followed)

    async def _close(self, followed: Followed) -> None:
        name = followed.channel.name
        with contextlib.suppress(RedisError, OSError):
            if self.subscription is not None and name not in self.channels:
                await self.subscription.unsubscribe(stream_key(name))
            if is_public(name):
                await self._tell_presence(name, self._viewers_of(name))

    async def _fill(self, followed: Followed) -> None:
        """Read the stream: what a restart or a lost announcement left out."""
        channel = followed.channel
        pipeline = self.client.pipeline(transaction=True)
        pipeline.hmget(meta_key(channel.name), "epoch", "seq")
        pipeline.xrevrange(stream_key(channel.name), count=KEPT_EVENTS)
        (epoch, seq), entries = await pipeline.execute()
        events = [
            Event.of(int(entry_id.partition("-")[0]), fields["event"], fields["data"])
            for entry_id, fields in reversed(entries)
        ]
        if epoch:
            channel.load(epoch, events, int(seq))
        followed.ready.set()

    async def _follow(self) -> None:
        backoff = 0.1
        while True:
            heed_cancellation()
            try:
                async with self.client.pubsub() as subscription:
                    # A channel of our own keeps the subscription valid while nobody reads anything.
                    await subscription.subscribe(f"room:process:{self.process}")
                    self.subscription = subscription
                    for followed in list(self.channels.values()):
                        await subscription.subscribe(stream_key(followed.channel.name))
                        await self._fill(followed)
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
            followed = self.channels.get(name)
            if followed is None:
                continue
            event_id, event_name, data = message["data"].split("\n", 2)
            epoch, _, seq = event_id.rpartition("-")
            if not followed.channel.accept(epoch, Event.of(int(seq), event_name, data)):
                await self._fill(followed)

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        for number in itertools.cycle(range(PHASES)):
            # A beat that took long is not made up for.
            due = max(due + FLUSH_SECONDS / PHASES, loop.time())
            await asyncio.sleep(due - loop.time())
            for followed in list(self.channels.values()):
                try:
                    await self._hand_out(followed, followed.phases[number], loop.time())
                except Exception:
                    logger.exception("a beat of %s failed", followed.channel.name)

    async def _hand_out(self, followed: Followed, phase: Phase, now: float) -> None:
        if not phase.readers:
            return
        channel = followed.channel
        channel.flush(now)
        if phase.handed != channel.flushed:
            phase.handed = channel.flushed
            readers = list(phase.readers)
            followed.behind.difference_update(readers)
        else:
            readers = list(followed.behind)
        for number, reader in enumerate(readers, 1):
            reader.deliver(followed, now)
            if number % READERS_AT_A_TIME == 0:
                await asyncio.sleep(0)
        if channel.is_silent(now):
            for reader in followed.readers:
                reader.remind(now)

    async def _report_presence(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            heed_cancellation()
            await asyncio.sleep(PRESENCE_SECONDS)
            for name, followed in list(self.channels.items()):
                number, at = followed.reported
                viewers = self._viewers_of(name)
                is_fresh = number == viewers and loop.time() - at < PRESENCE_REFRESH_SECONDS
                if is_fresh or not is_public(name):
                    continue
                with contextlib.suppress(RedisError, OSError):
                    await self._tell_presence(name, viewers)
                    followed.reported = (viewers, loop.time())

    def _viewers_of(self, name: str) -> int:
        followed = self.channels.get(name)
        return sum(reader.viewers for reader in followed.readers) if followed else 0

    async def _tell_presence(self, name: str, viewers: int) -> None:
        total, changed = await self.client.eval(
            REPORT, 2, presence_key(name), shown_key(name), self.process, viewers, FORGOTTEN_AFTER
        )
        if changed:
            await self.client.eval(
                PUBLISH, 2, stream_key(name), meta_key(name),
                secrets.token_hex(4), "viewers", json.dumps({"count": total}), KEPT_EVENTS, KEPT_SECONDS,
            )  # fmt: skip
