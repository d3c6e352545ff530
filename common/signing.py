"""Short-lived signed tokens for raw doors and for sources (decisions.md 2, 12). No secret in a URL."""

from typing import Any

from django.core import signing

from common.errors import MarketError


class BadToken(MarketError):
    """The token is forged, expired, or made for another purpose."""

    code = "bad_token"
    status = 401


def sign_token(*, purpose: str, payload: dict[str, Any]) -> str:
    """Return a URL-safe token that binds the payload to one purpose."""
    return signing.dumps(payload, salt=f"villagemarket.{purpose}", compress=True)


def read_token(token: str, *, purpose: str, max_age_seconds: int | None) -> dict[str, Any]:
    """Return the payload; BadToken when forged, too old (None: never), or signed for another purpose."""
    try:
        return signing.loads(token, salt=f"villagemarket.{purpose}", max_age=max_age_seconds)
    except signing.BadSignature as error:
        raise BadToken() from error
