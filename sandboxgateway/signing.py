"""Ed25519 over time, nonce and body; five minutes of clock difference are allowed."""

import base64
import secrets
import time
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

MAX_SKEW_SECONDS = 300


def sign(key: Ed25519PrivateKey, body: bytes, nonce: str = "") -> dict[str, str]:
    """Return the headers that vouch for an answer or a callback."""
    timestamp = str(int(time.time()))
    nonce = nonce or secrets.token_hex(12)
    signature = key.sign(f"{timestamp}\n{nonce}\n".encode() + body)
    return {
        "X-Sandbox-Timestamp": timestamp,
        "X-Sandbox-Nonce": nonce,
        "X-Sandbox-Signature": base64.b64encode(signature).decode(),
    }


def is_signed(key: Ed25519PublicKey, *, path: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a merchant's request is signed by its key, for this path, now."""
    timestamp = headers.get("X-Sandbox-Timestamp") or ""
    nonce = headers.get("X-Sandbox-Nonce") or ""
    if not (timestamp.isascii() and timestamp.isdigit()) or len(timestamp) > 12 or not nonce:
        return False
    if abs(int(timestamp) - time.time()) > MAX_SKEW_SECONDS:
        return False
    try:
        signature = base64.b64decode(headers.get("X-Sandbox-Signature") or "", validate=True)
        key.verify(signature, f"POST\n{path}\n{timestamp}\n{nonce}\n".encode() + body)
    except (ValueError, InvalidSignature):
        return False
    return True
