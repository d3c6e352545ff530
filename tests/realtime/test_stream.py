"""The room stream: nothing missing, nothing twice, whatever breaks (rules.md PR7, F1)."""

import asyncio

import pytest
import redis

from realtime import asgi, channels
from realtime.services import presence, publishing
from realtime.services.publishing import publish
from tests.realtime.rig import CHANNEL, Reader, open_door, reading, run, say


def test_events_arrive_in_order_with_rising_ids(valkey):
    async def scenario():
        async with open_door() as door, reading(door) as reader:
            ids = [say(number) for number in range(5)]
            await reader.until(lambda told: len(told) == 5)

            assert reader.numbers() == [0, 1, 2, 3, 4]
            assert [event_id for _, event_id, _ in reader.told] == ids

    run(scenario)


def test_resume_has_no_gap_and_no_double(valkey):
    async def scenario():
        async with open_door() as door:
            async with reading(door) as first:
                for number in range(3):
                    say(number)
                await first.until(lambda told: len(told) == 3)
                last = first.told[-1][1]
            for number in range(3, 6):
                say(number)
            async with reading(door, last_event_id=last) as second:
                say(6)
                await second.until(lambda told: len(told) >= 4)
                await asyncio.sleep(0.4)

                assert second.numbers() == [3, 4, 5, 6]

    run(scenario)


def test_new_page_goes_on_where_its_snapshot_was_taken(valkey):
    async def scenario():
        say(0)
        at = publishing.position(channel=CHANNEL)
        say(1)
        async with open_door() as door, reading(door, query=f"after={at}") as reader:
            await reader.until(lambda told: len(told) == 1)

            assert reader.numbers() == [1]

    run(scenario)


def test_page_of_a_silent_room_hears_the_first_word(valkey):
    async def scenario():
        assert publishing.position(channel=CHANNEL) == ""
        say(0)
        async with open_door() as door, reading(door, query="after=") as reader:
            await reader.until(lambda told: len(told) == 1)

            assert reader.numbers() == [0]

    run(scenario)


def test_lost_valkey_data_means_reset(valkey):
    async def scenario():
        async with open_door() as door, reading(door) as reader:
            say(0)
            await reader.until(lambda told: len(told) == 1)
            valkey.flushall()
            say(1)
            await reader.until(lambda told: any(name == "reset" for name, _, _ in told))
            say(2)
            await reader.until(lambda told: told[-1][0] == "chat" and told[-1][2] == {"n": 2})

            assert [name for name, _, _ in reader.told] == ["chat", "reset", "chat"]

    run(scenario)


@pytest.mark.parametrize("last", ["0a0a0a0a-3", "rubbish", "x" * 400])
def test_unknown_position_means_reset(valkey, last):
    async def scenario():
        say(0)
        async with open_door() as door, reading(door, last_event_id=last) as reader:
            await reader.until(lambda told: len(told) == 1)

            assert [name for name, _, _ in reader.told] == ["reset"]

    run(scenario)


@pytest.mark.parametrize("header", [b"0a0a0a0a-\xb2", b"0a0a0a0a-" + b"9" * 5000, b"-1", b""])
def test_hostile_position_is_an_unknown_one(header):
    asked = asgi.asked_position({"headers": [(b"last-event-id", header)]})

    assert asked == channels.UNKNOWN


def test_position_older_than_what_is_kept_means_reset(valkey):
    async def scenario():
        first = say(0)
        for number in range(publishing.KEPT_EVENTS + 300):
            say(number)
        async with open_door() as door, reading(door, last_event_id=first) as reader:
            await reader.until(lambda told: len(told) == 1)

            assert reader.told[0][0] == "reset"

    run(scenario)


def test_of_counters_only_the_latest_is_sent(valkey):
    async def scenario():
        async with open_door() as door, reading(door) as reader:
            reader.gate.clear()
            for left in range(9, 0, -1):
                publish(channel=CHANNEL, event="stock", data={"variant": 1, "available": left})
                publish(channel=CHANNEL, event="stock", data={"variant": 2, "available": left * 10})
            say(1)
            await asyncio.sleep(0.6)
            reader.gate.set()
            await reader.until(lambda told: any(name == "chat" for name, _, _ in told))

            stock = [data for name, _, data in reader.told if name == "stock"]
            assert stock[-2:] == [{"variant": 1, "available": 1}, {"variant": 2, "available": 10}]
            assert len(stock) <= 4

    run(scenario)


def test_slow_reader_costs_nothing_and_gets_everything(valkey):
    async def scenario():
        async with open_door() as door, reading(door) as slow, reading(door) as quick:
            slow.gate.clear()
            for number in range(100):
                say(number)
            await quick.until(lambda told: len(told) == 100)
            slow.gate.set()
            await slow.until(lambda told: len(told) == 100)

            assert slow.numbers() == quick.numbers() == list(range(100))

    run(scenario)


def test_readers_stay_when_valkey_drops_every_connection(valkey):
    async def scenario():
        async with open_door() as door, reading(door) as reader:
            say(0)
            await reader.until(lambda told: len(told) == 1)
            for kind in ("pubsub", "normal"):
                valkey.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
            say(1)
            await asyncio.sleep(0.5)
            say(2)
            await reader.until(lambda told: len(told) >= 3)

            assert reader.numbers() == [0, 1, 2]

    run(scenario)


def test_readers_stay_while_valkey_is_away(valkey, monkeypatch):
    async def scenario():
        async with open_door() as door, reading(door) as reader:
            say(0)
            await reader.until(lambda told: len(told) == 1)
            (here,) = door.rooms.values()
            one = here.hub
            real = one.client
            one.client = redis.asyncio.Redis.from_url("unix:///nowhere/valkey.sock")
            valkey.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
            say(1)
            await asyncio.sleep(1)
            assert reader.task.done() is False
            one.client = real
            await reader.until(lambda told: len(told) == 2)

            assert reader.numbers() == [0, 1]

    run(scenario)


def test_publishing_without_valkey_fails_nobody(settings):
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"

    assert say(1) is None
    assert publishing.position(channel=CHANNEL) == ""
    assert presence.count(channel=CHANNEL) == 0


def test_viewers_are_counted(valkey):
    async def scenario():
        async with open_door() as door, reading(door) as first:
            async with reading(door):
                await first.until(lambda _: ("viewers", {"count": 2}) in counts(first))
                assert presence.count(channel=CHANNEL) == 2
            await first.until(lambda _: counts(first)[-1:] == [("viewers", {"count": 1})])

    def counts(reader):
        return [(name, data) for name, _, data in reader.events if name == "viewers"]

    run(scenario)


def test_room_that_is_not_public_is_not_there(valkey):
    async def scenario():
        async with open_door(allowed=False) as door:
            reader = Reader(door)
            await door(reader.scope, reader._receive, reader._send)

            assert reader.status == 404
            assert reader.events == []

    run(scenario)


@pytest.mark.parametrize("pause", [0, 0.002, 0.02])
def test_reader_who_leaves_at_once_is_let_go(valkey, pause):
    async def scenario():
        async with open_door() as door:
            reader = Reader(door)
            task = asyncio.create_task(door(reader.scope, reader._receive, reader._send))
            while reader.status is None:
                await asyncio.sleep(0)
            await asyncio.sleep(pause)
            reader.gone.set()
            done, _ = await asyncio.wait({task}, timeout=8)
            assert done == {task}

    run(scenario)
