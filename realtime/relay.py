"""The relay: brings what the rooms are told to nginx's nchan, counts its readers and cuts whom it must.

One process beside nginx. It follows every channel as the live process would and is itself the reader of
each: what nginx has not taken comes again, and after its own restart it goes on behind the last batch that
it remembered. The phone drops the few lines that may then come twice.
"""

import asyncio
import contextlib
import logging
import secrets

from redis.exceptions import RedisError

from realtime.channels import NOTHING_YET, Position, is_public
from realtime.grants import Grant, Recheck
from realtime.hub import Followed, Hub, heed_cancellation
from realtime.nchan import (
    GRANTS,
    WATCH,
    WATCHED,
    Batch,
    NchanError,
    Publisher,
    Told,
    batches_key,
    remember,
    sealed,
    unsealed,
)
from realtime.services.publishing import stream_key

logger = logging.getLogger(__name__)

RECHECK_SECONDS = 3.0
COUNT_SECONDS = 1.0
FORGET_SECONDS = 120.0
PEOPLE_SWEPT = 100
MARK = "room:grants:kept"
ALIVE = b"retry: 2000\n\n"


class NchanReader:
    """One channel's way to nginx: one message a beat, in order."""

    def __init__(self, relay: "Relay", name: str):
        self.name = name
        self.viewers = 0
        self.position: Position | None = None
        self.seen_at = 0.0
        self._relay = relay
        self._posting: asyncio.Task | None = None
        self._last_id = ""
        self._alive: Batch | None = None

    async def begin(self, followed: Followed, now: float) -> None:
        """Go on behind the last batch that was remembered; nginx always has one for whoever comes."""
        self.seen_at = now
        if is_public(self.name):
            found = await self._relay.hub.client.zrevrange(batches_key(self.name), 0, 0)
            batch = Batch.parse(found[0]) if found else None
            position = batch.position if batch else NOTHING_YET
            told = await self._relay.publisher.ask(self.name)
            if batch is None or told is None or told.last_id != batch.nchan_id or not batch.is_kept:
                await self._say(ALIVE, position.seq, position, is_first=batch is None)
            else:
                self._last_id = batch.nchan_id
            self.position = position
        else:
            self.position = NOTHING_YET
        self.deliver(followed, now)

    def deliver(self, followed: Followed, now: float) -> None:
        """Publish what is new, unless the last message is still on its way."""
        target = followed.channel.flushed
        if self.position is None or not target.epoch or self.position == target:
            return
        if self._is_busy:
            followed.behind.add(self)
            return
        self._posting = asyncio.create_task(self._post(followed, self.position, target, now))

    @property
    def _is_busy(self) -> bool:
        return self._posting is not None and not self._posting.done()

    async def _post(self, followed: Followed, after: Position, target: Position, now: float) -> None:
        payload = followed.channel.since(after)
        is_reset = payload == followed.channel.reset()
        try:
            if not payload or not is_public(self.name):
                if payload:
                    await self._relay.publisher.publish(self.name, payload)
            elif is_reset:
                await self._say(payload, target.seq, target, is_first=True)
            else:
                # A phone cannot see in the numbers alone whether something is missing: counters leave holes.
                since = f"event: since\ndata: {target.epoch}-{after.seq}\n\n".encode()
                await self._say(since + payload, after.seq, target)
        except (NchanError, RedisError, OSError) as error:
            logger.warning("%s waits: %s", self.name, error)
            followed.behind.add(self)
            return
        self.position, self.seen_at = target, now
        if followed.channel.flushed != target:
            followed.behind.add(self)

    async def _say(
        self,
        payload: bytes,
        after: int,
        position: Position,
        *,
        is_first: bool = False,
        is_alive: bool = False,
    ) -> None:
        told = await self._relay.publisher.publish(self.name, payload)
        self.viewers, self._last_id = told.subscribers, told.last_id
        batch = Batch(after, position, told.last_id)
        instead_of, self._alive = self._alive if is_alive else None, batch if is_alive else None
        # An nginx that has only this has lost what came before: nobody may be sent behind that.
        is_alone = told.messages == 1
        await remember(
            self._relay.hub.client, self.name, batch, is_first=is_first or is_alone, instead_of=instead_of
        )

    def compare(self, followed: Followed, told: Told | None, now: float) -> None:
        """Take in what nginx says it has; when it lost what it kept, everybody fetches the room anew."""
        self.viewers = told.subscribers if told else 0
        if self.viewers:
            self.seen_at = now
        if self._last_id and not self._is_busy and (told is None or told.last_id != self._last_id):
            self._posting = asyncio.create_task(self._relay.quietly(self._start_over(followed)))

    async def _start_over(self, followed: Followed) -> None:
        target = followed.channel.flushed
        await self._say(followed.channel.reset(), target.seq, target, is_first=True)
        self.position = target

    def remind(self, now: float) -> None:
        """Show phones and the networks between that the line is alive."""
        if self.viewers and self.position is not None and not self._is_busy and is_public(self.name):
            said = self._say(ALIVE, self.position.seq, self.position, is_alive=True)
            self._posting = asyncio.create_task(self._relay.quietly(said))


class Relay:
    """Everything that production's room streams need beside nginx."""

    def __init__(self, *, valkey: str, nchan: str, recheck: Recheck):
        self.hub = Hub(valkey)
        self.publisher = Publisher(nchan)
        self.readers: dict[str, NchanReader] = {}
        self._recheck = recheck
        self._following: dict[str, asyncio.Task] = {}
        self._mark: str | None = None
        self._known: dict[str, tuple[str, Grant | None]] = {}
        self._absent: set[str] = set()
        self._swept = 0

    async def run(self) -> None:
        """Work until cancelled."""
        self.hub.start()
        for work in (self._discover, self._count, self._revoke):
            self.hub.also(work)
        try:
            await asyncio.Event().wait()
        finally:
            for task in self._following.values():
                task.cancel()
            await asyncio.gather(*self._following.values(), return_exceptions=True)
            await self.hub.stop()
            await self.publisher.close()

    def follow(self, name: str) -> None:
        """Bring a channel's events to nginx from now on."""
        if name not in self._following and name.partition(":")[0] in ("session", "user"):
            self._following[name] = asyncio.create_task(self._follow(name))

    async def _follow(self, name: str) -> None:
        reader = NchanReader(self, name)
        loop = asyncio.get_running_loop()
        try:
            async with self.hub.following(name, reader) as followed:
                while reader.position is None:
                    try:
                        await reader.begin(followed, loop.time())
                    except (RedisError, OSError, NchanError) as error:
                        logger.warning("%s cannot begin: %s", name, error)
                        await asyncio.sleep(0.5)
                self.readers[name] = reader
                while reader.viewers or loop.time() - reader.seen_at < FORGET_SECONDS:
                    await asyncio.sleep(5)
        finally:
            self.readers.pop(name, None)
            self._following.pop(name, None)

    async def _discover(self) -> None:
        """Find the channels on which something is said; `_count` finds those on which somebody listens."""
        pattern = stream_key("*").replace("{", "[{]").replace("}", "[}]")
        while True:
            heed_cancellation()
            try:
                async with self.hub.client.pubsub() as announcements:
                    await announcements.psubscribe(pattern)
                    await announcements.subscribe(WATCH)
                    async for key in self.hub.client.scan_iter(match="room:[{]*[}]:meta", count=500):
                        self.follow(_name_in(key))
                    while True:
                        heed_cancellation()
                        said = await announcements.get_message(ignore_subscribe_messages=True, timeout=1.0)
                        if said is not None:
                            is_door = said["channel"] == WATCH
                            self.follow(said["data"] if is_door else _name_in(said["channel"]))
            except (RedisError, OSError) as error:
                logger.warning("the relay lost Valkey (%s), trying again", error)
            await asyncio.sleep(0.5)

    async def _count(self) -> None:
        """Ask nginx how many read each room, and notice when it has lost what it kept."""
        loop = asyncio.get_running_loop()
        while True:
            heed_cancellation()
            await asyncio.sleep(COUNT_SECONDS)
            with contextlib.suppress(RedisError, OSError):
                for name in await self.hub.client.smembers(WATCHED):
                    self.follow(name)
            for name, reader in list(self.readers.items()):
                if is_public(name):
                    await self.quietly(self._count_one(name, reader, loop.time()))

    async def _count_one(self, name: str, reader: NchanReader, now: float) -> None:
        told = await self.publisher.ask(name)
        if followed := self.hub.channels.get(name):
            reader.compare(followed, told, now)
        if now - reader.seen_at > FORGET_SECONDS / 2:
            await self.hub.client.srem(WATCHED, name)

    async def _revoke(self) -> None:
        while True:
            heed_cancellation()
            await asyncio.sleep(RECHECK_SECONDS)
            try:
                await self._revoke_once()
            except (RedisError, OSError, NchanError) as error:
                logger.warning("the streams could not be rechecked (%s), trying again", error)
            except Exception:
                logger.exception("the streams could not be rechecked, trying again")

    async def _revoke_once(self) -> None:
        await self._heed_lost_memory()
        texts = await self.hub.client.hgetall(GRANTS)
        for number, text in texts.items():
            if self._known.get(number, ("",))[0] != text:
                self._known[number] = (text, unsealed(text))
        for number in self._known.keys() - texts.keys():
            del self._known[number]
        for number, (_, grant) in list(self._known.items()):
            if grant is None:
                await self.hub.client.hdel(GRANTS, number)
        grants = {grant for _, grant in self._known.values() if grant is not None}
        rooms = {Grant(name) for name in self.readers if is_public(name)}
        lost = await self._recheck(grants | rooms) if grants or rooms else set()
        for grant in lost:
            # A person's streams end together: those that still may come back by themselves.
            await self.publisher.cut(grant.own or grant.room)
            await self.hub.client.hdel(GRANTS, sealed(grant)[0])
        await self._sweep([grant for grant in grants - lost if grant.own])

    async def _heed_lost_memory(self) -> None:
        """When Valkey forgot who was let in, everybody comes in anew."""
        kept = await self.hub.client.get(MARK)
        if kept is None:
            kept = secrets.token_hex(8)
            await self.hub.client.set(MARK, kept)
        if self._mark is not None and self._mark != kept:
            for name in list(self.readers):
                await self.publisher.cut(name)
        self._mark = kept

    async def _sweep(self, grants: list[Grant]) -> None:
        """Forget, some at a time, those whose person has no stream any more."""
        if not grants:
            return
        grants.sort(key=lambda grant: (grant.room, grant.own, grant.ticket))
        start = self._swept % len(grants)
        self._swept = start + PEOPLE_SWEPT
        for grant in grants[start : start + PEOPLE_SWEPT]:
            number = sealed(grant)[0]
            told = await self.publisher.ask(grant.own)
            if told is not None and told.subscribers:
                self._absent.discard(number)
            elif number in self._absent:
                self._absent.discard(number)
                await self.hub.client.hdel(GRANTS, number)
            else:
                self._absent.add(number)

    async def quietly(self, work) -> None:
        """Do what may fail and comes again anyway."""
        try:
            await work
        except (NchanError, RedisError, OSError) as error:
            logger.warning("nginx or Valkey is away: %s", error)


def _name_in(key: str) -> str:
    return key.partition("{")[2].partition("}")[0]
