"""Short-lived signed tokens for raw doors and for sources (decisions.md 2, 12). No secret in a URL."""

from functools import cache
from typing import Any

from django.conf import settings
from django.core import signing

from common.errors import MarketError


class BadToken(MarketError):
    """The token is forged, expired, or made for another purpose."""

    code = "bad_token"
    status = 401


@cache
def _signer(purpose: str, key: str, *older_keys: str) -> signing.TimestampSigner:
    # Kept: to make one for every token costs as much as to check the token.
    return signing.TimestampSigner(key=key, salt=f"villagemarket.{purpose}", fallback_keys=older_keys)


def sign_token(*, purpose: str, payload: dict[str, Any]) -> str:
    """Return a URL-safe token that binds the payload to one purpose."""
    return _signer(purpose, settings.SECRET_KEY).sign_object(payload, compress=True)


def read_token(token: str, *, purpose: str, max_age_seconds: int | None) -> dict[str, Any]:
    """Return the payload; BadToken when forged, too old (None: never), or signed for another purpose."""
    try:
        signer = _signer(purpose, settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
        return signer.unsign_object(token, max_age=max_age_seconds)
    except signing.BadSignature as error:
        raise BadToken() from error
