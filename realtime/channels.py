"""The last events of one channel, bounded in number and bytes, and what brings a reader up to date.

Readers hold only a position in it: a slow one costs no memory, it gets more at once later, and one that
fell too far behind is told to fetch a snapshot. Events are handed on in beats of 250 ms, of counters only
the latest value (speed.md: cost follows writes, not messages).
"""

import json
from collections import deque
from dataclasses import dataclass, field

from realtime.services.publishing import KEPT_EVENTS

HEARTBEAT_SECONDS = 15
# A room's memory, whatever is published: so many bytes of events, and so many in one catching up.
KEPT_BYTES = 256 * 1024
CATCH_UP_BYTES = 64 * 1024
KEPT_PAYLOADS = 8
STILL_HERE = b": still here\n\n"
# Of these only the latest value is worth sending; the field tells apart counters of one event.
COUNTERS = {"viewers": None, "likes": None, "stock": "variant", "inbox": None}


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a channel; `counter` is set where a later one replaces it."""

    seq: int
    name: str
    data: str
    counter: tuple | None

    @classmethod
    def of(cls, seq: int, name: str, data: str) -> "Event":
        """Make an event, and see whether it is a counter."""
        counter = None
        if name in COUNTERS:
            key = COUNTERS[name]
            try:
                counter = (name, json.loads(data).get(key) if key else None)
                hash(counter)
            except (ValueError, AttributeError, TypeError):
                counter = None
        return cls(seq, name, data, counter)


@dataclass(frozen=True, slots=True)
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

    def __str__(self) -> str:
        return f"{self.epoch}-{self.seq}"


NOTHING_YET = Position("", 0)
UNKNOWN = Position("unknown", 0)


def is_public(name: str) -> bool:
    """Whether a channel is a room; what is one person's own has no numbers and no resets."""
    return not name.startswith("user:")


@dataclass(eq=False)
class Channel:
    """The last events of one channel; `flushed` is how far readers may be brought."""

    name: str
    epoch: str = ""
    events: deque[Event] = field(default_factory=deque)
    kept_bytes: int = 0
    last_seq: int = 0
    flushed: Position = NOTHING_YET
    last_beat: float = 0.0
    _payloads: dict[Position, bytes] = field(default_factory=dict)

    def load(self, epoch: str, events: list[Event], last_seq: int) -> None:
        """Take over what Valkey holds; a new epoch forgets everything older."""
        if epoch != self.epoch:
            self.epoch, self.last_seq = epoch, 0
            self._forget()
        for event in events:
            if event.seq > self.last_seq:
                self._keep(event)
        if last_seq > self.last_seq:
            # What is missing at the end is lost: nobody may take what comes next for the next one.
            self._forget()
            self.last_seq = last_seq

    def accept(self, epoch: str, event: Event) -> bool:
        """Append an announced event; False when something is missing before it."""
        if epoch != self.epoch or event.seq > self.last_seq + 1:
            return False
        if event.seq == self.last_seq + 1:
            self._keep(event)
        return True

    def _forget(self) -> None:
        self.events.clear()
        self.kept_bytes = 0

    def _keep(self, event: Event) -> None:
        if self.events and event.seq != self.last_seq + 1:
            self._forget()
        self.events.append(event)
        self.last_seq = event.seq
        self.kept_bytes += len(event.data)
        while len(self.events) > KEPT_EVENTS or (self.kept_bytes > KEPT_BYTES and len(self.events) > 1):
            self.kept_bytes -= len(self.events.popleft().data)

    def flush(self, now: float) -> bool:
        """Let readers have what came since the last beat; False when there is nothing new."""
        if self.flushed.epoch == self.epoch and self.flushed.seq == self.last_seq:
            return False
        self.flushed = Position(self.epoch, self.last_seq)
        self.last_beat = now
        self._payloads.clear()
        return True

    def is_silent(self, now: float) -> bool:
        """Whether readers have heard nothing for long; asking counts as telling them."""
        if now - self.last_beat < HEARTBEAT_SECONDS:
            return False
        self.last_beat = now
        return True

    def since(self, position: Position) -> bytes:
        """Return the bytes that bring a reader from its position to `flushed`."""
        payload = self._payloads.get(position)
        if payload is None:
            payload = self._compose(position)
            if len(self._payloads) < KEPT_PAYLOADS:
                self._payloads[position] = payload
        return payload

    def starts_after(self) -> int:
        """Return the number before the oldest event that is kept."""
        return self.events[0].seq - 1 if self.events else self.last_seq

    def reset(self) -> bytes:
        """Return the bytes that tell a reader to fetch a snapshot and to go on from here."""
        return f"event: reset\nid: {self.flushed}\ndata: {{}}\n\n".encode()

    def _compose(self, position: Position) -> bytes:
        if position == self.flushed:
            return b""
        is_known = position.epoch == self.flushed.epoch
        if not is_public(self.name):
            position = position if is_known else NOTHING_YET
        else:
            # A reader without an epoch saw a room in which nothing had happened yet.
            is_known = is_known or (not position.epoch and self.starts_after() == 0)
            if not is_known or not self.starts_after() <= position.seq <= self.flushed.seq:
                return self.reset()
        fresh = [event for event in self.events if position.seq < event.seq <= self.flushed.seq]
        latest = {event.counter: event.seq for event in fresh if event.counter}
        parts = [
            self._block(event) for event in fresh if not event.counter or latest[event.counter] == event.seq
        ]
        payload = "".join(parts).encode()
        if len(payload) > CATCH_UP_BYTES and is_public(self.name):
            return self.reset()
        return payload

    def _block(self, event: Event) -> str:
        number = f"id: {self.flushed.epoch}-{event.seq}\n" if is_public(self.name) else ""
        return f"event: {event.name}\n{number}data: {event.data}\n\n"
