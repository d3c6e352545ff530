"""Who may listen to which channel (decisions.md 2, 3)."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from accounts.services.signing_in import issue_token, revoke_token
from common.clock import utc_now
from livestreams.models import ModerationAction
from realtime.grants import Grant
from tests.factories.livestreams import make_session
from villagemarket.grants import _authorise, _recheck

pytestmark = pytest.mark.django_db

HOST = (b"host", b"market.example")


def scope(*headers: tuple[bytes, bytes]) -> dict:
    return {"type": "http", "headers": [HOST, *headers]}


def cookie_of(user) -> tuple[bytes, bytes]:
    client = Client()
    client.force_login(user)
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    return (b"cookie", f"{settings.SESSION_COOKIE_NAME}={key}".encode())


def bearer(token: str) -> tuple[bytes, bytes]:
    return (b"authorization", f"Bearer {token}".encode())


@pytest.fixture(autouse=True)
def _keep_connection(monkeypatch):
    """The door closes stale connections; a test's own transaction lives on this one."""
    monkeypatch.setattr("villagemarket.grants.close_old_connections", lambda: None)


@pytest.fixture
def live(market):
    return make_session(host=market.host, shop=market.shop)


def room_of(session) -> str:
    return f"session:{session.pk}"


def own(grant: Grant | None) -> str | None:
    """The person's own channel; a refusal is no answer to this question."""
    assert grant is not None
    return grant.own


def test_a_persons_own_channel_is_theirs_only(live, arun, zoya):
    room = room_of(live)

    assert own(_authorise(scope(cookie_of(arun)), room)) == f"user:{arun.pk}"
    assert own(_authorise(scope(cookie_of(zoya)), room)) == f"user:{zoya.pk}"
    assert own(_authorise(scope(), room)) is None


def test_c9_a_foreign_page_does_not_listen_with_the_persons_cookie(live, arun):
    room, cookie = room_of(live), cookie_of(arun)

    assert own(_authorise(scope(cookie, (b"origin", b"https://market.example")), room)) == f"user:{arun.pk}"
    for foreign in (
        (b"origin", b"https://evil.example"),
        (b"origin", b"null"),
        (b"sec-fetch-site", b"cross-site"),
    ):
        assert own(_authorise(scope(cookie, foreign), room)) is None


def test_c7_forged_expired_and_revoked_tokens_open_nothing(live, arun):
    room = room_of(live)
    now = utc_now()
    good = issue_token(user=arun, now=now)
    old = issue_token(user=arun, now=now - timedelta(days=31))
    ended = issue_token(user=arun, now=now)
    revoke_token(token=ended, now=now)

    assert own(_authorise(scope(bearer(good)), room)) == f"user:{arun.pk}"
    for bad in (old, ended, good[:-1], "", "\x00", "x" * 5000):
        assert own(_authorise(scope(bearer(bad)), room)) is None


def test_a_hostile_cookie_is_nobody(live, arun):
    for value in ('"\\000aaaaaaaaaa"', "x" * 5000, '"\\377\\377\\377\\377\\377\\377\\377\\377"'):
        cookie = (b"cookie", f"{settings.SESSION_COOKIE_NAME}={value}".encode())

        assert own(_authorise(scope(cookie), room_of(live))) is None


def test_the_room_is_public_until_a_ban_and_a_draft_is_not_there(market, live, arun, zhuoma):
    draft = make_session(host=market.host, shop=market.shop, status="draft")

    assert _authorise(scope(), room_of(live)) == Grant(room_of(live))
    assert _authorise(scope(cookie_of(zhuoma)), room_of(draft)) is None
    ban(live, zhuoma, arun)
    assert _authorise(scope(cookie_of(arun)), room_of(live)) is None
    ban(live, zhuoma, arun, kind="unban")
    assert own(_authorise(scope(cookie_of(arun)), room_of(live))) == f"user:{arun.pk}"


@pytest.mark.parametrize(
    "channel", ["", "session:", "session:x", "session:²", "admin:1", "user:1", f"session:{10**30}"]
)
def test_forged_channels_are_nobodys(live, arun, channel):
    assert _authorise(scope(cookie_of(arun)), channel) is None
    assert _recheck({Grant(channel)}) == {Grant(channel)}


def ban(session, moderator, person, *, kind: str = "ban") -> None:
    ModerationAction.objects.create(
        session=session, kind=kind, moderator=moderator, person=person, created_at=utc_now()
    )


def test_a_ban_takes_the_room_and_a_mute_does_not(market, live, arun, zoya, zhuoma):
    other = make_session(host=market.host, shop=market.shop)
    grants = {
        (person, session): _authorise(scope(cookie_of(person)), room_of(session))
        for person in (arun, zoya)
        for session in (live, other)
    }
    assert _recheck(grants.values()) == set()

    ban(live, zhuoma, zoya, kind="mute")
    ban(live, zhuoma, arun)

    assert _recheck(grants.values()) == {grants[arun, live]}


def test_signing_out_ends_what_that_sign_in_opened(live, arun):
    phone, tablet = Client(), Client()
    opened = {}
    for client in (phone, tablet):
        client.force_login(arun)
        key = client.cookies[settings.SESSION_COOKIE_NAME].value
        cookie = (b"cookie", f"{settings.SESSION_COOKIE_NAME}={key}".encode())
        opened[client] = _authorise(scope(cookie), room_of(live))
    token = issue_token(user=arun, now=utc_now())
    by_token = _authorise(scope(bearer(token)), room_of(live))
    everything = {*opened.values(), by_token}

    phone.logout()
    assert _recheck(everything) == {opened[phone]}
    revoke_token(token=token, now=utc_now())
    assert _recheck(everything) == {opened[phone], by_token}


def test_a_new_password_and_a_closed_account_end_every_stream(live, arun, zoya):
    mine, hers = (_authorise(scope(cookie_of(person)), room_of(live)) for person in (arun, zoya))

    arun.set_password("quite another one")
    arun.save(update_fields=["password"])
    assert _recheck({mine, hers}) == {mine}
    zoya.is_active = False
    zoya.save(update_fields=["is_active"])
    assert _recheck({mine, hers}) == {mine, hers}


def test_a_room_that_is_taken_back_ends_for_everybody(live, arun):
    grants = {_authorise(scope(), room_of(live)), _authorise(scope(cookie_of(arun)), room_of(live))}

    live.status = "cancelled"
    live.save(update_fields=["status"])

    assert _recheck(grants) == grants


def test_many_viewers_are_not_many_questions(live, arun, zoya, django_assert_max_num_queries):
    people = [User.objects.create_user(phone=f"1390009{number:04}") for number in range(40)]
    grants = {_authorise(scope(cookie_of(person)), room_of(live)) for person in people}
    grants |= {_authorise(scope(bearer(issue_token(user=arun, now=utc_now()))), room_of(live))}

    with django_assert_max_num_queries(5):
        assert _recheck(grants) == set()
