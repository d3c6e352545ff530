"""What a room and its slowest phone may cost, and who is sent away."""

import asyncio
import contextlib

import pytest

from realtime import asgi, hub, readers
from realtime.channels import CATCH_UP_BYTES, KEPT_BYTES, Channel, Event, Position
from realtime.grants import Grant
from realtime.services import publishing
from realtime.services.publishing import EVENT_MAX_BYTES, publish
from tests.realtime.rig import CHANNEL, Reader, open_door, reading, run, say


def channel_with(*sizes: int) -> Channel:
    channel = Channel(CHANNEL)
    channel.load("e0", [], 0)
    for seq, size in enumerate(sizes, 1):
        assert channel.accept("e0", Event.of(seq, "chat", "x" * size))
    channel.flush(0)
    return channel


def test_a_room_keeps_only_so_many_events_and_bytes():
    many = channel_with(*[10] * 3000)
    large = channel_with(*[10_000] * 300)

    assert len(many.events) == publishing.KEPT_EVENTS
    assert large.kept_bytes == sum(len(event.data) for event in large.events) <= KEPT_BYTES
    assert many.last_seq == 3000
    assert large.last_seq == 300


def test_a_reader_too_far_behind_gets_a_snapshot_instead_of_a_flood():
    channel = channel_with(*[10_000] * 20)

    assert channel.since(Position("e0", 5)) == b"event: reset\nid: e0-20\ndata: {}\n\n"
    assert 40_000 < len(channel.since(Position("e0", 16))) < CATCH_UP_BYTES


def test_resets_and_payloads_of_a_storm_are_not_all_kept():
    channel = channel_with(*[100] * 500)

    for seq in range(500):
        channel.since(Position("e0", seq))

    assert len(channel._payloads) <= 8


def test_events_lost_at_the_end_are_a_gap_for_whoever_waited_for_them():
    channel = channel_with(10, 10, 10)
    channel.load("e0", [], 9)
    channel.flush(1)

    assert channel.since(Position("e0", 3)).startswith(b"event: reset\nid: e0-9\n")
    assert channel.since(Position("e0", 9)) == b""


def test_a_large_room_is_served_in_parts_and_everybody_hears_everything_once(valkey, monkeypatch):
    monkeypatch.setattr(hub, "READERS_IN_ONE_PHASE", 3)

    async def scenario():
        async with open_door() as door:
            async with contextlib.AsyncExitStack() as held:
                phones = [await held.enter_async_context(reading(door)) for _ in range(12)]
                (rooms,) = door.rooms.values()
                followed = rooms.hub.channels[CHANNEL]
                assert [len(phase.readers) for phase in followed.phases] == [3, 3, 3, 3]

                for number in range(6):
                    say(number)
                    await asyncio.sleep(0.1)
                for phone in phones:
                    await phone.until(lambda told: len(told) >= 6)

                assert [phone.numbers() for phone in phones] == [[0, 1, 2, 3, 4, 5]] * 12
            assert not followed.is_read

    run(scenario)


def test_an_event_too_large_for_a_room_becomes_a_reset(valkey):
    async def scenario():
        async with open_door() as door, reading(door) as reader:
            publish(channel=CHANNEL, event="chat", data={"text": "x" * EVENT_MAX_BYTES})
            await reader.until(lambda told: len(told) == 1)

            assert [(name, data) for name, _, data in reader.told] == [("reset", {})]

    run(scenario)


class Connection:
    """A web server that takes everything at once, as ours does, and a phone that may not read."""

    def __init__(self):
        self.taken = 0
        self.over = False

    def send(self, message):
        self.taken += len(message["body"])
        return Taken()


class Taken:
    def __await__(self):
        return iter(())


def phone(connection: Connection) -> readers.StreamReader:
    reader = readers.StreamReader(connection.send, Position("e0", 0), Grant(CHANNEL), ("203.0.113.7", 4711))
    reader.on_end = lambda: setattr(connection, "over", True)
    return reader


class Room:
    """A followed channel that grows."""

    def __init__(self):
        self.channel = channel_with(10)
        self.behind = set()

    def grow(self, reader, beats: int, *, now: float) -> None:
        for _ in range(beats):
            for _ in range(5):
                self.channel.accept("e0", Event.of(self.channel.last_seq + 1, "chat", "x" * 400))
            self.channel.flush(now)
            reader.deliver(self, now)


def test_what_a_phone_that_never_reads_has_coming_is_bounded_and_it_is_dropped():
    async def scenario():
        connection, room = Connection(), Room()
        reader = phone(connection)
        reader.take_place(room, 0)
        acknowledged = 700
        for second in range(60):
            room.grow(reader, 4, now=second)
            if reader.must_be_measured(second):
                reader.measured(acknowledged, second)

        assert connection.taken < 2 * readers.UNREAD_BYTES + CATCH_UP_BYTES
        assert connection.over

    run(scenario)


def test_a_phone_that_reads_slowly_is_skipped_to_a_snapshot_and_stays():
    async def scenario():
        connection, room = Connection(), Room()
        reader = phone(connection)
        reader.take_place(room, 0)
        read = 0
        for second in range(300):
            room.grow(reader, 4, now=second)
            read = min(read + 2000, connection.taken)
            if second % 2 == 0 and reader.must_be_measured(second):
                reader.measured(read, second)
            assert connection.taken - read < 2 * readers.UNREAD_BYTES + CATCH_UP_BYTES

        assert not connection.over
        assert read == 300 * 2000

    run(scenario)


def test_without_the_kernels_word_a_stream_ends_after_a_bound_and_can_be_resumed():
    async def scenario():
        connection, room = Connection(), Room()
        reader = phone(connection)
        reader.take_place(room, 0)
        for second in range(0, 1200, 2):
            room.grow(reader, 8, now=second)
            if not connection.over and reader.must_be_measured(second):
                reader.unmeasurable(second)

        assert connection.over
        assert connection.taken < readers.UNVERIFIED_BYTES + 2 * readers.UNREAD_BYTES

    run(scenario)


def test_one_address_has_only_so_many_streams(valkey, settings):
    settings.ROOM_STREAMS_PER_ADDRESS = 2

    async def scenario():
        async with open_door() as door, reading(door) as first, reading(door):
            third = Reader(door)
            await door(third.scope, third._receive, third._send)
            assert third.status == 429
            async with reading(door, address="203.0.113.8") as other:
                assert other.status == 200
            first.gone.set()
            await first.task
            async with reading(door) as again:
                assert again.status == 200

    run(scenario)


def test_f8_only_a_configured_proxy_names_somebody_else(settings):
    def asked(address, forwarded):
        return asgi.client_address({"client": (address, 1), "headers": [(b"x-forwarded-for", forwarded)]})

    assert asked("203.0.113.7", b"198.51.100.1") == "203.0.113.7"
    settings.LIVE_PROXIES = frozenset({"10.0.0.1"})
    assert asked("203.0.113.7", b"198.51.100.1") == "203.0.113.7"
    assert asked("10.0.0.1", b"6.6.6.6, 198.51.100.1") == "198.51.100.1"
    assert asked("10.0.0.1", b"") == "10.0.0.1"


def test_whoever_loses_the_grant_is_cut_within_five_seconds_and_nobody_else(valkey):
    async def scenario():
        lost = set()
        async with (
            open_door(own="user:1", lost=lost) as banned_door,
            open_door() as other_door,
            reading(banned_door) as banned,
            reading(other_door) as other,
        ):
            say(0)
            await banned.until(lambda told: len(told) == 1)
            lost.add("user:1")
            async with asyncio.timeout(5):
                await banned.task
            say(1)
            await other.until(lambda told: len(told) == 2)

            assert banned.numbers() == [0]
            assert other.numbers() == [0, 1]

    run(scenario)


@pytest.mark.parametrize("late", [False, True])
def test_a_persons_own_events_reach_them_alone(valkey, late):
    async def scenario():
        if late:
            publish(channel="user:1", event="inbox", data={"unread": 4})
        async with (
            open_door(own="user:1") as hers,
            open_door(own="user:2") as his,
            open_door() as nobodys,
            reading(hers) as mine,
            reading(his) as theirs,
            reading(nobodys) as anonymous,
        ):
            publish(channel="user:1", event="inbox", data={"unread": 5})
            say(0)
            for reader in (mine, theirs, anonymous):
                await reader.until(lambda told: any(name == "chat" for name, _, _ in told))
            await mine.until(lambda told: ("inbox", None, {"unread": 5}) in told)

            assert [name for name, _, _ in theirs.told] == ["chat"]
            assert [name for name, _, _ in anonymous.told] == ["chat"]
            # Only what everybody is told has a number: it says where to go on, not what is one's own.
            assert [data for name, _, data in mine.told if name == "inbox"][-1] == {"unread": 5}

    run(scenario)


def test_resume_while_everybody_talks_has_no_gap_and_no_double(valkey):
    async def scenario():
        heard = []
        talking = asyncio.create_task(asyncio.to_thread(lambda: [say(number) for number in range(400)]))
        async with open_door() as door:
            last = None
            while len(heard) < 400:
                async with reading(door, last_event_id=last, query="" if last else "after=") as reader:
                    missing = min(len(heard) + 37, 400) - len(heard)
                    await reader.until(lambda told, least=missing: len(told) >= least)
                    reader.gate.clear()
                    heard += reader.numbers()
                    assert [name for name, _, _ in reader.told] == ["chat"] * len(reader.told)
                    last = reader.told[-1][1]
            await talking

        assert heard == list(range(400))

    run(scenario)
