"""The inbox as page and API: one's own only, unread first."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.services.contacts import contact_of
from notifications.models import Notification
from notifications.services.telling import tell
from tests.factories.accounts import make_user

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def say(user, key: str, **changes) -> Notification:
    told = {
        "contact_id": contact_of(user).pk,
        "kind": "order_shipped",
        "title": f"title {key}",
        "body": "on its way",
        "url": "/orders/M1/",
        "dedupe_key": key,
        "now": NOW,
    }
    return tell(**told | changes)


@pytest.fixture
def arun():
    return make_user(display_name="arun", language="en")


@pytest.fixture
def zoya():
    return make_user(phone="13900000004", language="en")


@pytest.fixture
def browser(arun) -> Client:
    client = Client()
    client.force_login(arun)
    return client


@pytest.fixture
def api(arun) -> APIClient:
    client = APIClient()
    client.force_authenticate(arun)
    return client


def test_the_api_lists_ones_own_newest_first(api, arun, zoya):
    first, second = say(arun, "a"), say(arun, "b")
    say(zoya, "c")

    answer = api.get("/api/v1/notifications/")

    assert answer.status_code == 200
    assert [row["id"] for row in answer.json()["results"]] == [second.pk, first.pk]
    assert answer.json()["results"][1] == {
        "id": first.pk,
        "kind": "order_shipped",
        "title": "title a",
        "body": "on its way",
        "url": "/orders/M1/",
        "created_at": "2026-11-24T08:00:00Z",
        "read_at": None,
    }


def test_pages_of_the_api_are_at_most_a_hundred(api, arun):
    for number in range(5):
        say(arun, str(number))

    first = api.get("/api/v1/notifications/?page_size=2").json()
    second = api.get(first["next"]).json()

    assert len(first["results"]) == 2
    assert [row["title"] for row in second["results"]] == ["title 2", "title 1"]
    assert api.get("/api/v1/notifications/?page_size=9999").status_code == 200
    assert api.get("/api/v1/notifications/?cursor=rubbish").status_code == 404


def test_some_or_all_are_marked_as_read(api, arun):
    first = say(arun, "a")
    say(arun, "b")
    say(arun, "c")

    some = api.post("/api/v1/notifications/read/", {"ids": [first.pk, first.pk]})
    rest = api.post("/api/v1/notifications/read/", {})

    assert (some.status_code, some.json()) == (200, {"unread_count": 2})
    assert (rest.status_code, rest.json()) == (200, {"unread_count": 0})


def test_c1_a_strangers_notification_is_404_and_nothing_is_marked(api, arun, zoya):
    mine, theirs = say(arun, "a"), say(zoya, "b")

    answer = api.post("/api/v1/notifications/read/", {"ids": [mine.pk, theirs.pk]})

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert Notification.objects.filter(read_at=None).count() == 2


@pytest.mark.parametrize(
    "body",
    [{"ids": ["x"]}, {"ids": 5}, {"ids": [0]}, {"ids": [-1]}, {"ids": [10**30]}, {"ids": [1] * 101}, []],
)
def test_bad_ids_are_400(api, arun, body):
    say(arun, "a")

    answer = api.post("/api/v1/notifications/read/", body, format="json")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert Notification.objects.filter(read_at=None).count() == 1


def test_the_page_shows_unread_first_and_only_ones_own(browser, arun, zoya):
    old, new = say(arun, "old"), say(arun, "new")
    say(zoya, "secret")
    Notification.objects.filter(pk=new.pk).update(read_at=NOW)

    answer = browser.get("/inbox/")

    html = answer.content.decode()
    assert answer.status_code == 200
    assert [row.pk for row in answer.context["page"]] == [old.pk, new.pk]
    assert "secret" not in html
    assert 'data-count="inbox">1<' in html or "unread" in html or "All read" in html


def test_read_ones_stay_newest_first(browser, arun):
    first, second = say(arun, "a"), say(arun, "b")
    Notification.objects.filter(pk=first.pk).update(read_at=NOW + timedelta(hours=2))
    Notification.objects.filter(pk=second.pk).update(read_at=NOW)

    page = browser.get("/inbox/").context["page"]

    assert [row.pk for row in page] == [second.pk, first.pk]


def test_opening_one_marks_it_and_goes_where_it_points(browser, arun):
    notification = say(arun, "a")

    answer = browser.post(f"/inbox/{notification.pk}/open/")

    assert (answer.status_code, answer["Location"]) == (302, "/orders/M1/")
    notification.refresh_from_db()
    assert notification.read_at is not None
    assert browser.get(f"/inbox/{notification.pk}/open/").status_code == 405


def test_one_without_a_target_leads_back_to_the_inbox(browser, arun):
    assert browser.post(f"/inbox/{say(arun, 'a', url='').pk}/open/")["Location"] == "/inbox/"


def test_a_strangers_one_is_404_and_stays_unread(browser, zoya):
    theirs = say(zoya, "a")

    assert browser.post(f"/inbox/{theirs.pk}/open/").status_code == 404
    theirs.refresh_from_db()
    assert theirs.read_at is None


def test_all_are_marked_at_once(browser, arun, zoya):
    say(arun, "a")
    theirs = say(zoya, "b")

    assert browser.post("/inbox/read/")["Location"] == "/inbox/"
    assert list(Notification.objects.filter(read_at=None)) == [theirs]


def test_an_empty_inbox_says_what_to_do_next(browser):
    html = browser.get("/inbox/").content.decode()

    assert "Nothing new" in html
    assert 'href="/"' in html


def test_hostile_words_are_shown_as_words(browser, arun):
    say(arun, "a", title="<script>alert(1)</script>", body='"><img src=x onerror=alert(2)>')

    html = browser.get("/inbox/").content.decode()

    assert "<script>alert(1)" not in html
    assert "<img src=x" not in html


def test_many_come_in_pages(browser, arun):
    for number in range(31):
        say(arun, str(number))

    assert len(browser.get("/inbox/").context["page"].object_list) == 30
    assert len(browser.get("/inbox/?page=2").context["page"].object_list) == 1
    assert browser.get("/inbox/?page=rubbish").status_code == 200
    assert browser.get("/inbox/?page=99999999999999999999").status_code == 200


@pytest.mark.parametrize(
    "path", ["/inbox/", "/me/", "/me/addresses/", "/me/addresses/new/", "/me/addresses/1/"]
)
def test_a_guest_is_led_to_sign_in_and_back(path):
    answer = Client().get(path)

    assert (answer.status_code, answer["Location"]) == (302, f"/sign-in/?next={path}")
