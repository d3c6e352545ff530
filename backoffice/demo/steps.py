"""Seeding goes in steps; each is done once, whole or not at all, and remembers what it made.

A step is an effect under a fixed key (rules.md 4): killed, its transaction leaves nothing and the next run
repeats it; done, its answer (ids) is read again, whatever people have changed since.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from common.idempotency import run_once
from common.models import IdempotencyKey
from payouts.services.opening import period_bounds

ACTOR, OPERATION = "system", "seed_village"
NAMESPACE = uuid.UUID("5ca1ab1e-7ea5-4d00-8a11-0e5011a6e000")
SHOW_STARTS = time(19, 30)
OPENED_BEFORE = timedelta(days=40)

Answer = dict[str, Any]


def key_of(name: str) -> uuid.UUID:
    """Return the key of a step or of anything else that seeding does once."""
    return uuid.uuid5(NAMESPACE, name)


@dataclass(frozen=True)
class Calendar:
    """When the village's story happens, counted back from the first seeding (UTC).

    Last week is the settlement period that ended last; its sales are all completed before its end.
    """

    now: datetime

    @property
    def opened_at(self) -> datetime:
        """The shops opened."""
        return self.now - OPENED_BEFORE

    @property
    def this_week(self) -> datetime:
        """The period that runs began."""
        return period_bounds(self.now)[0]

    @property
    def last_week(self) -> datetime:
        """The period before it began."""
        return period_bounds(self.this_week - timedelta(hours=1))[0]

    @property
    def show_at(self) -> datetime:
        """The evening of the past show: four days ago, or earlier, so that its parcels arrived last week."""
        latest = self._day(self.this_week) - timedelta(days=3)
        return self._evening(min(self._day(self.now) - timedelta(days=4), latest))

    @property
    def next_show_at(self) -> datetime:
        """The evening of the next show: tomorrow."""
        return self._evening(self._day(self.now) + timedelta(days=1))

    def this_week_at(self, share: float) -> datetime:
        """Return a moment of the running period: 0 its begin, 1 now."""
        return self.this_week + (self.now - self.this_week) * share

    def ago(self, **duration: float) -> datetime:
        """Return the moment that lies so long before now."""
        return self.now - timedelta(**duration)

    def _day(self, at: datetime) -> date:
        return at.astimezone(ZoneInfo(settings.TIME_ZONE)).date()

    def _evening(self, day: date) -> datetime:
        return datetime.combine(day, SHOW_STARTS, tzinfo=ZoneInfo(settings.TIME_ZONE)).astimezone(UTC)


class Steps:
    """What is done already, and the way to do the rest."""

    def __init__(self, *, now: datetime):
        stored = IdempotencyKey.objects.filter(actor=ACTOR, operation=OPERATION)
        self._answers: dict[uuid.UUID, Answer] = dict(stored.values_list("key", "answer"))
        begun = self.once("begin", lambda: {"now": now.isoformat()}, now=now)
        self.calendar = Calendar(datetime.fromisoformat(begun["now"]))

    def is_done(self, name: str) -> bool:
        """Tell whether a step was done, now or in an earlier run."""
        return key_of(name) in self._answers

    def answer(self, name: str) -> Answer:
        """Return what a done step made."""
        return self._answers[key_of(name)]

    def once(
        self,
        name: str,
        run: Callable[[], Answer | None],
        *,
        prepare: Callable[[], object] = lambda: None,
        now: datetime | None = None,
    ) -> Answer:
        """Do a step in one transaction unless it is done, and return its answer.

        `prepare` runs before the transaction: what takes long must not leave one open.
        """
        key = key_of(name)
        if key not in self._answers:
            prepare()
            self._answers[key], _replayed = run_once(
                actor=ACTOR,
                operation=OPERATION,
                key=key,
                body=name,
                now=now or self.calendar.now,
                run=lambda: run() or {},
            )
        return self._answers[key]
