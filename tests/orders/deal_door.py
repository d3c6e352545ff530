"""Knock at the fast door of a deal as a phone does, without a network in between."""

import asyncio
import json
import uuid
from dataclasses import dataclass

from common.clock import utc_now
from orders import asgi
from orders.services.granting import grant_deal
from tests.factories.accounts import make_sign_in


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: dict
    headers: dict[str, str]


def token_of(buyer, deal, language: str = "zh-hans") -> str:
    """Return a fresh grant's token."""
    return grant_deal(
        buyer=buyer, deal_id=deal.pk, sign_in=make_sign_in(buyer), language=language, now=utc_now()
    ).order_token


def body_of(deal, address_id: int, quantity=1, **more) -> dict:
    """Return the body as the room's page sends it."""
    line = {"variant": deal.rundown_item.variant_id, "quantity": quantity, "deal": deal.pk}
    return {"lines": [line], "address": address_id} | more


def scope_of(deal_id: int, headers: dict[str, str]) -> dict:
    """Return the scope of one POST."""
    path = f"/api/v1/deals/{deal_id}/orders/"
    return {
        "type": "http", "method": "POST", "path": path, "query_string": b"",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        "market": {"params": {"deal_id": str(deal_id)}},
    }  # fmt: skip


async def knock(deal_id: int, body, *, token: str | None, key: str | None, **headers: str) -> Answer | None:
    """Send one body; None when the door does not answer."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent_headers = {"content-type": "application/json"}
    if token is not None:
        sent_headers["authorization"] = f"Bearer {token}"
    if key is not None:
        sent_headers["idempotency-key"] = key
    sent_headers |= {name.replace("_", "-"): value for name, value in headers.items()}
    pieces = [
        {"type": "http.request", "body": raw[:9], "more_body": True},
        {"type": "http.request", "body": raw[9:], "more_body": False},
    ]
    sent = []

    async def receive():
        return pieces.pop(0) if pieces else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    await asgi.order_deal(scope_of(deal_id, sent_headers), receive, send)
    if not sent:
        return None
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], json.loads(sent[1]["body"]), told)


def post(deal, body, *, buyer=None, token: str | None = "", key: str | None = "", **headers) -> Answer:
    """Send one body as `buyer` (or with `token`) and return the answer."""
    token = token_of(buyer, deal) if buyer is not None else token
    key = str(uuid.uuid4()) if key == "" else key
    return asyncio.run(knock(deal.pk, body, token=token, key=key, **headers))
