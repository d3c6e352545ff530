"""What the site itself answers, and who it believes is calling."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from villagemarket.grants import _is_own_page
from villagemarket.middleware import ClientAddressMiddleware


@pytest.mark.parametrize(
    ("behind_proxy", "forwarded", "expected"),
    [
        (True, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (True, "", "127.0.0.1"),
        (False, "6.6.6.6", "127.0.0.1"),
    ],
)
def test_address_is_believed_only_from_the_proxy(settings, behind_proxy, forwarded, expected):
    settings.IS_BEHIND_PROXY = behind_proxy
    request = RequestFactory().get("/", headers={"X-Forwarded-For": forwarded} if forwarded else {})

    ClientAddressMiddleware(lambda request: HttpResponse())(request)

    assert request.META["REMOTE_ADDR"] == expected
    assert "HTTP_X_FORWARDED_FOR" not in request.META


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "loosened"), [("/sign-in/", False), ("/admin/login/", True), ("/api/v1/healthz", False)]
)
def test_policy_is_strict_outside_the_admin(client, path, loosened):
    policy = client.get(path)["Content-Security-Policy"]

    assert ("'unsafe-eval'" in policy) is loosened
    assert ("'unsafe-inline'" in policy) is loosened
    assert "object-src 'none'" in policy


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({b"host": "m.example", b"origin": "https://m.example"}, True),
        ({b"host": "m.example"}, True),
        ({b"host": "m.example", b"origin": "https://evil.example"}, False),
        ({b"host": "m.example", b"origin": "null"}, False),
        ({b"host": "m.example", b"sec-fetch-site": "cross-site"}, False),
    ],
)
def test_cookie_counts_only_for_requests_of_our_own_pages(headers, own):
    assert _is_own_page(headers) is own
