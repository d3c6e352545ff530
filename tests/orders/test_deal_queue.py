"""The queue of the deals' door goes on, whatever a batch meets."""

import asyncio
import uuid

import pytest

from orders.services.batching import waiting
from orders.services.batching.batch import Outcome
from orders.services.batching.waiting import Batcher
from orders.services.batching.wishes import Wish


def wish() -> Wish:
    return Wish(1, "", uuid.uuid4(), 2, 3, 1, 4)


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
