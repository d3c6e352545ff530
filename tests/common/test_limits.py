"""Limits hold at once, for their window, and without Valkey (rules.md 13)."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from common import limits
from common.errors import TooMany
from common.throttling import parse_rate

NOW = datetime(2026, 11, 24, 8, 0, 10, tzinfo=UTC)


def spend(now: datetime = NOW, key: str = "arun", limit: int = 3) -> int:
    return limits.spend(name="tests", key=key, limit=limit, seconds=60, now=now)


def test_the_use_above_the_limit_waits_for_the_next_window():
    assert [spend(), spend(), spend()] == [1, 2, 3]

    with pytest.raises(TooMany) as refusal:
        spend()
    assert refusal.value.retry_after == 50
    assert spend(key="zoya") == 1
    assert spend(now=NOW + timedelta(seconds=50)) == 1


def test_a_use_can_be_given_back():
    spend(limit=1)
    limits.refund(name="tests", key="arun", seconds=60, now=NOW)

    assert spend(limit=1) == 1
    limits.refund(name="tests", key="nobody", seconds=60, now=NOW)


def test_a_crowd_gets_no_more_than_the_limit():
    passed = []
    start = threading.Barrier(20)

    def run() -> None:
        start.wait()
        try:
            passed.append(spend(limit=5))
        except TooMany:
            passed.append(None)

    threads = [threading.Thread(target=run) for _number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len([used for used in passed if used]) == 5


def test_without_valkey_each_process_counts_for_itself(valkey_away):
    assert [spend(), spend(), spend()] == [1, 2, 3]

    with pytest.raises(TooMany):
        spend()
    limits.refund(name="tests", key="arun", seconds=60, now=NOW)
    limits.refund(name="tests", key="arun", seconds=60, now=NOW)
    assert spend() == 3


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_one_subscriber_is_one_group(address, group):
    assert limits.address_group(address) == group


def test_rates_are_read_as_written_in_the_settings():
    assert [parse_rate("20/min"), parse_rate("5/hour"), parse_rate("1/s")] == [(20, 60), (5, 3600), (1, 1)]
