"""What an intruder tries at every door of the role matrix, and how it shows that nothing came of it."""

import json
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.test import Client

from tests.house.roles import ROLES, Row, all_rows
from villagemarket.doors import DOORS

# Apps whose rows are goods, orders, money, people and what they are told.
WATCHED = (
    "accounts", "common", "ledger", "shops", "livestreams", "notifications", "orders", "payments", "payouts",
)  # fmt: skip
RAW = {door.path for door in DOORS}

# Known to whoever reads our code, and none of their business.
SET_BY_THE_MARKET = {
    "id": 1, "pk": 1, "number": "1", "public_id": "1", "group": 1, "buyer": 1, "user": 1, "owner": 1,
    "author": 1, "uploaded_by": 1, "side": "shop", "created_by": 1, "member": 1, "actor": 1,
    "status": "paid", "state": "paid", "is_staff": True, "is_superuser": True, "is_active": False,
    "role": "owner", "password": "Hacked-1234", "groups": [1], "user_permissions": [1],
    "total_fen": 1, "goods_fen": 1, "freight_fen": 0, "captured_fen": 1, "discount_fen": 1, "paid_fen": 1,
    "refund_requested_fen": 1, "refunded_fen": 1, "worth_fen": 10**6, "price_seen_fen": 1,
    "commission": 0, "commissions": [], "rate_bp": 0, "platform_fee_bp": 0, "platform_fen": 0,
    "refund_request": 1, "granted_at": "2026-01-01T00:00:00Z", "paid_at": "2026-01-01T00:00:00Z",
    "placed_at": "2020-01-01T00:00:00Z", "created_at": "2020-01-01T00:00:00Z",
    "completed_at": "2026-01-01T00:00:00Z", "delivered_at": "2026-01-01T00:00:00Z",
    "expires_at": "2036-01-01T00:00:00Z", "verified_at": "2026-01-01T00:00:00Z", "is_verified": True,
    "claimed": 0, "used_at": None, "valid_until": "2036-01-01T00:00:00Z", "offered_at": None,
    "stopped_at": None, "reserved": 0, "sold": 0, "available": 10**6, "in_deals": 0, "is_supported": True,
    "published_at": "2020-01-01T00:00:00Z", "after_sale_units": 0, "shipped_units": 9, "withdrawn_units": 0,
    "hidden_reason": "", "is_restocked": True, "pin_event": 1, "flash_deal": 1,
}  # fmt: skip


def api_writes() -> list[Row]:
    """Every call of the REST API that writes."""
    return [
        row
        for row in all_rows()
        if row.method != "GET" and row.route.startswith("api/") and row.route not in RAW
    ]


def signed_in(world, role: str, *, enforce_csrf_checks: bool = False) -> Client:
    client = Client(enforce_csrf_checks=enforce_csrf_checks, raise_request_exception=False)
    if role != "anonymous":
        client.force_login(world.people[role], backend="accounts.backends.IdentifierBackend")
    return client


def allowed(row: Row) -> str:
    """The role that gets furthest, preferably somebody who is signed in."""

    def rank(role: str) -> tuple:
        status, is_nobody = row.statuses[role], role == "anonymous"
        is_refused = status in (401, 403, 404) or (is_nobody and status == 302)
        return is_refused, status, is_nobody

    return min(ROLES, key=rank)


def send(client: Client, row: Row, path: str, body: Any):
    """Send as the matrix does; a body that is text goes as it is."""
    if row.route.startswith("api/") and "multipart" not in str(row.headers):
        raw = body if isinstance(body, str) else json.dumps(body if body is not None else {})
        return client.generic(
            row.method, f"{path}", raw, content_type="application/json", headers=row.headers
        )
    return getattr(client, row.method.lower())(path, body or {}, headers=row.headers)


def undone(act) -> Any:
    """Return what `act` returns; what it changed is undone."""
    with transaction.atomic():
        result = act()
        transaction.set_rollback(True)
    return result


def snapshot() -> dict[str, str]:
    """Every row of the watched apps as JSON, by the table's model, in one query."""
    models = [model for name in WATCHED for model in apps.get_app_config(name).get_models()]
    one = "SELECT '{}', coalesce(json_agg(t ORDER BY t.{}), '[]')::text FROM {} t"
    names = [(model._meta.label, model._meta.pk.column, model._meta.db_table) for model in models]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(one.format(*name) for name in names))
        return dict(cursor.fetchall())


def attacked(client: Client, row: Row, path: str, body: Any) -> tuple[int, list[str], str]:
    """The status of one call, what it changed, and where it leads; undone afterwards."""
    writes = []

    def watch(execute, sql, params, many, context):
        writes.extend(word for word in ("INSERT", "UPDATE", "DELETE") if word in sql)
        return execute(sql, params, many, context)

    def act():
        with connection.execute_wrapper(watch):
            answer = client.get(path) if row.method in ("GET", "ANY") else send(client, row, path, body)
        # Nobody who writes nothing changes anything; most are refused so.
        return answer, snapshot() if writes else {}

    answer, after = undone(act)
    changed = [*differences(snapshot(), after)] if writes else []
    return answer.status_code, changed, answer.headers.get("Location", "")


def differences(one: dict[str, str], other: dict[str, str]) -> Iterator[str]:
    """Name the fields in which two snapshots differ."""
    for label in (label for label in one if one[label] != other[label]):
        rows, others = json.loads(one[label]), json.loads(other[label])
        if len(rows) != len(others):
            yield f"{label}: {len(others)} rows instead of {len(rows)}"
            continue
        for mine, theirs in zip(rows, others, strict=True):
            yield from (f"{label}.{name}" for name in mine if mine[name] != theirs[name])


def numbers_in(body: Any, path: tuple = ()) -> Iterator[tuple]:
    """Where whole numbers stand in a body, as paths of keys and places."""
    if isinstance(body, dict):
        for key, value in body.items():
            yield from numbers_in(value, (*path, key))
    elif isinstance(body, list):
        for place, value in enumerate(body):
            yield from numbers_in(value, (*path, place))
    elif type(body) is int:
        yield path


def replaced(body: Any, path: tuple, value: Any) -> Any:
    """A copy of a body with another value at a path."""
    if not path:
        return value
    copy = dict(body) if isinstance(body, dict) else list(body)
    copy[path[0]] = replaced(body[path[0]], path[1:], value)
    return copy
