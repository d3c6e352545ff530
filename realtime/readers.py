"""One phone on a room stream: how far it is, and how much it may have coming."""

import asyncio
from collections.abc import Awaitable, Callable

from realtime.backlog import Address, Key, key_of
from realtime.channels import STILL_HERE, Position
from realtime.grants import Grant
from realtime.hub import Followed

# What one phone may have on its way. The kernel is asked when half of it may be.
UNREAD_BYTES = 96 * 1024
# Where the kernel does not tell, a stream ends after so many bytes; the browser goes on where it was.
UNVERIFIED_BYTES = 1024 * 1024
SLOWEST_SECONDS = 20
ASKED_SECONDS = 30

Send = Callable[[dict], Awaitable[None]]


class StreamReader:
    """Writes a room's events to one connection.

    It never waits: what the connection does not take is skipped, and comes at a later beat or as a reset.
    """

    viewers = 1

    def __init__(self, send: Send, asked: Position | None, grant: Grant, client: Address | None):
        self.grant = grant
        self.key: Key | None = key_of(client) if client else None
        self.is_ipv6 = client is not None and ":" in client[0]
        self.is_over = False
        self.on_end: Callable[[], object] = lambda: None
        self._send = send
        self._asked = asked
        self._position: Position | None = None
        self._sending: asyncio.Future | None = None
        self._sent = self._read = 0
        self._base: int | None = None
        self._stuck_at: float | None = None
        self._asked_at = asyncio.get_running_loop().time()

    def take_place(self, followed: Followed, now: float) -> None:
        """Begin where the reader stands; what it missed goes out at once."""
        self._position = self._asked or followed.channel.flushed
        self.deliver(followed, now)

    def deliver(self, followed: Followed, now: float) -> None:
        """Bring this reader to where the channel is."""
        target, position = followed.channel.flushed, self._position
        # Until Valkey answers, nothing is known about the room: wait rather than reset.
        if position is None or not target.epoch or position == target or self.is_over:
            return
        if not self.may_have_more(now):
            followed.behind.add(self)
            return
        self._position = target
        self.write(followed.channel.since(position), now)

    def remind(self, now: float) -> None:
        """Show that the line is alive, and find out whether it is."""
        if self._position is not None and not self.is_over and self.may_have_more(now):
            self.write(STILL_HERE, now)

    def write(self, payload: bytes, now: float) -> None:
        """Hand bytes to the web server."""
        self._sent += len(payload)
        try:
            self._sending = begun(
                self._send({"type": "http.response.body", "body": payload, "more_body": True})
            )
        except Exception:  # whatever the server calls a connection that is gone
            self.end()
        if self._sending is not None:
            self._stuck_at = now

    def may_have_more(self, now: float) -> bool:
        """Whether the connection has taken what it was given, within its bound."""
        if self._sending is not None:
            if not self._sending.done():
                return False
            failed = self._sending.cancelled() or self._sending.exception() is not None
            self._sending = self._stuck_at = None
            if failed:
                self.end()
                return False
        if self._sent - self._read <= UNREAD_BYTES:
            return True
        self._stuck_at = self._stuck_at or now
        return False

    def end(self) -> None:
        """Close the stream; the browser comes back by itself where it may."""
        if not self.is_over:
            self.is_over = True
            self.on_end()

    def must_be_measured(self, now: float) -> bool:
        """Whether the kernel should be asked how far the phone is."""
        unread = self._sent - self._read
        return unread > UNREAD_BYTES // 2 or (unread > 0 and now - self._asked_at > ASKED_SECONDS)

    def measured(self, acknowledged: int | None, now: float) -> None:
        """Take in what the kernel says, and give up a phone that has not moved for long."""
        if self._stuck_at is not None and now - self._stuck_at > SLOWEST_SECONDS:
            self.end()
        if acknowledged is None:
            return
        self._asked_at = now
        if self._base is None:
            # What the connection carried before the stream is not known; take the phone for a quick one.
            self._base = acknowledged - self._sent
        read = min(acknowledged - self._base, self._sent)
        if read > self._read or self._sent == read:
            self._read = read
            if self._sending is None:
                self._stuck_at = None
        elif self._stuck_at is None:
            self._stuck_at = now

    def unmeasurable(self, now: float) -> None:
        """Nobody can say how far the phone is: let it show that it still reads."""
        if self._stuck_at is not None and now - self._stuck_at > SLOWEST_SECONDS:
            self.end()
        if self._sent > UNVERIFIED_BYTES:
            self.end()
        elif self._sending is None:
            self._read, self._stuck_at = self._sent, None


class OwnReader:
    """The same connection as reader of the person's own channel: only the latest of everything."""

    viewers = 0

    def __init__(self, stream: StreamReader):
        self._stream = stream
        self._position: Position | None = None

    def take_place(self, followed: Followed, now: float) -> None:
        """Begin with the latest of what is kept."""
        self._position = Position("", 0)
        self.deliver(followed, now)

    def deliver(self, followed: Followed, now: float) -> None:
        """Tell the person what is new."""
        target, position = followed.channel.flushed, self._position
        if position is None or not target.epoch or position == target or self._stream.is_over:
            return
        if not self._stream.may_have_more(now):
            followed.behind.add(self)
            return
        self._position = target
        if payload := followed.channel.since(position):
            self._stream.write(payload, now)

    def remind(self, now: float) -> None:
        """The room's own reminders are enough."""


def begun(sending: Awaitable[None]) -> asyncio.Future | None:
    """Start an ASGI send without waiting for it; None when the server took everything at once."""
    if not asyncio.iscoroutine(sending):
        try:
            next(sending.__await__())
        except StopIteration:
            return None
    return asyncio.ensure_future(_finished(sending))


async def _finished(sending: Awaitable[None]) -> None:
    await sending
