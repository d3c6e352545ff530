"""The buyers' calendar, and asking to be reminded without JavaScript."""

from datetime import timedelta

import pytest
from django.utils import timezone

from common.clock import utc_now
from livestreams.models import Reminder
from tests.factories.livestreams import make_session

pytestmark = pytest.mark.django_db


@pytest.fixture
def soon():
    """Tomorrow at noon of the village's clock."""
    noon = timezone.localtime(utc_now()).replace(hour=12, minute=0, second=0, microsecond=0)
    return noon + timedelta(days=1)


@pytest.fixture
def announced(market, valkey, soon):
    return make_session(host=market.host, shop=market.shop, status="scheduled", at=soon, title="青稞丰收")


def test_shows_stand_by_day_of_the_villages_clock(client, market, announced, soon):
    late = soon.replace(hour=23, minute=30)
    make_session(host=market.host, shop=market.shop, status="scheduled", at=late, title="夜里的")
    make_session(
        host=market.host, shop=market.shop, status="scheduled", at=late + timedelta(hours=1), title="后一天"
    )
    make_session(host=market.host, shop=market.shop, status="draft", at=soon, title="秘密计划")
    make_session(host=market.host, shop=market.shop, status="cancelled", at=soon, title="取消了")

    answer = client.get("/live/calendar/")

    found = [(day.on, [card["title"] for card in day.shows]) for day in answer.context["days"]]
    assert found == [
        (soon.date(), ["青稞丰收", "夜里的"]), (soon.date() + timedelta(days=1), ["后一天"]),
    ]  # fmt: skip
    page = answer.content.decode()
    assert "秘密计划" not in page
    assert "12:00–14:00" in page


def test_empty_calendar_leads_on(client, db):
    assert 'href="/videos/"' in client.get("/live/calendar/").content.decode()


def test_calendar_costs_few_statements(client, arun, market, announced, soon, django_assert_max_num_queries):
    for number in range(40):
        at = soon + timedelta(hours=number)
        make_session(host=market.host, shop=market.shop, status="scheduled", at=at, title=f"第{number}场")
    client.force_login(arun)

    with django_assert_max_num_queries(8):
        client.get("/live/calendar/")


def test_reminder_is_asked_and_dropped_by_a_form(client, arun, announced):
    client.force_login(arun)
    path = f"/live/{announced.pk}/remind/"

    asked = client.post(path, {"on": "1", "next": "/live/calendar/"})
    assert (asked.status_code, asked["Location"]) == (302, "/live/calendar/")
    assert Reminder.objects.get().user_id == arun.pk
    assert 'aria-pressed="true"' in client.get("/live/calendar/").content.decode()
    assert 'aria-pressed="true"' in client.get(f"/live/{announced.pk}/").content.decode()
    assert 'aria-pressed="true"' in client.get(f"/shops/{announced.shop_id}/").content.decode()
    client.post(path, {"on": "0", "next": "/live/calendar/"})
    assert Reminder.objects.count() == 0
    assert 'aria-pressed="false"' in client.get("/live/calendar/").content.decode()


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil.example", "", "x"])
def test_nobody_is_sent_off_the_site(client, arun, announced, back):
    client.force_login(arun)

    answer = client.post(f"/live/{announced.pk}/remind/", {"on": "1", "next": back})

    assert answer["Location"] == f"/live/{announced.pk}/"


def test_stranger_signs_in_first(client, announced):
    answer = client.post(f"/live/{announced.pk}/remind/", {"on": "1"})

    assert answer.status_code == 302
    assert answer["Location"].endswith(f"?next=/live/{announced.pk}/")
    assert Reminder.objects.count() == 0


def test_page_of_a_called_off_show_says_so(client, market, valkey, soon):
    session = make_session(
        host=market.host, shop=market.shop, status="cancelled", at=soon, cancel_reason="大雪封山"
    )
    draft = make_session(host=market.host, shop=market.shop, status="cancelled", at=soon, announced_at=None)

    answer = client.get(f"/live/{session.pk}/")

    assert answer.status_code == 410
    assert "大雪封山" in answer.content.decode()
    assert client.get(f"/live/{draft.pk}/").status_code == 404
