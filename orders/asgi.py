"""The fast doors of orders (decisions.md 1, 2; speed.md): `POST /api/v1/fast-orders/`, and that of a deal,
`POST /api/v1/deals/<deal>/orders/`.

Body and answers are those of `POST /api/v1/orders/`, in a deal with its one line. Whoever comes shows a
grant in `Authorization: Bearer`; cookies are not looked at. 503 `busy`: too many wait here, the ordinary
door takes the same body under the same key.
"""

import json
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import translation
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.response import Response

from common.clock import utc_now
from common.drf import handle_error
from common.errors import BodyTooLarge, Invalid, MarketError, TooMany
from common.idempotency import parse_key
from common.parsing import parse_json
from common.signing import BadToken
from common.throttling import parse_rate
from orders.serializers import SOURCE_MAX, PlaceOrderSerializer
from orders.services.batching import Basket, Wish
from orders.services.batching.outcomes import Outcome
from orders.services.batching.waiting import Alone, Batcher, batcher_of_baskets
from orders.services.granting import Buyer, read_grant
from orders.services.placing import MAX_LINES, check_lines
from orders.services.pricing import WantedLine

BODY_MAX_BYTES = 16 * 1024
BASKET_MAX_BYTES = 128 * 1024
NOTE_MAX = 200
LARGEST_ID = 2**63 - 1
MOST_GRANTS_KEPT = 20_000
HEADERS = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]
PLAIN = re.compile(r"application/json(\s*;.*)?", re.IGNORECASE)

batcher = Batcher()
baskets = batcher_of_baskets()
alone = Alone()
_grants: dict[tuple[str, int | None], Buyer] = {}


class ClientLeft(Exception):
    """The phone went away before it had said what it wants."""


class _Pace:
    """How often a person may order (rules.md 13), counted here: asking Valkey costs more than an order.

    With several processes a person may order as often in each, and anew after a restart; stock, limits and
    money do not depend on it.
    """

    def __init__(self):
        self._began = self._ends = self._limit = 0
        self._counts: dict[int, int] = {}

    def spend(self, user_id: int, second: float) -> None:
        if not self._began <= second < self._ends:
            self._begin(int(second))
        self._counts[user_id] = used = self._counts.get(user_id, 0) + 1
        if used > self._limit:
            raise TooMany(retry_after=self._ends - int(second))

    def _begin(self, second: int) -> None:
        self._limit, span = parse_rate(settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]["order"])
        self._began = second - second % span
        self._ends, self._counts = self._began + span, {}


_pace = _Pace()


async def order_deal(scope: dict, receive, send) -> None:
    """The ASGI door of a deal; `scope["market"]["params"]` holds deal_id as text."""
    deal_id = int(scope["market"]["params"]["deal_id"])

    def order(buyer: Buyer, key: UUID, content: Any) -> Awaitable[Outcome]:
        wish = Wish(buyer.user_id, buyer.mark, buyer.sign_in, key, deal_id, **_wanted(content, deal_id))
        return batcher.order(wish)

    await _serve(scope, receive, send, deal_id=deal_id, most_bytes=BODY_MAX_BYTES, order=order)


async def order_goods(scope: dict, receive, send) -> None:
    """The ASGI door of all goods; what a batch can not place goes the ordinary way from here."""

    def order(buyer: Buyer, key: UUID, content: Any) -> Awaitable[Outcome]:
        basket = Basket(buyer.user_id, buyer.mark, buyer.sign_in, key, **_basket(content))
        check_lines(basket.lines)
        return (baskets if basket.is_plain else alone).order(basket)

    await _serve(scope, receive, send, deal_id=None, most_bytes=BASKET_MAX_BYTES, order=order)


async def _serve(
    scope: dict,
    receive,
    send,
    *,
    deal_id: int | None,
    most_bytes: int,
    order: Callable[[Buyer, UUID, Any], Awaitable[Outcome]],
) -> None:
    headers = dict(scope["headers"])
    language = ""
    is_read = False
    try:
        second = time.time()
        buyer = _buyer(headers, deal_id, second)
        language = buyer.language
        _pace.spend(buyer.user_id, second)
        key = parse_key(headers.get(b"idempotency-key", b"").decode("latin-1"))
        kind = headers.get(b"content-type")
        if kind != b"application/json" and not PLAIN.fullmatch((kind or b"").decode("latin-1")):
            raise UnsupportedMediaType(headers.get(b"content-type", b"").decode("latin-1"))
        content = parse_json(await _body(headers, receive, most_bytes))
        is_read = True
        outcome = await order(buyer, key, content)
        if outcome.error is not None:
            raise outcome.error
    except ClientLeft:
        return
    except Exception as error:
        with translation.override(language or settings.LANGUAGE_CODE):
            answer = _refusal(error)
        await _send(send, answer.status_code, _text(answer.data), _headers_of(answer, is_read=is_read))
        return
    await _send(send, 200 if outcome.replayed else 201, outcome.text or _text(outcome.answer), [])


def _refusal(error: Exception) -> Response:
    # The answer of the ordinary door to the same mistake.
    answer = handle_error(error, {"view": _serve})
    if isinstance(error, MarketError) and error.status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _headers_of(answer: Response, *, is_read: bool) -> list[tuple[bytes, bytes]]:
    headers = [
        (name.lower().encode(), value.encode())
        for name, value in answer.headers.items()
        if name in ("Retry-After", "WWW-Authenticate")
    ]
    # What is left of an unread body would be taken for the next request.
    return headers if is_read else [*headers, (b"connection", b"close")]


def _buyer(headers: dict[bytes, bytes], deal_id: int | None, second: float) -> Buyer:
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise BadToken()
    name = (token.strip(), deal_id)
    buyer = _grants.get(name)
    if buyer is None:
        buyer = read_grant(name[0], deal_id=deal_id, now=utc_now())
        if len(_grants) >= MOST_GRANTS_KEPT:
            _grants.clear()
        _grants[name] = buyer
    if second >= buyer.until:
        raise BadToken()
    return buyer


def _wanted(content: Any, deal_id: int) -> dict[str, Any]:
    """The fields of the wish in a body; what the ordinary door refuses is refused here in the same words."""
    found = _plain(content)
    if found is None:
        serializer = PlaceOrderSerializer(data=content)
        serializer.is_valid(raise_exception=True)
        found = dict(serializer.validated_data)
        more = {name for name, value in found.items() if value} - {"lines", "address", "source", "note"}
        if more:
            raise Invalid(fields=dict.fromkeys(more, Invalid.message))
    lines = found["lines"]
    if len(lines) != 1 or lines[0]["deal"] != deal_id:
        raise Invalid(fields={"lines": Invalid.message})
    return {
        "variant_id": lines[0]["variant"],
        "quantity": lines[0]["quantity"],
        "address_id": found["address"],
        "source": found["source"],
        "note": found["note"],
    }


def _plain(content: Any) -> dict[str, Any] | None:
    """A body as our own pages send it, checked without the serializer; None for any other."""
    if type(content) is not dict or not content.keys() <= {"lines", "address", "source", "note"}:
        return None
    lines, source, note = content.get("lines"), content.get("source", ""), content.get("note", "")
    if type(lines) is not list or len(lines) != 1 or type(lines[0]) is not dict:
        return None
    line = lines[0]
    if line.keys() != {"variant", "quantity", "deal"}:
        return None
    is_plain = (
        all(_is_id(number) for number in (line["variant"], line["deal"], content.get("address")))
        and type(line["quantity"]) is int
        and 1 <= line["quantity"] <= settings.ORDER_LINE_MAX_QUANTITY
        and _is_text(source, SOURCE_MAX)
        and _is_text(note, NOTE_MAX)
    )
    return (
        {"lines": lines, "address": content["address"], "source": source, "note": note} if is_plain else None
    )


def _basket(content: Any) -> dict[str, Any]:
    """The fields of a basket in a body; what the ordinary door refuses is refused here in the same words."""
    found = _plain_basket(content)
    if found is None:
        serializer = PlaceOrderSerializer(data=content)
        serializer.is_valid(raise_exception=True)
        found = dict(serializer.validated_data)
    return {
        "lines": [
            WantedLine(line["variant"], line["quantity"], deal_id=line.get("deal")) for line in found["lines"]
        ],
        "address_id": found["address"],
        "source": found["source"],
        "note": found["note"],
        "notes": {said["shop"]: said["note"] for said in found["notes"]},
        "coupon_id": found["coupon"],
    }


def _plain_basket(content: Any) -> dict[str, Any] | None:
    """A body of variants and quantities, checked without the serializer; None for any other."""
    if type(content) is not dict or not content.keys() <= {"lines", "address", "note"}:
        return None
    lines, note = content.get("lines"), content.get("note", "")
    if type(lines) is not list or not 1 <= len(lines) <= MAX_LINES:
        return None
    most = settings.ORDER_LINE_MAX_QUANTITY
    for line in lines:
        if type(line) is not dict or line.keys() != {"variant", "quantity"}:
            return None
        quantity = line["quantity"]
        if not _is_id(line["variant"]) or type(quantity) is not int or not 1 <= quantity <= most:
            return None
    if not _is_id(content.get("address")) or not _is_text(note, NOTE_MAX):
        return None
    return {
        "lines": lines, "address": content["address"], "source": "", "note": note, "notes": [],
        "coupon": None,
    }  # fmt: skip


def _is_id(number: Any) -> bool:
    return type(number) is int and 1 <= number <= LARGEST_ID


def _is_text(text: Any, most: int) -> bool:
    return (
        type(text) is str and len(text) <= most and text == text.strip() and (not text or text.isprintable())
    )


async def _body(headers: dict[bytes, bytes], receive, most_bytes: int) -> bytes:
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length) > most_bytes:
        raise BodyTooLarge()
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft()
        body += message.get("body", b"")
        if len(body) > most_bytes:
            raise BodyTooLarge()
        if not message.get("more_body"):
            return body


def _text(answer: Any) -> str:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))


async def _send(send, status: int, text: str, headers: list[tuple[bytes, bytes]]) -> None:
    body = text.encode()
    headers = [*HEADERS, *headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
