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

DEAL_ORDERS = {
    "operationId": "deals_orders_create",
    "tags": ["deals"],
    "description": (
        "The fast door of a flash deal: the one line of a deal, with the body, the key and the answers of "
        "`POST /api/v1/orders/`, to the `order_url` of a grant with its `order_token`. Cookies are not "
        "looked at. 503 `busy`: too many wait here; `POST /api/v1/orders/` takes the same under the same key."
    ),
    "parameters": [
        {"in": "path", "name": "id", "required": True, "schema": {"type": "integer"}},
        {
            "in": "header",
            "name": "Idempotency-Key",
            "required": True,
            "schema": {"type": "string", "format": "uuid"},
        },
    ],
    "security": [{"orderToken": []}],
}

FAST_ORDERS = DEAL_ORDERS | {
    "operationId": "fast_orders_create",
    "tags": ["fast-orders"],
    "description": (
        "The fast door of all orders, with the body, the key and the answers of `POST /api/v1/orders/`, to "
        "the `order_url` of a grant (`POST /api/v1/order-token/`) with its `order_token`. Cookies are not "
        "looked at. 503 `busy`: too many wait here; `POST /api/v1/orders/` takes the same under the same key."
    ),
    "parameters": DEAL_ORDERS["parameters"][1:],
}


def _bearer(description: str) -> dict[str, str]:
    return {"type": "http", "scheme": "bearer", "description": description}


def _fast(door: dict[str, Any], ordinary: dict[str, Any]) -> dict[str, Any]:
    """A fast door takes and gives what the ordinary one does."""
    shared = {name: deepcopy(ordinary[name]) for name in ("requestBody", "responses")}
    shared["responses"]["503"] = {
        "description": "Too many wait; `Retry-After` says how many seconds to wait.",
        "headers": {"Retry-After": {"schema": {"type": "integer", "minimum": 1}}},
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    return deepcopy(door) | shared


def add_raw_doors(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Add the room stream, the chunk door and the fast doors of orders (a postprocessing hook)."""
    result["paths"]["/api/v1/live-sessions/{id}/events/"] = {"get": deepcopy(EVENTS)}
    result["paths"]["/ingest/takes/{take}/{seq}"] = {"put": deepcopy(CHUNK)}
    ordinary = result["paths"]["/api/v1/orders/"]["post"]
    result["paths"]["/api/v1/deals/{id}/orders/"] = {"post": _fast(DEAL_ORDERS, ordinary)}
    result["paths"]["/api/v1/fast-orders/"] = {"post": _fast(FAST_ORDERS, ordinary)}
    schemes = result.setdefault("components", {}).setdefault("securitySchemes", {})
    schemes["uploadToken"] = _bearer("The `upload_token` of a take.")
    schemes["orderToken"] = _bearer("The `order_token` of a grant.")
    return result
