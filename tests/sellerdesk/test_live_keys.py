"""The desk's page for OBS and streaming apps."""

import pytest
from django.test import Client

from common.clock import utc_now
from livestreams.models import MediaKey, Take
from livestreams.services import keys, rtmp_receiving
from livestreams.statuses import SessionStatus
from tests.factories.livestreams import make_session

pytestmark = pytest.mark.django_db


@pytest.fixture
def host(zhuoma) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(zhuoma, backend="accounts.backends.IdentifierBackend")
    return client


@pytest.fixture
def show(market, valkey, settings):
    settings.RTMP_URL = "rtmp://market.example/live"
    return make_session(host=market.host, shop=market.shop, status=SessionStatus.DRAFT, at=utc_now())


def test_key_stands_on_one_page_only(host, show):
    empty = host.get(f"/desk/live/{show.pk}/obs/").content.decode()
    made = host.post(f"/desk/live/{show.pk}/obs/key/")
    again = host.get(f"/desk/live/{show.pk}/obs/").content.decode()

    assert "rtmp://market.example/live" in empty
    secret = made.content.decode().split('id="obs-key" value="')[1].split('"')[0]
    assert keys.find_key(secret).session_id == show.pk
    assert "no-store" in made["Cache-Control"]
    assert made["Referrer-Policy"] == "same-origin"
    assert secret not in again
    assert f"…{secret[-4:]}" in again
    host.post(f"/desk/live/{show.pk}/obs/revoke/")
    assert MediaKey.objects.get().revoked_at is not None


def test_going_live_without_a_camera(host, show):
    answer = host.post(f"/desk/live/{show.pk}/obs/start/")

    assert answer["Location"] == f"/desk/live/{show.pk}/console/?picture=elsewhere"
    show.refresh_from_db()
    assert (show.status, Take.objects.count()) == (SessionStatus.LIVE, 0)


def test_console_leaves_the_picture_to_obs(host, zhuoma, market, valkey):
    on_air = make_session(host=market.host, shop=market.shop, at=utc_now())
    before = host.get(f"/desk/live/{on_air.pk}/console/").context["console"]["is_elsewhere"]
    secret = keys.issue_key(actor=zhuoma, session_id=on_air.pk, now=utc_now())[1]

    rtmp_receiving.open_take(secret=secret, connection="1", address="203.0.113.9", now=utc_now())

    during = host.get(f"/desk/live/{on_air.pk}/console/").context["console"]["is_elsewhere"]
    here = host.get(f"/desk/live/{on_air.pk}/console/?picture=here").context["console"]["is_elsewhere"]
    assert (before, during, here) == (False, True, False)


def test_market_without_rtmp_says_so(host, show, settings):
    settings.RTMP_URL = ""

    page = host.get(f"/desk/live/{show.pk}/obs/").content.decode()

    assert "obs-server" not in page
    assert f"/desk/live/{show.pk}/obs/start/" not in page
