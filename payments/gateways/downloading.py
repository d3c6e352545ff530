"""Fetching a file that a provider has named an address for: its own host only, no redirects, bounded."""

import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from payments.errors import GatewayUnavailable

TIMEOUT_SECONDS = 30


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: Any, **named: Any) -> None:
        """Follow nowhere: the signed answer named this address."""


_opener = urllib.request.build_opener(_NoRedirect)


def download(url: str, *, gateway_url: str, headers: dict[str, str] | None = None, limit: int) -> bytes:
    """Return a file of at most `limit` bytes; GatewayUnavailable for another host's, or none."""
    asked, ours = urlsplit(url), urlsplit(gateway_url)
    family = ".".join((ours.hostname or "").split(".")[-2:])
    is_theirs = asked.netloc == ours.netloc or (
        not family.replace(".", "").isdigit() and (asked.hostname or "").endswith(f".{family}")
    )
    if asked.scheme not in ("https", ours.scheme) or not is_theirs:
        raise GatewayUnavailable("a file somewhere else")
    request = urllib.request.Request(url, headers=headers or {})  # noqa: S310 (checked above)
    try:
        with _opener.open(request, timeout=TIMEOUT_SECONDS) as response:
            content = response.read(limit + 1)
    except (OSError, HTTPException, ValueError) as error:
        raise GatewayUnavailable(f"no file: {type(error).__name__}") from None
    if len(content) > limit:
        raise GatewayUnavailable("a file that is too large")
    return content
