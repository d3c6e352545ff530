"""The REST doors of deals: what starts them, who sees what, hostile bodies."""

import pytest
from rest_framework.test import APIClient

from common.clock import utc_now
from livestreams.models import FlashDeal, SessionModerator
from livestreams.statuses import SessionStatus
from shops.models import VariantStock
from tests.factories.livestreams import add_to_rundown, make_deal, make_session

pytestmark = pytest.mark.django_db


def as_(user) -> APIClient:
    client = APIClient()
    client.force_login(user)
    return client


def deals_of(session) -> str:
    return f"/api/v1/live-sessions/{session.pk}/deals/"


def plan(item, **changes) -> dict:
    values = {"rundown_item": item.pk, "price_fen": 5000, "quantity": 20, "per_buyer": 2, "seconds": 120}
    return values | {"countdown": 10} | changes


def test_on_air_a_posted_deal_counts_down_at_once(session, item, zhuoma, market):
    host = as_(zhuoma)

    made = host.post(deals_of(session), plan(item))

    assert made.status_code == 201
    deal = made.json()
    assert (deal["status"], deal["remaining"], deal["quantity"], deal["per_buyer"]) == (
        "countdown",
        20,
        20,
        2,
    )
    assert (deal["price_fen"], deal["was_fen"], deal["farmer_fen"]) == (5000, 6800, 4850)
    assert deal["starts_at"] > deal["server_now"]
    again = host.post(f"/api/v1/deals/{deal['id']}/start/")
    assert (again.status_code, again.json()["starts_at"]) == (200, deal["starts_at"])
    more = host.post(f"/api/v1/deals/{deal['id']}/extend/", {"seconds": 60})
    assert more.json()["ends_at"] > deal["ends_at"]
    stopped = host.post(f"/api/v1/deals/{deal['id']}/stop/").json()
    assert (stopped["status"], stopped["remaining"], stopped["end_reason"]) == ("ended", 0, "stopped")
    closed = host.post(f"/api/v1/deals/{deal['id']}/extend/", {"seconds": 60})
    assert (closed.status_code, closed.json()["code"]) == (409, "deal_closed")
    assert VariantStock.objects.get(pk=market.variant.pk).available == 100


def test_before_the_show_a_posted_deal_is_planned(market, zhuoma, valkey):
    later = make_session(host=market.host, shop=market.shop, status=SessionStatus.SCHEDULED)
    item = add_to_rundown(session=later, variant=market.variant)
    host = as_(zhuoma)

    deal = host.post(deals_of(later), plan(item)).json()

    assert (deal["status"], deal["starts_at"]) == ("scheduled", None)
    refused = host.post(f"/api/v1/deals/{deal['id']}/start/")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_on_air")
    assert host.post(deals_of(later), plan(item, start=True)).json()["code"] == "not_on_air"
    assert FlashDeal.objects.count() == 1
    assert APIClient().get(deals_of(later)).json() == []
    assert [one["id"] for one in host.get(deals_of(later)).json()] == [deal["id"]]


def test_the_public_sees_what_is_on_and_nothing_of_the_books(session, item, zhuoma, arun):
    running = make_deal(item=item)
    make_deal(item=item, starts=False)

    for client in (APIClient(), as_(arun)):
        (shown,) = client.get(deals_of(session)).json()
        assert shown["id"] == running.pk
        assert not {"sold", "held", "farmer_fen", "end_reason"} & set(shown)
    assert len(as_(zhuoma).get(deals_of(session)).json()) == 2


@pytest.mark.parametrize(
    "field", ["rundown_item", "price_fen", "quantity", "per_buyer", "seconds", "countdown"]
)
@pytest.mark.parametrize("value", [-1, 2**63, "1.5", "NaN", "", [1], {"a": 1}, "<b>"])
def test_a3_hostile_numbers_are_400_and_start_nothing(session, item, zhuoma, field, value):
    answer = as_(zhuoma).post(deals_of(session), plan(item, **{field: value}), format="json")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert not FlashDeal.objects.exists()


def test_a4_state_and_times_that_a_client_sends_are_ignored(session, item, zhuoma):
    body = plan(
        item, status="active", starts_at="2020-01-01T00:00:00Z", ends_at="2099-01-01T00:00:00Z", stock=1
    )

    deal = as_(zhuoma).post(deals_of(session), body, format="json").json()

    assert deal["status"] == "countdown"
    assert deal["ends_at"] < "2099"


def test_refusals_have_their_codes(session, item, market, zhuoma):
    host = as_(zhuoma)
    market.host_authorization.floor_price_bp = 8000
    market.host_authorization.save()

    def code(**changes) -> tuple[int, str]:
        answer = host.post(deals_of(session), plan(item, **changes), format="json")
        return answer.status_code, answer.json()["code"]

    assert code() == (409, "below_floor_price")
    assert code(price_fen=5500, quantity=101) == (409, "stock_too_low")
    assert code(price_fen=5500, rundown_item=item.pk + 999) == (404, "not_found")
    assert not FlashDeal.objects.exists()
    make_deal(item=item, price_fen=5500)
    assert code(price_fen=5500) == (409, "deal_running")


def test_a_moderator_sees_all_stops_and_prices_nothing(session, item, zoya):
    SessionModerator.objects.create(session=session, user=zoya, created_at=utc_now())
    helper = as_(zoya)
    deal = make_deal(item=item)
    one = f"/api/v1/deals/{deal.pk}/"

    assert helper.get(deals_of(session)).json()[0]["farmer_fen"] == 4850
    for answer in (
        helper.post(deals_of(session), plan(item)),
        helper.post(f"{one}start/"),
        helper.post(f"{one}extend/", {"seconds": 60}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert helper.get(f"/api/v1/live-sessions/{session.pk}/deal-terms/").status_code == 404
    assert helper.post(f"{one}stop/").json()["status"] == "ended"


def test_the_terms_are_for_those_who_set_prices(session, item, market, mei):
    market.shop_authorization.floor_price_bp = 7501
    market.shop_authorization.save()

    (terms,) = as_(mei).get(f"/api/v1/live-sessions/{session.pk}/deal-terms/").json()

    assert terms == {
        "rundown_item": item.pk, "title": "高山青稞米", "unit": "500克", "price_fen": 6800, "available": 100,
        "floor_fen": 5101, "host_commission_bp": 0, "platform_fee_bp": 300,
    }  # fmt: skip
