"""The queue of the deals' door goes on, whatever a batch meets."""

import asyncio
import threading
import uuid

import pytest
from django.db import OperationalError

from common import clock, outbox, tasks
from common.clock import utc_now
from orders.services.batching import waiting
from orders.services.batching.outcomes import Outcome
from orders.services.batching.waiting import Batcher
from orders.services.batching.wishes import Wish


@pytest.fixture(autouse=True)
def _own_time(monkeypatch):
    monkeypatch.setattr(clock, "database_now", utc_now)


def wish() -> Wish:
    return Wish(1, "", "", uuid.uuid4(), 2, 3, 1, 4)


def one_after_another(batcher: Batcher) -> list[Outcome]:
    async def both():
        async with asyncio.timeout(10):
            return [await batcher.order(wish()) for _ in range(2)]

    return asyncio.run(both())


@pytest.mark.parametrize("first", [[], [Outcome(), Outcome()], ValueError("broken")])
def test_a_batch_that_fails_is_told_and_the_next_one_is_placed(first):
    turns = [first, [Outcome(answer={"group": 7}, replayed=True)]]

    def place(**batch):
        turn = turns.pop(0)
        if isinstance(turn, Exception):
            raise turn
        return turn

    lost, placed = one_after_another(Batcher(place=place))

    assert isinstance(lost.error, Exception)
    assert placed.answer == {"group": 7}


def test_a_database_that_is_gone_before_the_batch_ends_nothing(monkeypatch):
    troubles = [OSError("gone")]

    def close():
        if troubles:
            raise troubles.pop()

    monkeypatch.setattr(waiting, "close_old_connections", close)

    lost, placed = one_after_another(
        Batcher(place=lambda **batch: [Outcome(answer={"group": 7}, replayed=True)])
    )

    assert isinstance(lost.error, OSError)
    assert placed.answer == {"group": 7}


def test_without_the_databases_clock_nothing_is_placed_and_the_phone_comes_again(monkeypatch):
    troubles = [OperationalError("gone")]

    def read():
        if troubles:
            raise troubles.pop()
        return utc_now()

    monkeypatch.setattr(clock, "database_now", read)
    batches = []
    lost, placed = one_after_another(
        Batcher(place=lambda **batch: batches.append(1) or [Outcome(answer={"group": 7}, replayed=True)])
    )

    assert lost.error.code == "busy"
    assert placed.answer == {"group": 7}
    assert batches == [1]


def test_the_messages_of_new_orders_leave_in_one_hand_over_and_the_others_are_answered_first(monkeypatch):
    handed, left, settled = [], threading.Event(), []
    monkeypatch.setattr(waiting, "hand_over_at_once", lambda ids: left.wait(10) and handed.append(ids))
    monkeypatch.setattr(waiting, "close_old_connections", lambda: None)
    told = threading.Event()
    monkeypatch.setattr(waiting, "settle_deal", lambda *, deal_id: settled.append(deal_id) or told.set())
    outcomes = [Outcome(answer={"group": 7}, messages=(31,)), Outcome(answer={"group": 8}, replayed=True)]

    def place(**batch):
        return [outcomes.pop(0) for _ in batch["wishes"]]

    answered = one_after_another(Batcher(place=place))
    assert ([one.answer["group"] for one in answered], handed) == ([7, 8], [])
    left.set()
    assert told.wait(10)

    assert (handed, settled) == ([[31]], [2])


def test_one_message_to_the_broker_is_taken_apart_by_a_worker(monkeypatch):
    sent = []
    monkeypatch.setattr(outbox._broker_pause, "until", 0.0)
    monkeypatch.setattr(
        outbox.current_app, "send_task", lambda name, *, args, queue, **more: sent.append((name, args, queue))
    )

    assert outbox.hand_over_at_once([5, 6])
    assert tasks.hand_over(*sent[0][1]) == 2

    assert sent == [
        ("common.hand_over", [[5, 6], "default"], "default"),
        ("common.deliver", [5], "default"),
        ("common.deliver", [6], "default"),
    ]


def test_a_broker_that_is_away_leaves_the_messages_to_the_sweeper(monkeypatch):
    def gone(*args, **options):
        raise OSError("gone")

    monkeypatch.setattr(outbox._broker_pause, "until", 0.0)
    monkeypatch.setattr(outbox.current_app, "send_task", gone)

    assert not outbox.hand_over_at_once([5, 6])
