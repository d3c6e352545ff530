"""Every door of the role matrix against an intruder: A3, A4 and C5, C1, C9 of rules.md.

The rows come from tests/house/matrix, so a new door is attacked on the day it is written. What a row prepares
is prepared once; each attack is undone.
"""

from urllib.parse import urlencode, urlsplit

import pytest

from tests.factories.shops import add_member, make_shop
from tests.house import intruding
from tests.house.intruding import (
    allowed,
    api_writes,
    attacked,
    differences,
    send,
    signed_in,
    snapshot,
    undone,
)  # fmt: skip
from tests.house.roles import all_rows

# A number of these names is the name of something else, not an amount: what is wrong there is not found (C1).
NAMES = {
    "variant", "address", "deal", "line", "product", "shop", "category", "village", "farmer", "photo", "item",
    "message", "ids", "live_session", "rundown_item", "photos", "host", "coupon", "case", "order", "lot",
    "session", "pin_event", "id", "take", "cover", "portrait", "template", "freight_template", "offer",
}  # fmt: skip
HOSTILE = ["-1", "0", "1000000000", '"1.5"', "NaN", '"NaN"', "Infinity", "1e400", "true", "[]", "{}"]
TYPED = ["-1", "0", "1000000000", "1.5", "NaN", "Infinity", "1e400", "٣x", ""]
# Signed or anonymous by nature: they look at no cookie, so no page of another site can lend one.
WITHOUT_COOKIE = {
    "api/v1/auth/code/", "api/v1/auth/code/verify/", "api/v1/auth/token/",
    "api/v1/payments/callbacks/sandbox/", "api/v1/payments/callbacks/alipay/",
    "api/v1/payments/callbacks/wechatpay/", "api/v1/payouts/callbacks/alipay/",
    "api/v1/payouts/callbacks/wechatpay/", "api/v1/tracking/kuaidi100/",
    "hooks/media/publish/", "hooks/media/update/", "hooks/media/done/",
}  # fmt: skip
ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "\\\\evil.example",
    "javascript:alert(1)",
]


@pytest.mark.long
def test_c5_a4_what_the_market_decides_is_never_taken_from_a_request(world, valkey):
    """Each call with its own body, twice, and once with everything that is none of the caller's business.

    What differs between the first two is different each time; beyond that nothing may differ.
    """
    wrong, tried = [], 0

    def attack(row, role):
        path, body = row.path(world), row.data(world)
        if not isinstance(body, dict | None):
            return None

        def call(more: dict):
            valkey.flushall()
            answer = send(signed_in(world, role), row, path, more | (body or {}))
            return answer.status_code, snapshot()

        status, first = undone(lambda: call({}))
        _, second = undone(lambda: call({}))
        dirty_status, dirty = undone(lambda: call(intruding.SET_BY_THE_MARKET))
        restless = set(differences(first, second))
        return status, dirty_status, sorted(set(differences(first, dirty)) - restless)

    for row in api_writes():
        found = undone(lambda row=row: attack(row, allowed(row)))
        if found is None:
            continue
        tried += 1
        status, dirty_status, changed = found
        if (dirty_status, changed) != (status, []):
            wrong.append(f"{row.name}: {status} became {dirty_status}, {changed}")

    assert tried > 90
    assert not wrong, "\n".join(wrong)


def test_a3_no_amount_at_any_door_is_hostile(world, valkey):
    """-1, 0, 1e9, "1.5", NaN and their like instead of each amount of each body: 400, or what is allowed."""
    wrong, tried = [], 0

    def attack(row, role) -> int:
        path, body, client = row.path(world), row.data(world), signed_in(world, role)
        places = [
            place
            for place in intruding.numbers_in(body)
            if not {part for part in place if isinstance(part, str)} & NAMES
        ]
        for place in places:
            for hostile in HOSTILE:
                valkey.flushall()
                text = intruding.json.dumps(intruding.replaced(body, place, "@")).replace('"@"', hostile)
                status, changed, _ = attacked(client, row, path, text)
                may_be = hostile in ("0", "1000000000") and place[-1] != "quantity"
                if may_be and status < 300:
                    continue
                if status not in ((400,) if place[-1] == "quantity" else (400, 409)) or changed:
                    wrong.append(f"{row.name} {place} = {hostile}: {status} {changed}")
        return len(places) * len(HOSTILE)

    for row in api_writes():
        tried += undone(lambda row=row: attack(row, allowed(row)))

    assert tried > 50
    assert not wrong, "\n".join(wrong)


def test_a3_no_quantity_typed_into_a_page_is_hostile(world, valkey):
    """The same at the forms: nothing breaks, and no count or price becomes what nobody can have."""
    wrong, tried = [], 0

    def attack(row, role) -> int:
        path, body, client = row.path(world), row.data(world), signed_in(world, role)
        if not isinstance(body, dict):
            return 0
        typed = [
            name for name, value in body.items() if str(value).isdecimal() and name not in (*NAMES, "on")
        ]
        for name in typed:
            for hostile in TYPED:
                valkey.flushall()
                status, changed, _ = attacked(client, row, path, body | {name: hostile})
                may_be = ("",) if name == "quantity" else ("", "0", "1000000000", "1.5")
                if status >= 500 or (changed and hostile not in may_be):
                    wrong.append(f"{row.name} {name} = {hostile}: {status} {changed}")
        return len(typed)

    for row in all_rows():
        if row.method in ("POST", "ANY") and not row.route.startswith(("api/", "hooks/", "/")):
            tried += undone(lambda row=row: attack(row, allowed(row)))

    assert tried > 5
    assert not wrong, "\n".join(wrong)


@pytest.mark.long
def test_c1_whoever_it_does_not_concern_finds_nothing_and_changes_nothing(world, valkey, zoya):
    """Everything that an address can name, asked for by somebody else, also by another shop's owner."""
    wrong, tried = [], 0

    def attack(row):
        path, body, client = row.path(world), row.data(world), signed_in(world, "stranger")
        yield "a stranger", attacked(client, row, path, body)
        add_member(shop=make_shop(owner=zoya, name="别家"), user=world.people["farmer"])
        yield "another shop's owner", attacked(client, row, path, body)

    for row in all_rows():
        if "<" not in row.route or row.statuses["stranger"] != 404 or row.route in intruding.RAW:
            continue
        valkey.flushall()
        tried += 1
        for who, (status, changed, _) in undone(lambda row=row: [*attack(row)]):
            if (status, changed) != (404, []):
                wrong.append(f"{row.name}: {who} got {status} {changed}")

    assert tried > 120
    assert not wrong, "\n".join(wrong)


def test_c9_no_page_of_another_site_can_do_anything_with_a_persons_cookie(world, valkey):
    """Every write, with the cookie of somebody who may and without the token that only our pages know."""
    wrong, tried = [], 0

    def attack(row, role):
        path, body = row.path(world), row.data(world)
        client = signed_in(world, role, enforce_csrf_checks=True)
        return attacked(client, row, path, body)

    for row in all_rows():
        if row.method in ("GET", "ANY") or row.route in intruding.RAW | WITHOUT_COOKIE:
            continue
        valkey.flushall()
        role = allowed(row)
        role = "clerk" if role == "anonymous" else role
        status, changed, _ = undone(lambda row=row, role=role: attack(row, role))
        tried += 1
        if (status, changed) != (403, []):
            wrong.append(f"{row.name}: {role} got {status} {changed}")

    assert tried > 150
    assert not wrong, "\n".join(wrong)


@pytest.mark.long
def test_c9_no_page_leads_away_from_the_site(world, valkey):
    """Every page and form with an address of another site as `next`; also without having signed in."""
    wrong, tried = [], 0

    def attack(row, role):
        path, body, client = row.path(world), row.data(world) or {}, signed_in(world, role)
        for elsewhere in ELSEWHERE:
            address = f"{path}?{urlencode({'next': elsewhere})}"
            if row.method in ("GET", "ANY"):
                yield elsewhere, client.get(address)
                return
            more = body | {"next": elsewhere} if isinstance(body, dict) else body
            yield elsewhere, undone(lambda a=address, m=more: send(client, row, a, m))

    for row in all_rows():
        if row.route.startswith(("api/", "hooks/", "/")) or row.route.endswith(".jpg"):
            continue
        for role in {"anonymous", allowed(row)}:
            valkey.flushall()
            for elsewhere, answer in undone(lambda row=row, role=role: [*attack(row, role)]):
                tried += 1
                where = urlsplit(answer.headers.get("Location", "").replace("\\", "/"))
                html = "" if answer.streaming else answer.content.decode(errors="replace")
                if where.netloc or where.scheme or f'"{elsewhere}' in html:
                    wrong.append(f"{row.name}: {role} is led to {where.geturl()}")

    assert tried > 300
    assert not wrong, "\n".join(wrong)
