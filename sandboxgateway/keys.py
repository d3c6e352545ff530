"""Keys: the provider's own, and a pair for the merchant, who gets the provider's public key with it."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)


def make_keys(*, data: Path, merchant_keys: Path) -> None:
    """Make what is missing: our pair in `data`, the merchant's pair and our public key in `merchant_keys`."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    merchant_keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    ours = _private(data / "gateway_private.pem")
    theirs = _private(merchant_keys / "merchant_private.pem")
    _write(merchant_keys / "gateway_public.pem", _public_pem(ours))
    _write(data / "merchant_public.pem", _public_pem(theirs))


def load_keys(data: Path) -> tuple[Ed25519PrivateKey, Ed25519PublicKey]:
    """Return our private key and the merchant's public one."""
    ours = load_pem_private_key((data / "gateway_private.pem").read_bytes(), password=None)
    theirs = load_pem_public_key((data / "merchant_public.pem").read_bytes())
    return ours, theirs


def _private(path: Path) -> Ed25519PrivateKey:
    if not path.exists():
        made = Ed25519PrivateKey.generate()
        _write(path, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return load_pem_private_key(path.read_bytes(), password=None)


def _public_pem(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _write(path: Path, content: bytes) -> None:
    # Whole or not at all: a reader never sees half a key.
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    fresh.replace(path)
