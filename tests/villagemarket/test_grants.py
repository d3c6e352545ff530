"""Who may listen to which channel (decisions.md 2, 3)."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client

from accounts.services.signing_in import issue_token, revoke_token
from common.clock import utc_now
from livestreams.models import ModerationAction
from tests.factories.livestreams import make_session
from villagemarket.grants import _authorise

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


def test_a_persons_own_channel_is_theirs_only(arun, zoya):
    channel = f"user:{arun.pk}"

    assert _authorise(scope(cookie_of(arun)), channel)
    assert not _authorise(scope(cookie_of(zoya)), channel)
    assert not _authorise(scope(), channel)


def test_c9_a_foreign_page_does_not_listen_with_the_persons_cookie(arun):
    channel, cookie = f"user:{arun.pk}", cookie_of(arun)

    assert _authorise(scope(cookie, (b"origin", b"https://market.example")), channel)
    for foreign in (
        (b"origin", b"https://evil.example"),
        (b"origin", b"null"),
        (b"sec-fetch-site", b"cross-site"),
    ):
        assert not _authorise(scope(cookie, foreign), channel)


def test_c7_forged_expired_and_revoked_tokens_open_nothing(arun):
    channel = f"user:{arun.pk}"
    now = utc_now()
    good = issue_token(user=arun, now=now)
    old = issue_token(user=arun, now=now - timedelta(days=31))
    ended = issue_token(user=arun, now=now)
    revoke_token(token=ended, now=now)

    assert _authorise(scope(bearer(good)), channel)
    for bad in (old, ended, good[:-1], "", "\x00", "x" * 5000):
        assert not _authorise(scope(bearer(bad)), channel)


def test_a_hostile_cookie_is_nobody(arun):
    for value in ('"\\000aaaaaaaaaa"', "x" * 5000, '"\\377\\377\\377\\377\\377\\377\\377\\377"'):
        cookie = (b"cookie", f"{settings.SESSION_COOKIE_NAME}={value}".encode())

        assert not _authorise(scope(cookie), f"user:{arun.pk}")


def test_the_room_is_public_until_a_ban_and_a_draft_is_not_there(market, arun, zhuoma):
    live = make_session(host=market.host, shop=market.shop)
    draft = make_session(host=market.host, shop=market.shop, status="draft")

    assert _authorise(scope(), f"session:{live.pk}")
    assert _authorise(scope(cookie_of(arun)), f"session:{live.pk}")
    assert not _authorise(scope(cookie_of(zhuoma)), f"session:{draft.pk}")
    ModerationAction.objects.create(
        session=live, kind="ban", moderator=zhuoma, person=arun, created_at=utc_now()
    )
    assert not _authorise(scope(cookie_of(arun)), f"session:{live.pk}")


@pytest.mark.parametrize(
    "channel", ["", "session:", "session:x", "session:²", "admin:1", "user:-1", f"session:{10**30}"]
)
def test_unknown_channels_are_nobodys(arun, channel):
    assert not _authorise(scope(cookie_of(arun)), channel)
