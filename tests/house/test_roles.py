"""Every URL is in the role matrix, and every role gets what the matrix says."""

import asyncio
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from tests.house.intruding import undone
from tests.house.roles import ROLES, Row, all_calls, all_rows
from villagemarket.doors import DOORS

DOOR_PATHS = {door.path: door for door in DOORS}
PAGE_ROWS = [row for row in all_rows() if row.route not in DOOR_PATHS]
DOOR_ROWS = [row for row in all_rows() if row.route in DOOR_PATHS]


def test_every_call_is_in_the_matrix():
    known = {(row.method, row.route) for row in all_rows()}
    routes = {route for _, route in known}

    missing = {
        f"{method} {route}"
        for method, route in all_calls()
        if (method, route) not in known and not (method == "ANY" and route in routes)
    }

    assert not missing, "rows are missing in tests/house/matrix/:\n" + "\n".join(sorted(missing))


def test_the_matrix_names_nothing_that_is_gone():
    calls = all_calls()
    routes = {route for method, route in calls if method == "ANY"}

    gone = {
        row.name for row in all_rows() if (row.method, row.route) not in calls and row.route not in routes
    }

    assert not gone, "rows name what does not exist:\n" + "\n".join(sorted(gone))


@pytest.mark.long
def test_each_role_gets_what_the_matrix_says(world, valkey):
    sign_ins = {role: _signed_in(world, role) for role in ROLES}

    wrong = []
    for row in PAGE_ROWS:
        valkey.flushall()  # no limit of one row reaches the next
        got = undone(lambda row=row: _statuses(row, world, sign_ins))
        wrong += [f"{row.name}: {role} got {got[role]}" for role in ROLES if got[role] != row.statuses[role]]

    assert not wrong, "other than tests/house/matrix/ says:\n" + "\n".join(wrong)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("row", DOOR_ROWS, ids=lambda row: row.name)
def test_each_role_gets_it_at_the_raw_doors(row: Row, world, valkey):
    got = asyncio.run(_door_statuses(row, world))

    assert got == row.statuses


def test_admin_is_for_operators_only(world):
    sign_ins = {role: _signed_in(world, role) for role in ROLES}

    wrong = []
    for model in admin.site._registry:
        for page, allowed in (("changelist", {200}), ("add", {200, 403})):
            path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}")
            for role in ROLES:
                status = _client(sign_ins[role]).get(path).status_code
                if status not in (allowed if role == "staff" else {302}):
                    wrong.append(f"{path}: {role} got {status}")

    assert not wrong, "\n".join(wrong)


def test_admin_sends_everyone_else_to_sign_in(world):
    answers = {role: _client(_signed_in(world, role)).get("/admin/") for role in ROLES}

    assert answers.pop("staff").status_code == 200
    assert {urlsplit(answer["Location"]).path for answer in answers.values()} == {"/admin/login/"}


def _signed_in(world, role: str) -> str:
    """The session cookie of a role, "" for anonymous."""
    if role == "anonymous":
        return ""
    client = Client()
    client.force_login(world.people[role], backend="accounts.backends.IdentifierBackend")
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def _client(session: str) -> Client:
    client = Client()
    if session:
        client.cookies[settings.SESSION_COOKIE_NAME] = session
    return client


def _statuses(row: Row, world, sign_ins: dict[str, str]) -> dict[str, int]:
    """What each role gets; the row is prepared once, each call is undone: every role meets the same world."""
    path, body = row.path(world), row.data(world)
    return {role: undone(lambda role=role: _status(row, path, body, sign_ins[role])) for role in ROLES}


def _status(row: Row, path: str, body, session: str) -> int:
    client = _client(session)
    if row.method in ("GET", "ANY"):
        return client.get(path, headers=row.headers).status_code
    options = {"content_type": "application/json"} if path.startswith("/api/") else {}
    send = getattr(client, row.method.lower())
    return send(path, body if body is not None else {}, headers=row.headers, **options).status_code


async def _door_statuses(row: Row, world) -> dict[str, int]:
    return {role: await _door_status(row, world, role) for role in ROLES}


async def _door_status(row: Row, world, role: str) -> int:
    """Ask a raw door as this role: with its bearer token, or with what the row's headers say."""
    door = DOOR_PATHS[row.route]
    path = row.path(world)
    headers = {"host": "testserver"} | {name.lower(): value for name, value in row.headers.items()}
    body = row.data(world) or b""
    if "authorization" not in headers and role != "anonymous":
        headers["authorization"] = f"Bearer {world.tokens[role]}"
    if body:
        headers["content-length"] = str(len(body))
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": row.method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("testserver", 80),
        "market": {"params": door.match(path)},
    }
    answered = asyncio.get_running_loop().create_future()
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict:
        if messages:
            return messages.pop()
        await asyncio.wait_for(asyncio.shield(answered), 10)
        return {"type": "http.disconnect"}

    async def send(message: dict) -> None:
        if message["type"] == "http.response.start" and not answered.done():
            answered.set_result(message["status"])

    await asyncio.wait_for(door.application(scope, receive, send), 15)
    return answered.result()
