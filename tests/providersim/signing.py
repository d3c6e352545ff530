"""How both providers sign: RSA with SHA-256, over different texts."""

import base64
import json
import secrets
import time
from urllib.parse import urlencode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from tests.providersim.keys import API_V3_KEY, PUBLIC_KEY_ID


def rsa_sign(key: RSAPrivateKey, text: str) -> str:
    return base64.b64encode(key.sign(text.encode(), PKCS1v15(), SHA256())).decode()


def rsa_open(key: RSAPrivateKey, sealed: str) -> str:
    """What a merchant has encrypted with our public key (OAEP, as WeChat Pay wants it)."""
    padding = OAEP(MGF1(SHA1()), SHA1(), None)
    return key.decrypt(base64.b64decode(sealed, validate=True), padding).decode()


def is_signed(key: RSAPublicKey, text: str, signature: str) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), text.encode(), PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def wechat_headers(
    key: RSAPrivateKey, body: str, *, timestamp: int | None = None, serial: str = PUBLIC_KEY_ID
) -> dict[str, str]:
    """The headers that vouch for an answer or a callback of WeChat Pay."""
    stamp, nonce = str(int(time.time()) if timestamp is None else timestamp), secrets.token_hex(16)
    return {
        "Wechatpay-Timestamp": stamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": serial,
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        "Wechatpay-Signature": rsa_sign(key, f"{stamp}\n{nonce}\n{body}\n"),
    }


def wechat_event(event_type: str, content: dict, *, event_id: str, key: str = API_V3_KEY) -> str:
    """The body of a callback: the content is sealed with the merchant's API v3 key."""
    nonce, kind = secrets.token_hex(6), event_type.partition(".")[0].lower()
    sealed = AESGCM(key.encode()).encrypt(nonce.encode(), json.dumps(content).encode(), kind.encode())
    return json.dumps(
        {
            "id": event_id, "create_time": "2026-11-26T10:00:00+08:00", "event_type": event_type,
            "resource_type": "encrypt-resource", "summary": event_type,
            "resource": {
                "algorithm": "AEAD_AES_256_GCM", "nonce": nonce, "associated_data": kind,
                "ciphertext": base64.b64encode(sealed).decode(), "original_type": kind,
            },
        }
    )  # fmt: skip


def alipay_text(fields: dict[str, str]) -> str:
    """What Alipay signs of a message: its fields in order, without the signature's own two."""
    kept = sorted((name, value) for name, value in fields.items() if name not in ("sign", "sign_type"))
    return "&".join(f"{name}={value}" for name, value in kept)


def alipay_form(key: RSAPrivateKey, fields: dict[str, str]) -> str:
    """The body of a callback of Alipay."""
    return urlencode(fields | {"sign": rsa_sign(key, alipay_text(fields)), "sign_type": "RSA2"})
