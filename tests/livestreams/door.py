"""Knock at the chunk door as a phone does, without a network in between."""

import asyncio
import json

from common.signing import sign_token
from livestreams import asgi, storage
from livestreams.models import Take
from tests.factories.livestreams import MIME

# How Matroska begins.
HEADER = b"\x1a\x45\xdf\xa3"


def knock(
    take_id,
    seq,
    messages: list[dict],
    *,
    token: str | None = None,
    content_type: str = MIME,
    length: int | None = None,
    query: str = "",
) -> list[dict]:
    """Return what the door sends when the body comes in these ASGI messages; none left is an error."""
    token = token or sign_token(purpose="take", payload={"take": take_id, "user": 1})
    headers = [(b"authorization", f"Bearer {token}".encode()), (b"content-type", content_type.encode())]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    scope = {
        "type": "http", "method": "PUT", "path": f"/ingest/takes/{take_id}/{seq}", "headers": headers,
        "query_string": query.encode(), "market": {"params": {"take_id": str(take_id), "seq": str(seq)}},
    }  # fmt: skip
    sent = []

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    asyncio.run(asgi.receive_chunk(scope, receive, send))
    return sent


def put(take_id, seq, data: bytes, **headers) -> tuple[int, dict]:
    """Return (status, answer) of one PUT."""
    pieces = [{"type": "http.request", "body": data[:7], "more_body": True},
              {"type": "http.request", "body": data[7:], "more_body": False}]  # fmt: skip
    sent = knock(take_id, seq, pieces, **headers)
    return sent[0]["status"], json.loads(sent[1]["body"])


def kept(take: Take) -> list[str]:
    """Return the names of the chunks that are kept."""
    folder = storage.ingest_folder(take.pk)
    return sorted(entry.name for entry in folder.iterdir()) if folder.exists() else []
