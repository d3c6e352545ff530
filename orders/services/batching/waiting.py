"""The purchases that wait in this process, and the connections through which they go, batch after batch.

Nothing is waited for: a batch takes whoever came while the one before it was written. The more come, the
larger the batches and the cheaper each purchase.
"""

import asyncio
import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from django.db import InterfaceError, OperationalError, close_old_connections, connection

from common.clock import DatabaseClock, database_now
from common.errors import Busy
from common.outbox import hand_over_at_once
from livestreams.services.timing_deals import settle_deal
from orders.services.batching.baskets import place_baskets
from orders.services.batching.batch import MOST, place_batch
from orders.services.batching.outcomes import Outcome, place_alone
from orders.services.batching.wishes import Basket, Wish

logger = logging.getLogger(__name__)
MOST_WAITING = 4000
ALONE_THREADS = 2
MOST_ALONE = 200
# How long a purchase steps back for its buyer's other one before its phone is asked to come again.
PUT_OFF_SECONDS = 3.0
PUT_OFF_PAUSE_SECONDS = 0.005
CHECK_SECONDS = 1.0
# A room hears of what is left so often at most (live.md: beats of 250 ms).
TELL_SECONDS = 0.25


@dataclass
class _Waiting:
    wish: Wish | Basket
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future
    since: float = field(default_factory=time.monotonic)


class Batcher:
    """One thread of work and one connection of a process, for all deals, or for all baskets."""

    def __init__(
        self, *, place: Callable[..., list[Outcome]] = place_batch, most_waiting: int = MOST_WAITING
    ):
        self._place = place
        self._most_waiting = most_waiting
        self._deals: OrderedDict[int | None, deque[_Waiting]] = OrderedDict()
        self._number = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._teller = Teller()
        self._checked_at = 0.0
        self._clock = DatabaseClock()

    async def order(self, wish: Wish | Basket) -> Outcome:
        """Return what becomes of a wish, once it is committed; Busy when too many wait already.

        A caller who leaves changes nothing: the wish is placed, and the same key tells so later.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(wish, loop, loop.create_future())
        with self._changed:
            if self._number >= self._most_waiting:
                raise Busy()
            self._put(waiting)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="batches", daemon=True)
                self._thread.start()
            self._changed.notify()
        return await waiting.future

    def _put(self, waiting: _Waiting) -> None:
        self._deals.setdefault(waiting.wish.deal_id, deque()).append(waiting)
        self._number += 1

    def _next(self) -> tuple[int | None, list[_Waiting]]:
        with self._changed:
            while not self._deals:
                self._changed.wait()
            # Deals take turns: a large crowd does not keep a small one waiting.
            deal_id, queue = self._deals.popitem(last=False)
            batch, room = [queue.popleft()], MOST
            room -= batch[0].wish.size
            while queue and queue[0].wish.size <= room:
                batch.append(queue.popleft())
                room -= batch[-1].wish.size
            if queue:
                self._deals[deal_id] = queue
            self._number -= len(batch)
        return deal_id, batch

    def _work(self) -> None:
        while True:
            deal_id, batch = self._next()
            # Whatever happens in here is told to those who wait: without this thread nobody is served.
            try:
                self._check_connection()
                # Until when goods are held is counted on the database's clock, as their release is.
                now = self._clock.now()
                outcomes = self._place(deal_id=deal_id, wishes=[waiting.wish for waiting in batch], now=now)
                if len(outcomes) != len(batch):
                    raise RuntimeError(f"{len(outcomes)} outcomes for {len(batch)} wishes")
            except (OperationalError, InterfaceError) as error:
                logger.warning("no database for a batch of %s: %s", len(batch), error)
                outcomes = [Outcome(error=Busy())] * len(batch)
            except Exception as error:
                logger.exception("a batch failed (deal %s)", deal_id)
                outcomes = [Outcome(error=error)] * len(batch)
            if any(outcome.answer and not outcome.replayed for outcome in outcomes):
                self._teller.tell(deal_id, [message for outcome in outcomes for message in outcome.messages])
            self._answer(batch, outcomes)

    def _check_connection(self) -> None:
        # To ask the database each time whether it is there would cost a way to it and back.
        now = time.monotonic()
        if now - self._checked_at > CHECK_SECONDS or connection.errors_occurred:
            close_old_connections()
            self._checked_at = now

    def _answer(self, batch: list[_Waiting], outcomes: list[Outcome]) -> None:
        now = time.monotonic()
        answered: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future, Outcome]]] = {}
        again = []
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if outcome.is_put_off and now - waiting.since < PUT_OFF_SECONDS:
                again.append(waiting)
                continue
            if outcome.is_put_off:
                outcome = Outcome(error=Busy())
            answered.setdefault(waiting.loop, []).append((waiting.future, outcome))
        for loop, pairs in answered.items():
            _call(loop, _resolve, pairs)
        if again:
            if len(again) == len(batch):
                time.sleep(PUT_OFF_PAUSE_SECONDS)
            with self._changed:
                for waiting in again:
                    self._put(waiting)


def batcher_of_baskets() -> Batcher:
    """Return a queue of its own for purchases of ordinary goods."""
    return Batcher(place=lambda *, deal_id, wishes, now: place_baskets(baskets=wishes, now=now))


class Alone:
    """For purchases that no batch can place: a few threads that go the ordinary way."""

    def __init__(self, *, place: Callable[..., Outcome] = place_alone, most_waiting: int = MOST_ALONE):
        self._place = place
        self._most_waiting = most_waiting
        self._number = 0
        self._threads = ThreadPoolExecutor(ALONE_THREADS, thread_name_prefix="alone")

    async def order(self, basket: Basket) -> Outcome:
        """Return what becomes of a basket, once it is committed; Busy when too many wait already."""
        if self._number >= self._most_waiting:
            raise Busy()
        self._number += 1
        try:
            # A caller who leaves changes nothing.
            return await asyncio.shield(
                asyncio.get_running_loop().run_in_executor(self._threads, self._work, basket)
            )
        finally:
            self._number -= 1

    def _work(self, basket: Basket) -> Outcome:
        close_old_connections()
        return self._place(basket, now=database_now())


class Teller:
    """What follows from orders, outside their way: messages leave, deals are settled, rooms are told."""

    def __init__(self):
        self._messages: list[int] = []
        self._deals: set[int] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def tell(self, deal_id: int | None, messages: Sequence[int] = ()) -> None:
        """Tell of this deal, if any, and hand these outbox messages over, within a quarter of a second.

        What fails is made good by the clock and the sweeper.
        """
        with self._changed:
            if deal_id is not None:
                self._deals.add(deal_id)
            self._messages.extend(messages)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="batch-teller", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._deals and not self._messages:
                    self._changed.wait()
                deals, self._deals = self._deals, set()
                messages, self._messages = self._messages, []
            try:
                if messages:
                    hand_over_at_once(messages)
            except Exception:
                logger.exception("%s messages were not handed over, the sweeper will", len(messages))
            for deal_id in sorted(deals):
                try:
                    close_old_connections()
                    settle_deal(deal_id=deal_id)
                except Exception:
                    logger.warning("deal %s could not be settled, the clock will", deal_id, exc_info=True)
            time.sleep(TELL_SECONDS)


def _call(loop: asyncio.AbstractEventLoop, function: Callable[..., Any], *arguments: Any) -> None:
    try:
        loop.call_soon_threadsafe(function, *arguments)
    except RuntimeError:
        # The process is stopping; the phones ask again with the same keys.
        logger.info("the loop is closed, %s answers are not given", len(arguments[0]))


def _resolve(pairs: list[tuple[asyncio.Future, Outcome]]) -> None:
    for future, outcome in pairs:
        if not future.done():
            future.set_result(outcome)
