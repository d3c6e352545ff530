"""The REST doors of live sessions: who may do what, and what the farmer allows."""

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from common.clock import utc_now
from livestreams.models import ChatMessage, LiveSession, ModerationAction, PinEvent, RundownItem
from livestreams.statuses import MessageStatus, SessionStatus
from shops.models import FarmerAuthorization
from shops.statuses import AuthorizationStatus, HostStatus
from tests.factories.livestreams import MIME, add_to_rundown, make_pin, make_session
from tests.factories.shops import make_product, make_shop

pytestmark = pytest.mark.django_db


def as_(user) -> APIClient:
    client = APIClient()
    client.force_login(user)
    return client


def url(session, rest: str = "") -> str:
    return f"/api/v1/live-sessions/{session.pk}/{rest}"


def plan(market, **changes) -> dict:
    at = (utc_now() + timedelta(hours=2)).isoformat()
    return {"title": "青稞丰收", "scheduled_at": at, "shop": market.shop.pk} | changes


def test_from_plan_to_end(market, zhuoma, valkey):
    host = as_(zhuoma)

    made = host.post("/api/v1/live-sessions/", plan(market))

    assert made.status_code == 201
    assert {name: made.json()[name] for name in ("title", "status", "playback_url", "pinned")} == {
        "title": "青稞丰收", "status": "draft", "playback_url": None, "pinned": None,
    }  # fmt: skip
    path = f"/api/v1/live-sessions/{made.json()['id']}/"
    assert APIClient().get(path).status_code == 404
    assert host.post(f"{path}start/").json()["code"] == "move_refused"
    assert host.post(f"{path}schedule/").json()["status"] == "scheduled"
    assert APIClient().get(path).status_code == 200
    assert (
        host.post(f"{path}rundown/", {"variant": market.variant.pk, "live_price_fen": 5800}).status_code
        == 201
    )
    assert host.post(f"{path}start/").json()["status"] == "live"
    assert host.post(f"{path}start/").json()["status"] == "live"
    take = host.post(f"{path}takes/", {"mime": MIME})
    assert take.status_code == 201
    assert sorted(take.json()) == ["resume_from", "take", "upload_token", "upload_url"]
    assert take.json()["upload_url"] == f"/ingest/takes/{take.json()['take']}"
    assert host.post(f"{path}takes/{take.json()['take']}/token/").status_code == 200
    assert host.post(f"{path}takes/{take.json()['take']}/close/").status_code == 204
    assert host.post(f"{path}takes/{take.json()['take']}/token/").json()["code"] == "take_closed"
    assert host.post(f"{path}end/").json()["status"] == "ended"
    assert host.post(f"{path}start/").json()["code"] == "move_refused"


def test_host_commission_is_frozen_from_the_terms(session, market, zhuoma):
    as_(zhuoma).post(url(session, "rundown/"), {"variant": market.variant.pk})

    assert RundownItem.objects.get().host_commission_bp == 500


def test_strangers_and_buyers_present_nothing(session, item, market, arun, zoya):
    draft = make_session(host=market.host, shop=market.shop, status=SessionStatus.DRAFT)
    for user in (arun, zoya):
        client = as_(user)
        answers = [
            client.post("/api/v1/live-sessions/", plan(market)),
            client.get(url(draft)),
            client.patch(url(session), {"title": "mine now"}),
            *(client.post(url(session, f"{step}/")) for step in ("schedule", "start", "end", "cancel")),
            client.post(url(session, "pin/"), {"rundown_item": item.pk}),
            client.post(url(session, "rundown/"), {"variant": market.variant.pk}),
            client.delete(url(session, f"rundown/{item.pk}/")),
            client.post(url(session, "takes/"), {"mime": MIME}),
        ]
        assert [answer.status_code for answer in answers] == [404] * len(answers)
    anonymous = APIClient()
    assert anonymous.post(url(session, "end/")).status_code in (401, 403)
    session.refresh_from_db()
    assert (session.status, LiveSession.objects.count(), PinEvent.objects.count()) == ("live", 2, 0)


def test_suspended_host_does_not_go_on_air(market, zhuoma, mei):
    session = make_session(host=market.host, shop=market.shop, status=SessionStatus.SCHEDULED)
    market.host.status = HostStatus.SUSPENDED
    market.host.save(update_fields=["status"])

    answer = as_(zhuoma).post(url(session, "start/"))

    assert (answer.status_code, answer.json()["code"]) == (403, "host_not_active")
    session.refresh_from_db()
    assert session.status == SessionStatus.SCHEDULED


def test_goods_without_the_farmers_word_are_refused(session, market, zhuoma):
    FarmerAuthorization.objects.update(status=AuthorizationStatus.REVOKED, revoked_at=utc_now())

    answer = as_(zhuoma).post(url(session, "rundown/"), {"variant": market.variant.pk})

    assert (answer.status_code, answer.json()["code"]) == (409, "not_authorized")
    assert RundownItem.objects.count() == 0


@pytest.mark.parametrize(("price", "status"), [(6120, 201), (6119, 409)])
def test_live_price_respects_the_floor(session, market, zhuoma, price, status):
    FarmerAuthorization.objects.filter(pk=market.host_authorization.pk).update(floor_price_bp=9000)

    answer = as_(zhuoma).post(
        url(session, "rundown/"), {"variant": market.variant.pk, "live_price_fen": price}
    )

    assert answer.status_code == status
    if status == 409:
        assert answer.json()["code"] == "below_floor_price"
        assert RundownItem.objects.count() == 0


@pytest.mark.parametrize("price", [0, -1, 6801, 10**12, "1.5", "NaN"])
def test_wrong_live_prices(session, market, zhuoma, price):
    answer = as_(zhuoma).post(
        url(session, "rundown/"), {"variant": market.variant.pk, "live_price_fen": price}
    )

    assert answer.status_code == 400
    assert "live_price_fen" in answer.json()["fields"]
    assert RundownItem.objects.count() == 0


def test_goods_of_another_shop_are_not_there(session, market, zhuoma, zoya):
    other = make_product(shop=make_shop(owner=zoya), title="别家的")

    answer = as_(zhuoma).post(url(session, "rundown/"), {"variant": other.variants.get().pk})

    assert answer.status_code == 404


def test_rundown_is_put_in_order(session, market, zhuoma):
    second = make_product(shop=market.shop, farmer=market.farmer, title="蜂蜜")
    items = [
        add_to_rundown(session=session, variant=variant)
        for variant in (market.variant, second.variants.get())
    ]
    host = as_(zhuoma)

    turned = host.patch(url(session, "rundown/"), {"order": [items[1].pk, items[0].pk]})
    wrong = host.patch(url(session, "rundown/"), {"order": [items[1].pk]})

    assert [row["rundown_item"] for row in turned.json()] == [items[1].pk, items[0].pk]
    assert (wrong.status_code, wrong.json()["code"]) == (409, "rundown_changed")


def test_pin_shows_one_item_at_its_live_price(session, item, market, zhuoma):
    answer = as_(zhuoma).post(url(session, "pin/"), {"rundown_item": item.pk})
    seen = APIClient().get(url(session)).json()["pinned"]
    as_(zhuoma).post(url(session, "pin/"), {"rundown_item": None})

    assert answer.status_code == 200
    assert {name: seen[name] for name in ("variant", "price_fen", "was_fen", "available", "title")} == {
        "variant": market.variant.pk, "price_fen": 5800, "was_fen": 6800, "available": 100,
        "title": "高山青稞米",
    }  # fmt: skip
    assert APIClient().get(url(session)).json()["pinned"] is None
    assert PinEvent.objects.get().closed_at is not None


def test_item_that_was_shown_stays(session, item, zhuoma):
    make_pin(item=item, closed_at=utc_now())

    answer = as_(zhuoma).delete(url(session, f"rundown/{item.pk}/"))

    assert (answer.status_code, answer.json()["code"]) == (409, "rundown_item_shown")
    assert RundownItem.objects.count() == 1


def test_chat_is_plain_text_and_bounded(session, arun):
    buyer = as_(arun)
    script = "<script>alert(1)</script>\u202e\nnext"

    said = buyer.post(url(session, "messages/"), {"text": script})
    empty = buyer.post(url(session, "messages/"), {"text": " \u200b\n "})
    long = buyer.post(url(session, "messages/"), {"text": "x" * 201})

    assert said.status_code == 201
    assert said.json()["text"] == "<script>alert(1)</script> next"
    assert (empty.status_code, long.status_code) == (400, 400)
    assert "text" in long.json()["fields"]
    assert APIClient().post(url(session, "messages/"), {"text": "hello"}).status_code in (401, 403)
    assert [line["text"] for line in APIClient().get(url(session, "messages/")).json()["results"]] == [
        "<script>alert(1)</script> next"
    ]


def test_chat_flood_is_slowed(session, arun):
    buyer = as_(arun)

    statuses = [buyer.post(url(session, "messages/"), {"text": f"{n}"}).status_code for n in range(12)]

    assert 429 in statuses
    assert ChatMessage.objects.count() <= 10


def test_hidden_line_stays_as_evidence(session, arun, zhuoma, zoya):
    line = as_(arun).post(url(session, "messages/"), {"text": "rude"}).json()["id"]

    by_stranger = as_(zoya).post(f"/api/v1/messages/{line}/hide/", {})
    by_host = as_(zhuoma).post(f"/api/v1/messages/{line}/hide/", {"reason": "rude"})

    assert (by_stranger.status_code, by_host.status_code) == (404, 204)
    assert ChatMessage.objects.get().status == MessageStatus.HIDDEN
    assert ModerationAction.objects.get().reason == "rude"
    assert APIClient().get(url(session, "messages/")).json()["results"] == []


@pytest.mark.parametrize(("kind", "code", "end"), [("mute", "muted", "unmute"), ("ban", "banned", "unban")])
def test_silenced_people_post_nothing(session, arun, zhuoma, kind, code, end):
    line = as_(arun).post(url(session, "messages/"), {"text": "one"}).json()["id"]
    host = as_(zhuoma)

    assert host.post(url(session, "mutes/"), {"message": line, "kind": kind}).status_code == 201
    refused = as_(arun).post(url(session, "messages/"), {"text": "two"})

    assert (refused.status_code, refused.json()["code"]) == (403, code)
    assert ChatMessage.objects.count() == 1
    assert host.post(url(session, "mutes/"), {"message": line, "kind": end}).status_code == 201
    assert as_(arun).post(url(session, "messages/"), {"text": "three"}).status_code == 201


def test_nobody_silences_the_host(session, zhuoma, mei):
    line = as_(zhuoma).post(url(session, "messages/"), {"text": "welcome"}).json()["id"]

    answer = as_(mei).post(url(session, "mutes/"), {"message": line})

    assert answer.status_code == 409
    assert ModerationAction.objects.count() == 0


def test_hearts_are_counted(session):
    first = APIClient().post(url(session, "likes/"), {"count": 3})
    greedy = APIClient().post(url(session, "likes/"), {"count": 1000})

    assert first.json() == {"likes": 3}
    assert greedy.status_code == 400
    session.refresh_from_db()
    assert session.like_count == 3


def test_room_without_valkey_goes_on(session, arun, settings):
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"

    assert APIClient().get(url(session)).json()["event_id"] == ""
    assert as_(arun).post(url(session, "messages/"), {"text": "still here"}).status_code == 201
