"""The chunk door: `PUT /ingest/takes/<take>/<seq>` with raw recorder bytes (live.md 2, decisions.md 2).

Answers `{"next": n}` once the chunk is safely written, else the error shape of api.md; a gap adds `next`,
a closed take `reason`. The first chunk says with `?began_ms=` how long after the take was opened its recorder
began: a duration, so that a phone's wrong clock does no harm.
"""

import asyncio
import json
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

from django.conf import settings
from django.db import close_old_connections

from common.clock import utc_now
from common.errors import Invalid, MarketError, NotFound
from common.signing import BadToken
from livestreams.errors import ChunkTooLarge
from livestreams.services import receiving

logger = logging.getLogger(__name__)

BODY_SECONDS = 60
MAX_DIGITS = 10
MILLISECONDS = re.compile(r"-?[0-9]{1,9}", re.ASCII)
# Disk and database block; a few threads carry many phones at one chunk a second each.
_workers = ThreadPoolExecutor(max_workers=8, thread_name_prefix="chunks")


class ClientLeft(Exception):
    """The phone went away in the middle of a chunk."""


async def receive_chunk(scope: dict, receive, send) -> None:
    """The ASGI door; `scope["market"]["params"]` holds take_id and seq as text."""
    try:
        status, answer, headers = await _take_in(scope, receive)
    except ClientLeft:
        return
    except MarketError as error:
        status, headers = error.status, []
        answer = {"code": error.code, "message": str(error.message)} | error.extra()
        if error.retry_after:
            headers = [(b"retry-after", str(error.retry_after).encode())]
        if error.status == 401:
            headers = [(b"www-authenticate", b"Bearer")]
    except Exception:
        logger.exception("chunk door failed")
        status, headers = 500, []
        answer = {"code": "server_error", "message": "Something went wrong on our side. Please try again."}
    body = json.dumps(answer).encode()
    headers += [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if status >= 400:
        # What is left of the body is not read: the connection cannot be used again.
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _take_in(scope: dict, receive) -> tuple[int, dict, list]:
    params = scope["market"]["params"]
    if len(params["take_id"]) > MAX_DIGITS or len(params["seq"]) > MAX_DIGITS:
        raise NotFound()
    take_id, seq = int(params["take_id"]), int(params["seq"])
    headers = dict(scope["headers"])
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise BadToken()
    receiving.check_token(token=token.strip(), take_id=take_id)
    began_ms = _began_ms(scope)
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length) > settings.CHUNK_MAX_BYTES:
        raise ChunkTooLarge()
    try:
        data = await asyncio.wait_for(_body(receive), BODY_SECONDS)
    except TimeoutError as error:
        raise ClientLeft() from error
    content_type = headers.get(b"content-type", b"").decode("latin-1")
    next_seq = await asyncio.get_running_loop().run_in_executor(
        _workers, _accept, take_id, seq, content_type, data, began_ms
    )
    return 200, {"next": next_seq}, []


def _began_ms(scope: dict) -> int | None:
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    values = query.get("began_ms", [])
    if not values:
        return None
    if len(values) > 1 or not MILLISECONDS.fullmatch(values[0]):
        raise Invalid()
    return int(values[0])


async def _body(receive) -> bytes:
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft()
        part = message.get("body", b"")
        size += len(part)
        if size > settings.CHUNK_MAX_BYTES:
            raise ChunkTooLarge()
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


def _accept(take_id: int, seq: int, content_type: str, data: bytes, began_ms: int | None) -> int:
    close_old_connections()
    try:
        return receiving.accept_chunk(
            take_id=take_id,
            seq=seq,
            content_type=content_type,
            data=data,
            began_ms=began_ms,
            now=utc_now(),
        )
    finally:
        close_old_connections()
