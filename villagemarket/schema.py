"""The raw doors in the OpenAPI schema: they have no view from which it could be read (decisions.md 2)."""

from copy import deepcopy
from typing import Any

EVENTS = {
    "operationId": "live_sessions_events",
    "tags": ["live-sessions"],
    "description": (
        "Server-sent events of a room: chat, pin, deal, stock, viewers, status. `id` is `<epoch>-<seq>`. "
        "Send the last one as `Last-Event-ID` to go on from there. On a gap or a new epoch fetch the session."
    ),
    "parameters": [
        {"in": "path", "name": "id", "required": True, "schema": {"type": "integer"}},
        {"in": "header", "name": "Last-Event-ID", "schema": {"type": "string"}},
        {
            "in": "query",
            "name": "after",
            "schema": {"type": "string"},
            "description": "What Last-Event-ID is to a reconnecting browser, for a page that was just made.",
        },
    ],
    "security": [{}, {"cookieAuth": []}, {"bearer": []}],
    "responses": {
        "200": {
            "description": "Open until the caller leaves.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
}
CHUNK = {
    "operationId": "ingest_chunk",
    "tags": ["live-sessions"],
    "description": (
        "One numbered chunk of a recording, raw recorder bytes, to the `upload_url` of a take with its "
        "`upload_token`. Acknowledged once it is safely written, the same number again as well. "
        "A gap is 409 with `next`; a take that is closed is 409 `take_closed` with `reason`: replaced, "
        "stopped, ended, unreadable, revoked, disk_full, too_fast, host_not_active."
    ),
    "parameters": [
        {"in": "path", "name": "take", "required": True, "schema": {"type": "integer"}},
        {"in": "path", "name": "seq", "required": True, "schema": {"type": "integer", "minimum": 0}},
        {
            "in": "query",
            "name": "began_ms",
            "schema": {"type": "integer"},
            "description": (
                "With the first chunk: milliseconds from the opening of the take to the beginning of its "
                "recording, less than zero when it was recorded before it could be opened."
            ),
        },
    ],
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    },
    "security": [{"uploadToken": []}],
    "responses": {
        "200": {
            "description": "Kept; `next` is the number to send next.",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "properties": {"next": {"type": "integer"}},
                        "required": ["next"],
                    }
                }
            },
        }
    },
}


def add_raw_doors(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Add the room stream and the chunk door (a drf-spectacular postprocessing hook)."""
    result["paths"]["/api/v1/live-sessions/{id}/events/"] = {"get": deepcopy(EVENTS)}
    result["paths"]["/ingest/takes/{take}/{seq}"] = {"put": deepcopy(CHUNK)}
    schemes = result.setdefault("components", {}).setdefault("securitySchemes", {})
    schemes["uploadToken"] = {
        "type": "http",
        "scheme": "bearer",
        "description": "The `upload_token` of a take.",
    }
    return result
