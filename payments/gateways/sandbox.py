"""The sandbox provider of the demo: our requests are signed, its answers checked with its pinned key."""

import base64
import http.client
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from django.conf import settings

from payments.errors import BadCallback, BadSignature, GatewayRefused, GatewayUnavailable
from payments.gateways.base import Created, Facts, Notice, RefundFacts, Wish

APP = "web"
TIMEOUT_SECONDS = 5
ANSWER_MAX_BYTES = 64 * 1024
STATES = {"pending": "pending", "paid": "paid", "failed": "failed", "closed": "closed"}


@dataclass(frozen=True)
class SandboxGateway:
    """See payments.gateways.base.Gateway for the promises."""

    url: str
    callback_url: str
    merchant: str
    merchant_key: Ed25519PrivateKey
    provider_key: Ed25519PublicKey
    max_skew_seconds: int
    app: str = APP
    name: str = "sandbox"

    @classmethod
    def from_settings(cls) -> "SandboxGateway":
        """Return the adapter with the keys of settings.SANDBOX_KEYS_DIR."""
        folder = Path(settings.SANDBOX_KEYS_DIR)
        try:
            merchant_key = load_pem_private_key((folder / "merchant_private.pem").read_bytes(), password=None)
            provider_key = load_pem_public_key((folder / "gateway_public.pem").read_bytes())
        except (OSError, ValueError) as error:
            raise GatewayUnavailable(f"no usable keys in {folder}") from error
        return cls(
            url=settings.SANDBOX_GATEWAY_URL.rstrip("/"),
            callback_url=f"{settings.SANDBOX_CALLBACK_BASE_URL}/api/v1/payments/callbacks/sandbox/",
            merchant=settings.SANDBOX_MERCHANT_ID,
            merchant_key=merchant_key,
            provider_key=provider_key,
            max_skew_seconds=settings.CALLBACK_MAX_SKEW_SECONDS,
        )

    def create(self, wish: Wish) -> Created:
        """Make a payment ready at the provider."""
        answer = self._call(
            "/v1/payments",
            {
                "reference": wish.reference,
                "amount_fen": wish.amount_fen,
                "currency": wish.currency,
                "subject": wish.subject,
                "expires_at": wish.expires_at.astimezone(UTC).isoformat(),
                "return_url": wish.return_url,
                "notify_url": self.callback_url,
            },
        )
        return Created(provider_reference=str(answer["provider_reference"]), pay_url=str(answer["pay_url"]))

    def query(self, reference: str) -> Facts:
        """Ask how a payment stands."""
        return self._facts_or_unknown(f"/v1/payments/{quote(reference)}/query", reference)

    def close(self, reference: str) -> Facts:
        """Make sure no money can come any more."""
        return self._facts_or_unknown(f"/v1/payments/{quote(reference)}/close", reference)

    def refund(
        self, *, reference: str, refund_reference: str, amount_fen: int, total_fen: int, reason: str
    ) -> RefundFacts:
        """Send money of a payment back."""
        answer = self._call(
            f"/v1/payments/{quote(reference)}/refunds",
            {"reference": refund_reference, "amount_fen": amount_fen, "reason": reason},
        )
        return RefundFacts(
            reference=answer["reference"],
            provider_reference=answer["provider_reference"],
            state="refunded" if answer["status"] == "refunded" else "in_transit",
            amount_fen=int(answer["amount_fen"]),
        )

    def parse_callback(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Verify a callback with the pinned key and read it."""
        self._verify(headers, body, now)
        try:
            content = json.loads(body)
            event_id = content["event_id"]
            if not isinstance(event_id, str) or not 0 < len(event_id) <= 64:
                raise BadCallback()
            return Notice(event_id=event_id, facts=_facts(content))
        except (ValueError, KeyError, TypeError) as error:
            raise BadCallback() from error

    def _facts_or_unknown(self, path: str, reference: str) -> Facts:
        try:
            return _facts(self._call(path, {}))
        except GatewayRefused as refusal:
            if refusal.detail != "not_found":
                raise
            return Facts(self.merchant, self.app, reference, "", "unknown", 0, "CNY")

    def _call(self, path: str, content: dict[str, Any]) -> dict[str, Any]:
        """Send one signed request; the answer counts only when the provider signed it for this nonce."""
        target = urlsplit(self.url)
        full_path = f"{target.path}{path}"
        body = json.dumps(content | {"merchant": self.merchant, "app": self.app}).encode()
        timestamp = str(int(datetime.now(UTC).timestamp()))
        nonce = secrets.token_hex(12)
        signed = f"POST\n{path}\n{timestamp}\n{nonce}\n".encode() + body
        secure = target.scheme == "https"
        connection_class = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = connection_class(target.hostname, target.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(
                "POST",
                full_path,
                body=body,
                headers={
                    "Content-Type": "application/json",
                    "X-Sandbox-Merchant": self.merchant,
                    "X-Sandbox-Timestamp": timestamp,
                    "X-Sandbox-Nonce": nonce,
                    "X-Sandbox-Signature": base64.b64encode(self.merchant_key.sign(signed)).decode(),
                },
            )
            response = connection.getresponse()
            answer = response.read(ANSWER_MAX_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise GatewayUnavailable(repr(error)) from error
        finally:
            connection.close()
        return self._read_answer(response, answer, nonce)

    def _read_answer(self, response: http.client.HTTPResponse, body: bytes, nonce: str) -> dict[str, Any]:
        try:
            if response.headers.get("X-Sandbox-Nonce") != nonce:
                raise GatewayUnavailable("answer to another request")
            self._verify(response.headers, body, datetime.now(UTC))
            content = json.loads(body)
        except (BadSignature, ValueError) as error:
            raise GatewayUnavailable(f"answer {response.status} cannot be trusted") from error
        if response.status >= 500:
            raise GatewayUnavailable(f"answer {response.status}")
        if response.status >= 400:
            raise GatewayRefused(str(content.get("code", "")))
        return content

    def _verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        timestamp = headers.get("X-Sandbox-Timestamp") or ""
        nonce = headers.get("X-Sandbox-Nonce") or ""
        if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12 or not nonce:
            raise BadSignature()
        if abs(int(timestamp) - now.timestamp()) > self.max_skew_seconds:
            raise BadSignature()
        try:
            signature = base64.b64decode(headers.get("X-Sandbox-Signature") or "", validate=True)
            self.provider_key.verify(signature, f"{timestamp}\n{nonce}\n".encode() + body)
        except (ValueError, InvalidSignature) as error:
            raise BadSignature() from error


def _facts(content: dict[str, Any]) -> Facts:
    amount_fen = content["amount_fen"]
    if type(amount_fen) is not int:
        raise TypeError(amount_fen)
    return Facts(
        merchant=str(content["merchant"]),
        app=str(content["app"]),
        reference=str(content["reference"]),
        provider_reference=str(content["provider_reference"])[:64],
        state=STATES[content["status"]],
        amount_fen=amount_fen,
        currency=str(content["currency"]),
    )
