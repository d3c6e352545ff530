"""People who asked are told before a show, when it begins, moves, or is called off: each once (PR5)."""

from collections import Counter
from datetime import timedelta

import pytest
from celery import current_app
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import get_language
from rest_framework.test import APIClient

from accounts.models import User
from accounts.services.contacts import contact_of
from common import outbox
from common.models import OutboxMessage
from livestreams.models import Reminder
from livestreams.services import presenting, reminding, scheduling
from notifications.models import Notification, NotificationDelivery
from tests.factories.livestreams import NOW, make_session
from tests.factories.shops import make_person

pytestmark = pytest.mark.django_db
START = NOW + timedelta(hours=5)


@pytest.fixture
def announced(market, valkey):
    return make_session(host=market.host, shop=market.shop, status="scheduled", at=START, title="青稞丰收")


def ask(session, *people: User) -> None:
    for person in people:
        reminding.ask_reminder(actor=person, session_id=session.pk, now=NOW)


def crowd(session, size: int) -> list[User]:
    people = [make_person(name=f"人{number}") for number in range(size)]
    ask(session, *people)
    return people


def told() -> Counter:
    return Counter(Notification.objects.values_list("kind", "contact__user__display_name"))


def test_asking_and_dropping_are_repeatable(announced, arun):
    client = APIClient()
    client.force_login(arun)
    url = f"/api/v1/live-sessions/{announced.pk}/reminders/"

    assert [client.post(url).status_code for _ in range(2)] == [201, 201]
    assert Reminder.objects.count() == 1
    assert [client.delete(url).status_code for _ in range(2)] == [204, 204]
    assert Reminder.objects.count() == 0
    assert APIClient().post(url).status_code in (401, 403)


@pytest.mark.parametrize(
    ("status", "answer"), [("draft", 404), ("cancelled", 404), ("live", 409), ("ended", 409)]
)
def test_only_what_is_announced_can_be_waited_for(market, valkey, arun, status, answer):
    session = make_session(host=market.host, shop=market.shop, status=status)
    client = APIClient()
    client.force_login(arun)

    assert client.post(f"/api/v1/live-sessions/{session.pk}/reminders/").status_code == answer
    assert Reminder.objects.count() == 0


def test_told_before_and_at_the_beginning(announced, arun, zhuoma, drain_outbox):
    ask(announced, arun)

    assert reminding.remind_due(now=START - timedelta(minutes=11)) == 0
    assert reminding.remind_due(now=START - timedelta(minutes=10)) == 1
    assert reminding.remind_due(now=START - timedelta(minutes=9)) == 0
    drain_outbox()
    assert told() == {("live_soon", "阿润"): 1}
    presenting.start_session(actor=zhuoma, session_id=announced.pk, now=START)
    presenting.start_session(actor=zhuoma, session_id=announced.pk, now=START)
    drain_outbox()

    assert told() == {("live_soon", "阿润"): 1, ("live_starting", "阿润"): 1}
    begun = Notification.objects.get(kind="live_starting")
    assert "卓玛" in begun.title
    assert (begun.body, begun.url) == ("青稞丰收", f"/live/{announced.pk}/")
    assert set(begun.deliveries.values_list("channel", "status")) == {
        ("inbox", "delivered"), ("email", "sent"), ("sms", "sent"),
    }  # fmt: skip
    assert Reminder.objects.get().told_at is not None


def test_show_that_is_late_is_not_told_as_near(announced, arun):
    ask(announced, arun)

    assert reminding.remind_due(now=START) == 0


def test_words_are_in_the_readers_language(announced, arun, zoya, monkeypatch, drain_outbox):
    User.objects.filter(pk=arun.pk).update(language="en")
    ask(announced, arun, zoya)
    monkeypatch.setattr(reminding, "_words", lambda session, word: (get_language(), session.title))

    reminding.remind_due(now=START - timedelta(minutes=5))
    drain_outbox()

    titles = dict(Notification.objects.values_list("contact__user__display_name", "title"))
    assert titles == {"阿润": "en", "佐雅": "zh-hans"}


def test_who_dropped_the_reminder_is_not_told(announced, arun, zoya, drain_outbox):
    ask(announced, arun, zoya)
    reminding.remind_due(now=START - timedelta(minutes=5))
    reminding.drop_reminder(actor=arun, session_id=announced.pk)

    drain_outbox()

    assert told() == {("live_soon", "佐雅"): 1}


def test_moving_tells_the_new_time_and_reminds_again(announced, arun, zhuoma, market, drain_outbox):
    ask(announced, arun)
    reminding.remind_due(now=START - timedelta(minutes=5))
    drain_outbox()

    later = START + timedelta(hours=2)
    scheduling.save_session(
        actor=zhuoma, session_id=announced.pk, shop_id=market.shop.pk, host_id=market.host.pk,
        title="青稞丰收", scheduled_at=later, now=NOW,
    )  # fmt: skip
    drain_outbox()
    reminding.remind_due(now=later - timedelta(minutes=5))
    drain_outbox()

    assert told() == {("live_soon", "阿润"): 2, ("live_moved", "阿润"): 1}
    assert "2026-09-01 23:00" in Notification.objects.get(kind="live_moved").title


def test_new_words_without_a_new_time_disturb_nobody(announced, arun, zhuoma, market):
    ask(announced, arun)

    scheduling.save_session(
        actor=zhuoma, session_id=announced.pk, shop_id=market.shop.pk, host_id=market.host.pk,
        title="新的名字", scheduled_at=START, now=NOW,
    )  # fmt: skip

    assert OutboxMessage.objects.count() == 0


def test_cancelling_tells_everyone_once_though_workers_die(announced, zhuoma, monkeypatch, drain_outbox):
    """Three batches; the second one's worker is killed after it has written, and comes back."""
    monkeypatch.setattr(reminding, "BATCH", 4)
    people = crowd(announced, 10)
    scheduling.cancel_session(actor=zhuoma, session_id=announced.pk, reason="大雪封山", now=NOW)
    real, runs = reminding.tell_many, []

    def dies_once(**arguments):
        runs.append(len(arguments["notes"]))
        count = real(**arguments)
        if len(runs) == 2:
            raise RuntimeError("killed")
        return count

    monkeypatch.setattr(reminding, "tell_many", dies_once)
    first = OutboxMessage.objects.get(task="livestreams.tell_reminded")
    current_app.loader.import_default_modules()  # the tasks.py of every app, as a worker does
    assert outbox.deliver(first.pk, now=NOW)
    second = OutboxMessage.objects.exclude(pk=first.pk).get(task="livestreams.tell_reminded")
    assert not outbox.deliver(second.pk, now=NOW)
    assert Notification.objects.count() == 4
    drain_outbox(now=NOW + timedelta(days=1))
    # Somebody hands every message over again, as after a flushed broker.
    OutboxMessage.objects.filter(task="livestreams.tell_reminded").update(done_at=None)
    drain_outbox(now=NOW + timedelta(days=2))

    assert runs[:4] == [4, 4, 4, 2]
    assert told() == {("live_cancelled", person.display_name): 1 for person in people}
    note = Notification.objects.first()
    assert ("大雪封山" in note.body, note.url) == (True, f"/shops/{announced.shop_id}/")


def test_cancelled_show_is_not_told_as_near_any_more(announced, arun, zhuoma, drain_outbox):
    ask(announced, arun)
    reminding.remind_due(now=START - timedelta(minutes=5))
    scheduling.cancel_session(actor=zhuoma, session_id=announced.pk, now=NOW)

    drain_outbox()

    assert told() == {("live_cancelled", "阿润"): 1}


def test_cancelling_a_draft_tells_nobody(market, zhuoma, valkey):
    draft = make_session(host=market.host, shop=market.shop, status="draft", at=START)

    scheduling.cancel_session(actor=zhuoma, session_id=draft.pk, now=NOW)

    assert OutboxMessage.objects.count() == 0


def test_a_batch_costs_as_many_statements_for_many_as_for_few(announced, market, valkey):
    """Bounded time for a million: what a batch costs does not grow with the people in it."""
    other = make_session(host=market.host, shop=market.shop, status="scheduled", at=START)
    for person in crowd(announced, 2) + crowd(other, 60):
        contact_of(person)
    counts = []
    for session in (announced, other):
        with CaptureQueriesContext(
            connection,
        ) as captured:
            told_now = reminding.tell_batch(
                session_id=session.pk, word="soon", after=0, revision=0, at=int(START.timestamp()), now=NOW
            )
        counts.append((told_now, len(captured)))

    assert [number for number, _ in counts] == [2, 60]
    assert counts[0][1] == counts[1][1] <= 13
    assert NotificationDelivery.objects.filter(channel="inbox").count() == 62
