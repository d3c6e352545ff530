"""The database's clock for those who ask often."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError

from common import clock


def test_the_databases_clock_is_read_once_a_second_and_carried_on(monkeypatch):
    noon = datetime(2026, 11, 27, 12, tzinfo=UTC)
    read, passed = [], [0.0]
    monkeypatch.setattr(clock, "database_now", lambda: read.append(1) or noon + timedelta(hours=len(read)))
    monkeypatch.setattr(clock.time, "monotonic", lambda: passed[0])
    databases = clock.DatabaseClock()

    times = []
    for second in (0, 0.25, 1, 1.5, 2):
        passed[0] = second
        times.append((databases.now() - noon).total_seconds() - 3600)

    assert times == [0, 0.25, 1, 3600, 3600.5]
    assert len(read) == 2


def test_a_database_that_does_not_answer_is_asked_again(monkeypatch):
    def gone():
        raise OperationalError("gone")

    databases = clock.DatabaseClock()
    with monkeypatch.context() as patch:
        patch.setattr(clock, "database_now", gone)
        with pytest.raises(OperationalError):
            databases.now()
    noon = datetime(2026, 11, 27, 12, tzinfo=UTC)
    monkeypatch.setattr(clock, "database_now", lambda: noon)

    assert timedelta() <= databases.now() - noon < timedelta(seconds=5)
