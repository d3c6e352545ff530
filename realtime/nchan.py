"""nginx's nchan as the carrier of room streams: what both the door and the relay know of it.

A channel of ours is a channel of nchan, `session:7` is `session-7`. What the relay publishes is the text of
the stream itself, one message for each beat, so that phones read the same as from our own process. nchan's
own numbers stay inside: `batches` of a channel says which of them holds which of our events.
"""

import json
import logging
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256

import aiohttp
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from realtime.channels import NOTHING_YET, Position
from realtime.grants import Grant
from realtime.services.publishing import meta_key

logger = logging.getLogger(__name__)

WATCHED = "room:watched"
GRANTS = "room:grants"
# deploy/nginx.conf keeps a little more and a little longer.
KEPT_BATCHES = 500
KEPT_SECONDS = 25 * 60
# What nginx said a moment ago was its last is among so many.
LATEST_BATCHES = 8
WATCH = "room:watch"
# So long the door believes that nginx still has what it had.
SEEN_SECONDS = 0.2


class NchanError(Exception):
    """nginx does not take or tell what we ask."""


def batches_key(name: str) -> str:
    """Return the Valkey key of a channel's batches, by the number of their last event."""
    return f"room:{{{name}}}:batches"


def nchan_name(name: str) -> str:
    """Return a channel's name in nginx."""
    return name.replace(":", "-")


@dataclass(frozen=True)
class Batch:
    """One message of nchan: what came after `after` up to `position`, and nchan's own number of it."""

    after: int
    position: Position
    nchan_id: str

    def __str__(self) -> str:
        second, _, tag = self.nchan_id.partition(":")
        return f"{second}:{int(tag):05}|{self.position.epoch}|{self.after}|{self.position.seq}"

    @classmethod
    def parse(cls, text: str) -> "Batch":
        """Read what `str` wrote."""
        nchan_id, epoch, after, seq = text.split("|")
        second, _, tag = nchan_id.partition(":")
        return cls(int(after), Position(epoch, int(seq)), f"{second}:{int(tag)}")

    @property
    def is_kept(self) -> bool:
        """Whether nginx still has it, by its age."""
        return int(self.nchan_id.partition(":")[0]) > time.time() - KEPT_SECONDS


async def place_of(client, name: str, asked: Position | None, *, last_id: str) -> str | Position | None:
    """Return after which message of nchan a reader goes on, or the position to which it is reset.

    Always a message that nginx has: nchan 1.3 ends its whole process when asked for one that it does not
    have (slact/nchan#720). `last_id` is nginx's last one: while it is not among ours, nginx may have lost
    all the others. None: the relay is a moment behind nginx or the reader; ask again.
    """
    pipeline = client.pipeline(transaction=True)
    pipeline.hmget(meta_key(name), "epoch", "seq")
    pipeline.zrevrange(batches_key(name), 0, LATEST_BATCHES - 1)
    pipeline.zrevrangebyscore(batches_key(name), asked.seq if asked else "+inf", "-inf", start=0, num=1)
    (epoch, seq), recent, before = await pipeline.execute()
    published = Position(epoch, int(seq)) if epoch else NOTHING_YET
    recent = [Batch.parse(text) for text in recent]
    before = Batch.parse(before[0]) if before else None
    if not recent or not recent[0].is_kept or all(batch.nchan_id != last_id for batch in recent):
        return None
    latest = recent[0]
    known = latest.position
    if asked is None or asked == known:
        return latest.nchan_id
    if asked.epoch != known.epoch and not (
        asked == NOTHING_YET and before and before.position == NOTHING_YET
    ):
        # A room of a new epoch, in which the relay has not yet said anything.
        is_ahead = asked.epoch == published.epoch and published.epoch != known.epoch
        return None if is_ahead else known
    if asked.seq > known.seq:
        return None if asked.seq <= published.seq else known
    return before.nchan_id if before and before.is_kept else known


async def remember(
    client, name: str, batch: Batch, *, is_first: bool = False, instead_of: Batch | None = None
) -> None:
    """Keep where in nchan a batch is; the first one after a reset forgets what was before."""
    pipeline = client.pipeline(transaction=True)
    if is_first:
        pipeline.delete(batches_key(name))
    if instead_of is not None:
        pipeline.zrem(batches_key(name), str(instead_of))
    pipeline.zadd(batches_key(name), {str(batch): batch.position.seq})
    pipeline.zremrangebyrank(batches_key(name), 0, -KEPT_BATCHES - 1)
    pipeline.expire(batches_key(name), 24 * 3600)
    await pipeline.execute()


def _vault() -> Fernet:
    key = sha256(b"room grants" + settings.SECRET_KEY.encode()).digest()
    return Fernet(urlsafe_b64encode(key))


def sealed(grant: Grant) -> tuple[str, str]:
    """Return (name, text) of a grant for Valkey: its ticket holds what signs a person in."""
    text = json.dumps([grant.room, grant.own, grant.ticket])
    return sha256(text.encode()).hexdigest()[:32], _vault().encrypt(text.encode()).decode()


def unsealed(text: str) -> Grant | None:
    """Return the grant, or None for one that another key has sealed."""
    try:
        room, own, ticket = json.loads(_vault().decrypt(text.encode()))
    except (InvalidToken, ValueError):
        return None
    return Grant(room, own, tuple(ticket))


@dataclass(frozen=True)
class Told:
    """What nginx says of a channel."""

    subscribers: int
    messages: int
    last_id: str


class Publisher:
    """nginx's own door for messages: a unix socket or a loopback address, never the public one."""

    def __init__(self, address: str):
        self._session: aiohttp.ClientSession | None = None
        self._socket = address.removeprefix("unix:") if address.startswith("unix:") else ""
        self._base = "http://nchan" if self._socket else f"http://{address}"

    def _asked(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = (
                aiohttp.UnixConnector(self._socket, limit=32)
                if self._socket
                else aiohttp.TCPConnector(limit=32)
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=3),
                headers={"Accept": "text/json"},
            )
        return self._session

    async def publish(self, name: str, payload: bytes) -> Told:
        """Send one message; NchanError when nginx does not take it."""
        told = await self._ask("POST", name, data=payload)
        if told is None:
            raise NchanError(f"{name} was not published")
        return told

    async def ask(self, name: str) -> Told | None:
        """Return what nginx has of a channel; None when it has nothing."""
        return await self._ask("GET", name)

    async def cut(self, name: str) -> None:
        """End the channel and with it every stream that reads it."""
        await self._ask("DELETE", name)

    async def close(self) -> None:
        """Close kept connections."""
        if self._session is not None:
            await self._session.close()

    async def _ask(self, method: str, name: str, data: bytes | None = None) -> Told | None:
        headers = {"Content-Type": "text/event-stream"} if data else {}
        url = f"{self._base}/channels/{nchan_name(name)}"
        try:
            async with self._asked().request(method, url, data=data, headers=headers) as answer:
                if answer.status == 404:
                    return None
                if answer.status >= 300:
                    raise NchanError(f"{method} {name}: {answer.status}")
                told = json.loads(await answer.read() or b"{}") if method != "DELETE" else {}
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise NchanError(f"{method} {name}: {error!r}") from error
        return Told(
            int(told.get("subscribers", 0)), int(told.get("messages", 0)), told.get("last_message_id", "")
        )
