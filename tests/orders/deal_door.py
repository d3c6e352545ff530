"""Knock at a fast door of orders as a phone does, without a network in between."""

import asyncio
import json
import uuid
from dataclasses import dataclass

from common.clock import utc_now
from orders import asgi
from orders.services.granting import GOODS_URL, grant_deal, grant_goods
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


def scope_of(deal_id: int | None, headers: dict[str, str]) -> dict:
    """Return the scope of one POST."""
    path = f"/api/v1/deals/{deal_id}/orders/" if deal_id else GOODS_URL
    return {
        "type": "http", "method": "POST", "path": path, "query_string": b"",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        "market": {"params": {"deal_id": str(deal_id)}},
    }  # fmt: skip


async def knock(
    deal_id: int | None, body, *, token: str | None, key: str | None, **headers: str
) -> Answer | None:
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

    door = asgi.order_deal if deal_id else asgi.order_goods
    await door(scope_of(deal_id, sent_headers), receive, send)
    if not sent:
        return None
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], json.loads(sent[1]["body"]), told)


def post(deal, body, *, buyer=None, token: str | None = "", key: str | None = "", **headers) -> Answer:
    """Send one body as `buyer` (or with `token`) and return the answer."""
    token = token_of(buyer, deal) if buyer is not None else token
    key = str(uuid.uuid4()) if key == "" else key
    return asyncio.run(knock(deal.pk, body, token=token, key=key, **headers))


def goods_token(buyer, language: str = "zh-hans") -> str:
    """Return a fresh grant's token for ordinary goods."""
    return grant_goods(buyer=buyer, sign_in=make_sign_in(buyer), language=language, now=utc_now()).order_token


def goods_body(wanted, address_id: int, **more) -> dict:
    """Return a body of variants and quantities."""
    lines = [{"variant": variant.pk, "quantity": quantity} for variant, quantity in wanted]
    return {"lines": lines, "address": address_id} | more


def post_goods(body, *, buyer=None, token: str | None = "", key: str | None = "", **headers) -> Answer:
    """Send one body to the door of ordinary goods as `buyer` (or with `token`) and return the answer."""
    token = goods_token(buyer) if buyer is not None else token
    key = str(uuid.uuid4()) if key == "" else key
    return asyncio.run(knock(None, body, token=token, key=key, **headers))
