"""The picture is lost, comes back, stays away (domain.md: interrupted)."""

from datetime import timedelta

import pytest

from livestreams.models import Take
from livestreams.services.watching import watch_sessions
from livestreams.statuses import SessionStatus, TakeStatus
from tests.factories.livestreams import NOW, make_pin, make_take

pytestmark = pytest.mark.django_db


def after(seconds: float):
    return NOW + timedelta(seconds=seconds)


def status(session) -> str:
    session.refresh_from_db()
    return session.status


def test_lost_and_found(session):
    take = make_take(session=session, last_chunk_at=NOW)

    assert watch_sessions(now=after(7.9)) == {"interrupted": 0, "live": 0, "ended": 0}
    assert watch_sessions(now=after(8.1))["interrupted"] == 1
    assert status(session) == SessionStatus.INTERRUPTED
    assert watch_sessions(now=after(20)) == {"interrupted": 0, "live": 0, "ended": 0}
    Take.objects.filter(pk=take.pk).update(last_chunk_at=after(30))
    assert watch_sessions(now=after(31))["live"] == 1
    assert (status(session), session.interrupted_at) == (SessionStatus.LIVE, None)


def test_new_take_counts_only_with_its_first_chunk(session):
    make_take(session=session, last_chunk_at=NOW, status=TakeStatus.CLOSED)
    watch_sessions(now=after(9))
    make_take(session=session, number=2, at=after(20))

    watch_sessions(now=after(21))

    assert status(session) == SessionStatus.INTERRUPTED


def test_show_that_stays_dark_is_ended_with_a_reason(session, item):
    take = make_take(session=session, last_chunk_at=NOW)
    pin = make_pin(item=item)
    watch_sessions(now=after(9))

    assert watch_sessions(now=after(9 + 15 * 60)) == {"interrupted": 0, "live": 0, "ended": 0}
    assert watch_sessions(now=after(10 + 15 * 60))["ended"] == 1

    assert (status(session), session.end_reason) == (SessionStatus.ENDED, "picture lost")
    take.refresh_from_db()
    pin.refresh_from_db()
    assert take.status == TakeStatus.CLOSED
    assert pin.closed_at == after(10 + 15 * 60)
