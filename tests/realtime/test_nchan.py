"""Room streams carried by nginx's nchan, with the configuration file that is shipped."""

import json
import subprocess
import time
from urllib.parse import urlsplit

import pytest
import redis
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client, override_settings

from common.clock import utc_now
from livestreams.models import ModerationAction
from realtime.relay import MARK
from realtime.services import presence, publishing
from realtime.services.publishing import publish
from tests.factories.livestreams import make_session
from tests.realtime.nginx import Phone, ask, front, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def front_of_this_file(live_server, tmp_path_factory):
    """One nginx, live process and relay for all tests here; what a test kills it starts again."""
    folder = tmp_path_factory.mktemp("n")
    # nginx's configuration bears no space, the checkout's own path may have one.
    (folder / "static").symlink_to(settings.BASE_DIR / "static")
    values = {"STATIC_ROOT": folder / "static", "MEDIA_ROOT": folder / "media"}
    with (
        override_settings(**values, ROOM_STREAMS_PER_ADDRESS=60),
        front(folder, urlsplit(live_server.url).netloc) as running,
    ):
        yield running


@pytest.fixture
def nginx(front_of_this_file):
    # The test before has emptied Valkey; the relay then cuts everybody, and must not cut this test's phones.
    with redis.Redis.from_url(settings.REDIS_URL) as valkey:
        wait_for(lambda: valkey.exists(MARK))
    time.sleep(0.5)
    yield front_of_this_file
    for phone in Phone.open:
        phone.leave()
    for phone in Phone.open:
        phone.is_over.wait(5)
    Phone.open.clear()


@pytest.fixture
def room(market):
    return make_session(host=market.host, shop=market.shop)


def channel(session) -> str:
    return f"session:{session.pk}"


def say(session, number: int) -> str:
    return publish(channel=channel(session), event="chat", data={"n": number})


def numbers(phone: Phone) -> list[int]:
    return [json.loads(data)["n"] for data in phone.told("chat")]


def cookie(client: Client) -> str:
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}"


def signed_in(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_what_is_published_reaches_every_phone_with_our_own_numbers(nginx, room):
    phones = [Phone(nginx.port, room.pk, query="?after=") for _ in range(3)]

    ids = [say(room, number) for number in range(5)]

    for phone in phones:
        wait_for(lambda phone=phone: len(numbers(phone)) == 5)
        assert phone.status == 200
        assert numbers(phone) == [0, 1, 2, 3, 4]
        assert [number for name, number, _ in phone.events if name == "chat"] == ids


def test_resume_has_no_gap_and_no_double(nginx, room):
    first = Phone(nginx.port, room.pk, query="?after=")
    for number in range(3):
        say(room, number)
    wait_for(lambda: len(numbers(first)) == 3)
    last = first.last
    first.leave()
    for number in range(3, 6):
        say(room, number)

    second = Phone(nginx.port, room.pk, Last_Event_ID=last)
    third = Phone(nginx.port, room.pk, query=f"?after={last}")
    say(room, 6)

    for phone in (second, third):
        wait_for(lambda phone=phone: 6 in numbers(phone))
        assert numbers(phone) == [3, 4, 5, 6]
        # Where the browser stands is where the server goes on: nothing is missing in between.
        assert phone.told("since")[0] == last


def test_resume_while_everybody_talks_has_no_gap_and_no_double(nginx, room):
    heard, last, said = [], "", 0
    while len(heard) < 60:
        phone = Phone(nginx.port, room.pk, query=f"?after={last}")
        for _ in range(9):
            say(room, said)
            said += 1
            time.sleep(0.02)
        wait_for(lambda phone=phone: numbers(phone))
        phone.leave()
        assert phone.is_over.wait(5)
        assert phone.told("reset") == []
        heard += numbers(phone)
        last = phone.last

    assert heard == list(range(len(heard)))


@pytest.mark.parametrize("last", ["0a0a0a0a-3", "rubbish"])
def test_an_unknown_position_is_reset_and_goes_on_from_there(nginx, room, last):
    watching = Phone(nginx.port, room.pk, query="?after=")
    say(room, 0)
    wait_for(lambda: numbers(watching) == [0])

    lost = Phone(nginx.port, room.pk, Last_Event_ID=last)
    wait_for(lambda: lost.told("reset"))
    back = Phone(nginx.port, room.pk, Last_Event_ID=lost.last)
    say(room, 1)

    wait_for(lambda: 1 in numbers(back))
    assert [name for name, _, _ in lost.events] == ["reset"]
    assert numbers(back) == [1]


def test_a_new_epoch_tells_everybody_to_fetch_the_room(valkey, nginx, room):
    phone = Phone(nginx.port, room.pk, query="?after=")
    say(room, 0)
    wait_for(lambda: numbers(phone) == [0])
    before = phone.last.split("-")[0]

    valkey.flushall()
    say(room, 1)

    wait_for(lambda: phone.told("reset") or phone.is_over.is_set())
    after = phone.last if phone.told("reset") else f"{before}-1"
    again = Phone(nginx.port, room.pk, Last_Event_ID=after)
    say(room, 2)
    wait_for(lambda: again.told("reset") or 2 in numbers(again))
    assert publishing.position(channel=channel(room)).split("-")[0] != before


def test_a_stranger_to_the_room_is_refused(nginx, market, room, arun, zhuoma):
    draft = make_session(host=market.host, shop=market.shop, status="draft")
    ban(room, zhuoma, arun)
    events = "/api/v1/live-sessions/{}/events/"

    refused = [
        ask(nginx.port, events.format(draft.pk)),
        ask(nginx.port, events.format(room.pk), headers={"Cookie": cookie(signed_in(arun))}),
        ask(nginx.port, events.format(10**17)),
    ]

    assert [(status, json.loads(body)["code"]) for status, _, body in refused] == [(404, "not_found")] * 3


def ban(session, moderator, person) -> None:
    ModerationAction.objects.create(
        session=session, kind="ban", moderator=moderator, person=person, created_at=utc_now()
    )


def test_a_banned_and_a_signed_out_person_are_cut_within_five_seconds_and_nobody_else(
    nginx, room, arun, zoya, operator, zhuoma
):
    clients = {person: signed_in(person) for person in (arun, zoya, operator)}
    phones = {
        person: Phone(nginx.port, room.pk, query="?after=", Cookie=cookie(client))
        for person, client in clients.items()
    }
    say(room, 0)
    for phone in phones.values():
        wait_for(lambda phone=phone: numbers(phone) == [0])

    ban(room, zhuoma, arun)
    clients[zoya].logout()

    assert phones[arun].is_over.wait(5)
    assert phones[zoya].is_over.wait(5)
    say(room, 1)
    wait_for(lambda: numbers(phones[operator]) == [0, 1])
    assert numbers(phones[arun]) == numbers(phones[zoya]) == [0]
    assert Phone(nginx.port, room.pk, Cookie=cookie(clients[arun])).status == 404


def test_a_persons_own_events_reach_them_alone(nginx, room, arun, zoya):
    mine, theirs = (
        Phone(nginx.port, room.pk, query="?after=", Cookie=cookie(signed_in(person)))
        for person in (arun, zoya)
    )
    nobodys = Phone(nginx.port, room.pk, query="?after=")

    publish(channel=f"user:{arun.pk}", event="inbox", data={"unread": 3})
    wait_for(lambda: mine.told("inbox"))
    say(room, 0)

    for phone in (mine, theirs, nobodys):
        wait_for(lambda phone=phone: numbers(phone) == [0])
    assert mine.told("inbox") == ['{"unread":3}']
    assert theirs.told("inbox") == nobodys.told("inbox") == []


def test_nobody_publishes_or_reads_past_the_door(nginx, room, arun):
    phone = Phone(nginx.port, room.pk, query="?after=", Cookie=cookie(signed_in(arun)))
    paths = (
        f"/channels/session-{room.pk}", f"/-/rooms/session-{room.pk}",
        f"/-/rooms/session-{room.pk}/user-{arun.pk}", f"/api/v1/live-sessions/{room.pk}/events/",
        "/-/media/private/x.webp",
    )  # fmt: skip
    for path in paths:
        for method in ("POST", "PUT", "DELETE"):
            status, _, _ = ask(nginx.port, path, method=method, body=b"event: chat\ndata: {}\n\n")
            assert status in (403, 404, 405), (method, path)
        if "events" not in path:
            assert ask(nginx.port, path)[0] == 404
    say(room, 0)

    wait_for(lambda: numbers(phone) == [0])
    assert phone.told("chat") == ['{"n":0}']


def test_readers_are_counted_by_nginx(nginx, room, arun):
    def shown() -> int:
        return presence.count(channel=channel(room))

    phones = [Phone(nginx.port, room.pk, query="?after=") for _ in range(20)]
    phones += [Phone(nginx.port, room.pk, Cookie=cookie(signed_in(arun)))]
    wait_for(lambda: shown() == 21)

    for phone in phones[:10]:
        phone.leave()

    wait_for(lambda: shown() == 11)
    wait_for(lambda: '{"count": 11}' in phones[-1].told("viewers"))


def test_one_address_has_only_so_many_streams(nginx, room):
    phones = [Phone(nginx.port, room.pk, query="?after=") for _ in range(60)]

    assert {phone.status for phone in phones} == {200}
    # A stream that the relay cut before may be counted off twice: a few more, never any number.
    assert 429 in [Phone(nginx.port, room.pk, query="?after=").status for _ in range(6)]
    for phone in phones[:10]:
        phone.leave()
    wait_for(lambda: Phone(nginx.port, room.pk, query="?after=").status == 200)


def test_the_relay_goes_on_where_it_died(nginx, room):
    phone = Phone(nginx.port, room.pk, query="?after=")
    say(room, 0)
    wait_for(lambda: numbers(phone) == [0])

    nginx.kill("relay")
    say(room, 1)
    say(room, 2)
    nginx.start_relay()
    wait_for(lambda: 2 in numbers(phone), 40)

    assert numbers(phone) == [0, 1, 2]


def test_streams_outlive_the_live_process(nginx, room):
    phone = Phone(nginx.port, room.pk, query="?after=")
    say(room, 0)
    wait_for(lambda: numbers(phone) == [0])

    nginx.kill("live")
    say(room, 1)
    wait_for(lambda: numbers(phone) == [0, 1])
    nginx.start_live()

    assert not phone.is_over.is_set()


def test_after_an_nginx_that_lost_its_memory_phones_fetch_the_room_and_go_on_from_there(nginx, room):
    phone = Phone(nginx.port, room.pk, query="?after=")
    first = say(room, 0)
    say(room, 1)
    wait_for(lambda: numbers(phone) == [0, 1])

    nginx.kill("nginx")
    assert phone.is_over.wait(5)
    nginx.start_nginx()
    behind = Phone(nginx.port, room.pk, Last_Event_ID=first)
    wait_for(lambda: behind.told("reset"))
    back = Phone(nginx.port, room.pk, Last_Event_ID=behind.events[0][1])
    say(room, 2)

    wait_for(lambda: numbers(back) == [2])
    assert (back.status, back.told("reset")) == (200, [])


def test_pages_static_files_and_media_are_behind_the_same_address(nginx):
    media = nginx.folder / "media"
    folder = media / "public" / "photos"
    folder.mkdir(parents=True)
    (folder / "a.webp").write_bytes(b"RIFF")
    (folder / ".hidden.webp").write_bytes(b"RIFF")
    (media / "private").mkdir()
    (media / "private" / "b.webp").write_bytes(b"RIFF")
    (folder / "link.webp").symlink_to(media / "private" / "b.webp")

    assert ask(nginx.port, "/healthz")[0] == 200
    status, head, body = ask(nginx.port, "/media/photos/a.webp")
    assert (status, body) == (200, b"RIFF")
    assert "cache-control: public, max-age=31536000, immutable" in head
    assert "content-type: image/webp" in head
    assert "x-content-type-options: nosniff" in head
    for path in (
        "photos/.hidden.webp",
        "private/b.webp",
        "photos/%2e%2e/x.webp",
    ):
        assert ask(nginx.port, f"/media/{path}")[0] in (400, 404), path
    assert ask(nginx.port, "/static/css/tokens.css")[0] == 200
    assert b"execute_from_command_line" not in ask(nginx.port, "/static/../manage.py")[2]


def test_the_shipped_configuration_is_sound(nginx):
    checked = subprocess.run(nginx.nginx("-t", "-q"), capture_output=True, text=True)

    assert checked.returncode == 0
    assert [line for line in checked.stderr.splitlines() if "[info]" not in line] == []


def test_a_value_that_would_change_the_configuration_is_refused(settings):
    settings.STATIC_ROOT = "/srv/static; }"
    with pytest.raises(CommandError):
        call_command("nginx_config", "--certificate", "/c", "--key", "/k")
