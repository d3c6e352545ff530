"""Account numbers at rest: sealed with AES-256-GCM under the newest of settings.PAYOUT_ACCOUNT_KEYS.

A sealed text is `s1.KEY.BODY`: KEY are eight letters of the hash of the key that opens it, so that keys can
be changed one after the other; BODY is the nonce and what is sealed, in URL-safe Base64. Empty stays empty.
"""

import base64
import binascii
import hashlib
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from payouts.errors import AccountUnreadable

VERSION = "s1"
NONCE_BYTES = 12
KEY_BYTES = 32
# Sealed for this purpose only: what was sealed elsewhere with the same key does not open here.
PURPOSE = b"payouts.account.detail"


def read_keys(listed: list[str]) -> dict[str, bytes]:
    """Return the keys by their names, the newest first; ValueError for what is not 32 bytes in Base64."""
    keys = {}
    for text in listed:
        try:
            key = base64.b64decode(text, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise ValueError("a key is not Base64") from error
        if len(key) != KEY_BYTES:
            raise ValueError("a key does not have 32 bytes")
        keys[hashlib.sha256(b"name:" + key).hexdigest()[:8]] = key
    return keys


def newest_prefix() -> str:
    """Return how everything begins that is sealed with the newest key."""
    return f"{VERSION}.{next(iter(read_keys(settings.PAYOUT_ACCOUNT_KEYS)))}."


def seal(text: str) -> str:
    """Return a text as it may be kept; the same text is sealed differently each time."""
    if not text:
        return ""
    name, key = next(iter(read_keys(settings.PAYOUT_ACCOUNT_KEYS).items()))
    nonce = secrets.token_bytes(NONCE_BYTES)
    body = base64.urlsafe_b64encode(nonce + AESGCM(key).encrypt(nonce, text.encode(), PURPOSE)).decode()
    return f"{VERSION}.{name}.{body}"


def unseal(sealed: str) -> str:
    """Return what was sealed; AccountUnreadable without its key, or when it was altered."""
    if not sealed:
        return ""
    version, _, rest = sealed.partition(".")
    name, _, body = rest.partition(".")
    key = read_keys(settings.PAYOUT_ACCOUNT_KEYS).get(name)
    if version != VERSION or key is None:
        raise AccountUnreadable()
    try:
        raw = base64.b64decode(body, altchars=b"-_", validate=True)
        return AESGCM(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], PURPOSE).decode()
    except (InvalidTag, ValueError) as error:
        raise AccountUnreadable() from error
