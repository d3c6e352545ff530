"""Addresses of coupons."""

from datetime import timedelta

from common.clock import database_now
from tests.factories.coupons import make_campaign
from tests.house.roles import row

API = "api/v1/coupon-campaigns/"
ONE = API + "<int:campaign_id>/"
ROOM = "api/v1/live-sessions/<int:session_id>/coupons/"
EVERYONE_SIGNED_IN = "401 200 200 200 200 200 200"
# Both the clerk and the host present the world's show.
MEMBERS = "302 404 404 404 200 404 404"
PRESENTERS = "401 404 404 404 200 200 404"


def _terms(world) -> dict:
    return {
        "shop": world.market.shop.pk,
        "title": "满 50 减 5",
        "amount_off_fen": 500,
        "minimum_fen": 5000,
        "total": 10,
        "ends_at": (database_now() + timedelta(days=1)).isoformat(),
    }


def _campaign(world):
    return make_campaign(
        shop=world.market.shop, by=world.people["clerk"], is_live_only=True, live_session=world.session
    )


def _one(step: str):
    return lambda world: f"/{API}{_campaign(world).pk}/{step}/"


ROWS = [
    row("GET", API, EVERYONE_SIGNED_IN),
    row("POST", API, "401 404 404 404 201 404 404", data=_terms),
    row("POST", ONE + "stop/", "401 404 404 404 200 404 404", path=_one("stop")),
    row("POST", ONE + "offer/", PRESENTERS, path=_one("offer")),
    row("POST", ONE + "claim/", "401 201 201 201 201 201 201", path=_one("claim")),
    row("GET", ROOM, 200, path=lambda world: f"/api/v1/live-sessions/{world.session.pk}/coupons/"),
    row("GET", "api/v1/me/coupons/", EVERYONE_SIGNED_IN),
    row("GET", "me/coupons/", "302 200 200 200 200 200 200"),
    row(
        "POST",
        "coupons/<int:campaign_id>/claim/",
        302,
        path=lambda world: f"/coupons/{_campaign(world).pk}/claim/",
    ),
    row("GET", "desk/coupons/", MEMBERS),
    row("GET", "desk/coupons/new/", MEMBERS),
    row(
        "POST",
        "desk/coupons/<int:campaign_id>/stop/",
        "302 404 404 404 302 404 404",
        path=lambda world: f"/desk/coupons/{_campaign(world).pk}/stop/",
    ),
]
