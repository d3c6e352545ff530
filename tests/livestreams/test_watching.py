"""The picture is lost, comes back, stays away (domain.md: interrupted)."""

from datetime import timedelta

import pytest

from livestreams.models import Take
from livestreams.services.announcing_end import tell_ended_dark
from livestreams.services.measuring import keep_sample
from livestreams.services.overseeing import end_by_operator
from livestreams.services.watching import watch_sessions
from livestreams.statuses import EndReason, SessionStatus, TakeStatus
from notifications.models import Notification
from realtime.services import presence
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

    assert (status(session), session.end_reason) == (SessionStatus.ENDED, EndReason.PICTURE_LOST)
    take.refresh_from_db()
    pin.refresh_from_db()
    assert take.status == TakeStatus.CLOSED
    assert pin.closed_at == after(10 + 15 * 60)


def test_each_time_without_picture_is_kept_from_the_last_chunk_to_the_next(session):
    take = make_take(session=session, last_chunk_at=NOW)
    watch_sessions(now=after(9))
    watch_sessions(now=after(11))
    Take.objects.filter(pk=take.pk).update(last_chunk_at=after(30))
    watch_sessions(now=after(31))
    watch_sessions(now=after(40))

    kept = list(session.interruptions.values_list("began_at", "ended_at"))

    assert kept == [(NOW, after(30)), (after(30), None)]


def test_ending_closes_the_dark_time_and_tells_the_host_once(session, zhuoma, drain_outbox, client):
    make_take(session=session, last_chunk_at=NOW)
    watch_sessions(now=after(9))
    watch_sessions(now=after(10 + 15 * 60))

    drain_outbox()
    tell_ended_dark(session_id=session.pk, now=after(1000))

    assert list(session.interruptions.values_list("ended_at", flat=True)) == [after(10 + 15 * 60)]
    told = Notification.objects.filter(contact__user=zhuoma, kind="show_ended")
    assert [one.url for one in told] == [f"/desk/live/{session.pk}/report/"]
    assert client.get(f"/api/v1/live-sessions/{session.pk}/").json()["end_code"] == "picture_lost"


def test_operators_words_about_an_ending_stay_inside(session, operator, client):
    end_by_operator(actor=operator, session_id=session.pk, reason="sold fakes", now=NOW)

    assert client.get(f"/api/v1/live-sessions/{session.pk}/").json()["end_code"] == ""


def test_viewers_are_kept_by_the_minute_the_most_of_each(session, monkeypatch):
    watching = iter([3, 9, 5, 4])
    monkeypatch.setattr(presence, "count", lambda *, channel: next(watching))

    for seconds in (1, 3, 59, 61):
        keep_sample(session_id=session.pk, now=after(seconds))

    assert list(session.viewer_samples.values_list("minute_at", "viewers")) == [(NOW, 9), (after(60), 4)]
    session.refresh_from_db()
    assert session.peak_viewers == 9
