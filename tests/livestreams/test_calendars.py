"""Calendar entries, read back with the parser of the same standard (RFC 5545)."""

from datetime import UTC, timedelta

import pytest
from icalendar import Calendar

from common.clock import utc_now
from livestreams.models import LiveSession
from livestreams.services import scheduling
from livestreams.services.calendars import calendar_of
from tests.factories.livestreams import NOW, make_session
from tests.factories.shops import make_host, make_person, make_shop

pytestmark = pytest.mark.django_db
START = NOW + timedelta(days=3)


@pytest.fixture
def announced(market, valkey):
    return make_session(
        host=market.host, shop=market.shop, status="scheduled", at=START, title="青稞丰收",
        planned_minutes=90, description="看青稞，\n尝糌粑",
    )  # fmt: skip


def events(content: bytes) -> list:
    return list(Calendar.from_ical(content).walk("VEVENT"))


def test_entry_of_a_show(announced, client, settings):
    settings.PUBLIC_URL = "https://market.example"

    answer = client.get(f"/live/{announced.pk}/calendar.ics")

    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    (event,) = events(answer.content)
    assert str(event["uid"]) == f"live-{announced.pk}@market.example"
    assert event.decoded("dtstart") == START.astimezone(UTC)
    assert event.decoded("dtend") - event.decoded("dtstart") == timedelta(minutes=90)
    assert str(event["summary"]) == "青稞丰收 · 卓玛"
    assert str(event["location"]) == "云岭合作社"
    assert str(event["url"]) == f"https://market.example/live/{announced.pk}/"
    assert str(event["description"]).startswith("看青稞，\n尝糌粑")
    assert (str(event["status"]), event.decoded("sequence")) == ("CONFIRMED", 0)
    (alarm,) = event.walk("VALARM")
    assert alarm.decoded("trigger") == -timedelta(minutes=10)


def test_moved_and_cancelled_show_keeps_its_uid_and_counts_up(announced, client, zhuoma, market):
    path = f"/live/{announced.pk}/calendar.ics"
    seen = [events(client.get(path).content)[0]]
    scheduling.save_session(
        actor=zhuoma, session_id=announced.pk, shop_id=market.shop.pk, host_id=market.host.pk,
        title="青稞丰收", scheduled_at=START + timedelta(hours=1), now=NOW,
    )  # fmt: skip
    seen.append(events(client.get(path).content)[0])
    scheduling.cancel_session(actor=zhuoma, session_id=announced.pk, reason="大雪封山", now=NOW)
    seen.append(events(client.get(path).content)[0])

    assert len({str(event["uid"]) for event in seen}) == 1
    assert [event.decoded("sequence") for event in seen] == [0, 1, 2]
    assert [str(event["status"]) for event in seen] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert seen[1].decoded("dtstart") == START + timedelta(hours=1)
    assert str(seen[2]["description"]).startswith("大雪封山")
    assert seen[2].walk("VALARM") == []


@pytest.mark.parametrize(
    "title",
    [
        "A\r\nBEGIN:VEVENT\r\nUID:evil",
        "a;b,c:d\\n\\,\"'",
        "END:VCALENDAR",
        "长" * 80,
        "\u202e\u0000\u0007tinkle",
        "<script>alert(1)</script>",
    ],
)
def test_hostile_titles_stay_one_entry_of_short_lines(announced, title):
    LiveSession.objects.filter(pk=announced.pk).update(title=title.replace("\u0000", ""))
    announced.refresh_from_db()
    announced.description = title

    content = calendar_of([announced], name=title, now=NOW)

    (event,) = events(content)
    expected = " ".join("".join(c for c in title if c.isprintable() or c in "\r\n").split())
    assert str(event["summary"]) == f"{expected} · 卓玛"
    assert content.count(b"\n") == content.count(b"\r\n")
    assert max(len(line) for line in content.split(b"\r\n")) <= 75
    assert not set(content) & (set(range(32)) - {10, 13})


def test_feed_of_everybody_of_a_host_and_of_a_shop(announced, client, market, zoya):
    host = make_host(user=zoya, village=market.village)
    other = make_session(host=host, shop=make_shop(owner=zoya), status="scheduled", at=START, title="别家的")
    cancelled = make_session(host=market.host, shop=market.shop, status="cancelled", at=START)
    make_session(host=market.host, shop=market.shop, status="draft", at=START, title="秘密计划")
    LiveSession.objects.update(scheduled_at=utc_now() + timedelta(days=1))

    def uids(query: str) -> set[int]:
        found = events(client.get(f"/live/calendar.ics{query}").content)
        return {int(str(event["uid"]).split("@")[0].removeprefix("live-")) for event in found}

    assert uids("") == {announced.pk, other.pk, cancelled.pk}
    assert uids(f"?host={market.host.pk}") == {announced.pk, cancelled.pk}
    assert uids(f"?shop={other.shop_id}") == {other.pk}
    assert client.get("/live/calendar.ics?host=x").status_code == 404


def test_what_was_never_announced_has_no_entry(market, client, valkey, zhuoma):
    draft = make_session(host=market.host, shop=market.shop, status="draft", at=START)
    dropped = make_session(host=market.host, shop=market.shop, status="draft", at=START)
    scheduling.cancel_session(actor=zhuoma, session_id=dropped.pk, now=NOW)
    client.force_login(make_person())

    assert client.get(f"/live/{draft.pk}/calendar.ics").status_code == 404
    assert client.get(f"/live/{dropped.pk}/calendar.ics").status_code == 404
