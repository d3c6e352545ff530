"""Addresses of gifts; in these tests no provider can be reached."""

import uuid

from common.clock import utc_now
from livestreams.models import Gift, GiftKind
from livestreams.services.gifting import send_gift
from tests.factories.gifts import make_gift_kind
from tests.house.roles import row

API = "api/v1/"
ROOM = "live-sessions/<int:session_id>/gifts/"
KEY = "0d4bb4d2-7d0b-4c55-9d19-4f7c1d3a3c11"
GIVERS = "401 200 404 404 404 404 404"
PAGE_OF_GIVER = "302 200 404 404 404 404 404"


def _kind() -> GiftKind:
    return GiftKind.objects.first() or make_gift_kind()


def _gift(world) -> Gift:
    return (
        Gift.objects.first()
        or send_gift(
            giver=world.people["buyer"], session_id=world.session.pk, kind_id=_kind().pk, quantity=1,
            idempotency_key=uuid.uuid4(), now=utc_now(),
        )[0]
    )  # fmt: skip


def _of_gift(template: str):
    return lambda world: template.format(gift=_gift(world).pk)


ROWS = [
    row("GET", API + ROOM, 200, path=lambda world: f"/api/v1/live-sessions/{world.session.pk}/gifts/"),
    row(
        "POST",
        API + ROOM,
        "401 201 201 201 201 409 201",  # hosts do not give to themselves
        path=lambda world: f"/api/v1/live-sessions/{world.session.pk}/gifts/",
        data=lambda world: {"kind": _kind().pk},
        idempotency_key=KEY,
    ),
    row("GET", API + "gifts/<int:gift_id>/", GIVERS, path=_of_gift("/api/v1/gifts/{gift}/")),
    row(
        "POST",
        API + "gifts/<int:gift_id>/pay/",
        "401 400 404 404 404 404 404",
        path=_of_gift("/api/v1/gifts/{gift}/pay/"),
        data={"gateway": "none"},
        idempotency_key=KEY,
    ),
    row(
        "GET",
        "live/<int:session_id>/gifts/",
        "302 200 200 200 200 200 200",
        path=lambda world: f"/live/{world.session.pk}/gifts/",
    ),
    row(
        "POST",
        "live/<int:session_id>/gifts/",
        "302 409 409 409 409 409 409",  # no such gift; the host's own show
        path=lambda world: f"/live/{world.session.pk}/gifts/",
        data=lambda world: {"kind": _kind().pk + 1000, "quantity": 1, "key": str(uuid.uuid4())},
    ),
    row("GET", "gifts/<int:gift_id>/", PAGE_OF_GIVER, path=_of_gift("/gifts/{gift}/")),
    row(
        "POST",
        "gifts/<int:gift_id>/pay/",
        "302 400 404 404 404 404 404",
        path=_of_gift("/gifts/{gift}/pay/"),
        data={"gateway": "none", "key": KEY},
    ),
    row(
        "GET",
        "gifts/<int:gift_id>/wechat/",
        "302 302 404 404 404 404 404",
        path=_of_gift("/gifts/{gift}/wechat/"),
    ),
]
