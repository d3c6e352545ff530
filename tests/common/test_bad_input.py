"""Hostile input at the doors of the API: the error shape, never a stack trace, nothing written (api.md)."""

import base64
from urllib.parse import quote

import pytest
from django.conf import settings
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import Address, ApiToken
from accounts.services.signing_in import issue_token
from common.clock import utc_now
from tests.factories.livestreams import make_session

pytestmark = pytest.mark.django_db

LISTS = (
    "/api/v1/orders/",
    "/api/v1/products/",
    "/api/v1/products/?ordering=price_fen",
    "/api/v1/live-sessions/",
    "/api/v1/shops/",
    "/api/v1/farmers/",
    "/api/v1/lots/",
    "/api/v1/villages/",
    "/api/v1/notifications/",
    "/api/v1/me/addresses/",
    "/api/v1/payout-statements/",
)


def client_of(user) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.force_login(user)
    return client


@pytest.mark.parametrize("path", LISTS)
def test_a_cursor_that_nobody_gave_out_is_404(market, mei, path):
    client = client_of(mei)

    for position in ("p=abc", "p=%00", "p=1e400", "p=NaN", "p=2020-99-99"):
        cursor = quote(base64.b64encode(position.encode()).decode())
        answer = client.get(f"{path}{'&' if '?' in path else '?'}cursor={cursor}")

        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("body", ["[" * 100_000, '{"a":' * 100_000])
def test_json_nested_without_end_is_400(db, body):
    client = APIClient(raise_request_exception=False)

    answer = client.post("/api/v1/auth/token/", body, content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        '{"language": "\\ud800"}',
        '{"display_name": "\\udfff"}',
        '{"language": NaN}',
        "\ufeff{}",
        "9" * 5000,
        "{",
    ],
)
def test_json_that_cannot_be_told_back_is_400(arun, body):
    before = (arun.language, arun.display_name)

    answer = client_of(arun).generic("PATCH", "/api/v1/me/", body, content_type="application/json")

    arun.refresh_from_db()
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert (arun.language, arun.display_name) == before


def test_json_above_a_megabyte_is_413(arun):
    body = '{"display_name": "' + "x" * (1024 * 1024) + '"}'

    bearer = APIClient(raise_request_exception=False)
    bearer.credentials(HTTP_AUTHORIZATION=f"Bearer {issue_token(user=arun, now=utc_now())}")

    for client in (client_of(arun), bearer):
        answer = client.generic("PATCH", "/api/v1/me/", body, content_type="application/json")

        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("charset", ["idna", "zlib", "hex", "utf-16", "undefined"])
def test_the_charset_a_client_claims_does_not_choose_a_codec(market, arun, charset):
    client = client_of(arun)
    part = '--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nabc\r\n--x--\r\n'

    form = client.generic(
        "POST", "/api/v1/photos/", part, content_type=f"multipart/form-data; boundary=x; charset={charset}"
    )
    json = client.generic(
        "POST", "/api/v1/me/addresses/", "{}", content_type=f"application/json; charset={charset}"
    )

    assert (form.status_code, form.json()["code"]) == (400, "invalid")
    assert (json.status_code, json.json()["code"]) == (400, "invalid")
    assert Address.objects.count() == 1


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("category=" + "9" * 5000, 200),
        ("category=²", 200),
        ("village=" + "9" * 40, 400),
        ("min_fen=NaN", 400),
        ("search=%00", 400),
        ("ordering=password", 400),
    ],
)
def test_filters_of_the_shelves_take_nothing_else(market, query, status):
    answer = APIClient(raise_request_exception=False).get(f"/api/v1/products/?{query}")

    assert answer.status_code == status
    assert answer.json().get("results", []) == []


@pytest.mark.parametrize("before", ["²", "٣", "9" * 5000, "-1", "1.5", "%00"])
def test_a_page_of_the_chat_that_is_no_number_is_the_newest(market, zhuoma, before):
    session = make_session(host=market.host, shop=market.shop, status="scheduled")

    answer = client_of(zhuoma).get(f"/api/v1/live-sessions/{session.pk}/messages/?before={before}")

    assert (answer.status_code, answer.json()["results"]) == (200, [])


@pytest.mark.parametrize("path", ["/", "/sign-in/", "/api/v1/categories/"])
@pytest.mark.parametrize(
    "key", ['"\\000aaaaaaaaaa"', '"\\377\\377\\377\\377\\377\\377\\377\\377"', "x" * 5000]
)
def test_a_session_cookie_that_is_none_is_a_guest(db, path, key):
    client = Client(raise_request_exception=False)

    answer = client.get(path, headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={key}"})

    assert answer.status_code == 200
