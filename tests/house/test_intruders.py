"""Every door of the role matrix against an intruder: A3, A4 and C5, C1, C9 of rules.md.

The rows come from tests/house/matrix, so a new door is attacked on the day it is written.
"""

import pytest

from tests.factories.shops import add_member, make_shop
from tests.house import intruding
from tests.house.intruding import allowed, api_writes, differences, send, signed_in, snapshot, undone
from tests.house.roles import all_rows

# A number of these names is the name of something else, not an amount: what is wrong there is not found (C1).
NAMES = {
    "variant", "address", "deal", "line", "product", "shop", "category", "village", "farmer", "photo", "item",
    "message", "ids", "live_session", "rundown_item", "photos", "host", "coupon", "case", "order", "lot",
    "session", "pin_event", "id", "take", "cover", "portrait", "template", "freight_template",
}  # fmt: skip
HOSTILE = ["-1", "0", "1000000000", '"1.5"', "NaN", '"NaN"', "Infinity", "1e400", "true", "[]", "{}"]
# Signed or anonymous by nature: they look at no cookie, so no page of another site can lend one.
WITHOUT_COOKIE = {
    "api/v1/auth/code/", "api/v1/auth/code/verify/", "api/v1/auth/token/",
    "api/v1/payments/callbacks/sandbox/", "api/v1/payments/callbacks/alipay/",
    "api/v1/payments/callbacks/wechatpay/", "api/v1/tracking/kuaidi100/",
}  # fmt: skip


def prepared(row, world) -> tuple:
    return row.path(world), row.data(world)


def test_c5_a4_what_the_market_decides_is_never_taken_from_a_request(world, valkey):
    """Each call with its own body, twice, and once with everything that is none of the caller's business.

    What differs between the first two is different each time; beyond that nothing may differ.
    """
    wrong = []
    for row in api_writes():
        role = allowed(row)
        body = undone(lambda row=row: prepared(row, world)[1])
        if role is None or not isinstance(body, dict | None):
            continue

        def call(more: dict, row=row, role=role):
            valkey.flushall()
            path, body = prepared(row, world)
            answer = send(signed_in(world, role), row, path, more | (body or {}))
            return answer.status_code, snapshot()

        status, first = undone(lambda call=call: call({}))
        _, second = undone(lambda call=call: call({}))
        dirty_status, dirty = undone(lambda call=call: call(intruding.SET_BY_THE_MARKET))
        restless = set(differences(first, second))
        changed = sorted(set(differences(first, dirty)) - restless)
        if (dirty_status, changed) != (status, []):
            wrong.append(f"{row.name}: {status} became {dirty_status}, {changed}")

    assert not wrong, "\n".join(wrong)


def test_a3_no_amount_at_any_door_is_hostile(world, valkey):
    """-1, 0, 1e9, "1.5", NaN and their like instead of each amount of each body: 400, or what is allowed."""
    wrong, tried = [], 0
    for row in api_writes():
        role = allowed(row)
        if role is None:
            continue
        body = undone(lambda row=row: prepared(row, world)[1])
        for place in intruding.numbers_in(body):
            if {part for part in place if isinstance(part, str)} & NAMES:
                continue
            for hostile in HOSTILE:

                def call(row=row, role=role, place=place, hostile=hostile):
                    valkey.flushall()
                    path, body = prepared(row, world)
                    text = intruding.json.dumps(intruding.replaced(body, place, "@")).replace('"@"', hostile)
                    client = signed_in(world, role)
                    before = snapshot()
                    answer = send(client, row, path, text)
                    return answer.status_code, [*differences(before, snapshot())]

                status, changed = undone(call)
                tried += 1
                name = f"{row.name} {place} = {hostile}"
                if hostile in ("0", "1000000000") and status < 300:
                    continue
                if status not in (400, 409) or changed:
                    wrong.append(f"{name}: {status} {changed}")

    assert tried > 50
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("intruder", ["stranger", "other shop"])
def test_c1_whoever_it_does_not_concern_finds_nothing_and_changes_nothing(world, valkey, zoya, intruder):
    """Everything that an address can name, asked for by somebody else, also by another shop's owner."""
    if intruder == "other shop":
        add_member(shop=make_shop(owner=zoya, name="别家"), user=world.people["farmer"])
    wrong, tried = [], 0
    for row in all_rows():
        if "<" not in row.route or row.statuses["stranger"] != 404 or row.route in intruding.RAW:
            continue

        def call(row=row):
            valkey.flushall()
            path, body = prepared(row, world)
            client = signed_in(world, "stranger")
            before = snapshot()
            answer = client.get(path) if row.method in ("GET", "ANY") else send(client, row, path, body)
            return answer.status_code, [*differences(before, snapshot())]

        status, changed = undone(call)
        tried += 1
        if (status, changed) != (404, []):
            wrong.append(f"{row.name}: {status} {changed}")

    assert tried > 60
    assert not wrong, "\n".join(wrong)


def test_c9_no_page_of_another_site_can_do_anything_with_a_persons_cookie(world, valkey):
    """Every write, with the cookie of somebody who may and without the token that only our pages know."""
    wrong, tried = [], 0
    for row in all_rows():
        if row.method in ("GET", "ANY") or row.route in intruding.RAW | WITHOUT_COOKIE:
            continue
        role = next((role for role in ("buyer", "clerk", "host", "staff") if row.statuses[role] < 400), None)
        if role is None:
            continue

        def call(row=row, role=role):
            valkey.flushall()
            path, body = prepared(row, world)
            client = signed_in(world, role, enforce_csrf_checks=True)
            before = snapshot()
            answer = send(client, row, path, body)
            return answer.status_code, [*differences(before, snapshot())]

        status, changed = undone(call)
        tried += 1
        if (status, changed) != (403, []):
            wrong.append(f"{row.name}: {role} got {status} {changed}")

    assert tried > 60
    assert not wrong, "\n".join(wrong)
