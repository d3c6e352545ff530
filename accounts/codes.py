"""Six-digit codes that follow from a salt and the site's secret: nothing to steal from the database."""

import hashlib
import hmac
import secrets

from django.conf import settings

DIGITS = 6


def new_salt() -> str:
    """Return 128 random bits."""
    return secrets.token_hex(16)


def code_for(*, phone: str, salt: str) -> str:
    """Return the code of this phone and salt, as sent by SMS."""
    number = int.from_bytes(_keyed("sign-in-code", f"{phone}|{salt}")[:8], "big")
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def hash_code(*, phone: str, salt: str, code: str) -> str:
    """Return what is stored instead of the code."""
    return _keyed("sign-in-code-hash", f"{phone}|{salt}|{code}").hex()


def address_digest(address: str) -> str:
    """Return a keyed hash of a network address, enough to count by."""
    return _keyed("network-address", address).hex() if address else ""


def _keyed(purpose: str, text: str) -> bytes:
    return hmac.new(settings.SECRET_KEY.encode(), f"{purpose}|{text}".encode(), hashlib.sha256).digest()
