"""The doors of after-sales: keys, scopes, shapes."""

import uuid

import pytest

from common.clock import utc_now
from notifications.models import Notification
from orders.models import AfterSaleCase, RefundRequest
from orders.services.telling_cases import tell_case
from tests.factories.cases import ask, back_on_the_way
from tests.factories.orders import make_shipped
from tests.factories.shops import make_photo

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(market, arun, mei):
    return make_shipped(buyer=arun, seller=mei, variant=market.variant, quantity=3)


def post(client, person, path: str, body: dict | None = None, key: str | None = ""):
    client.force_login(person)
    headers = {} if key is None else {"Idempotency-Key": key or str(uuid.uuid4())}
    return client.post(f"/api/v1/{path}", body or {}, content_type="application/json", headers=headers)


def wish(order, **changes) -> dict:
    lines = [{"line": order.lines.get().pk, "quantity": 1}]
    return {"kind": "refund_only", "reason": "spoiled", "text": "坏了", "lines": lines} | changes


def test_a_wish_opens_one_case_however_often_it_is_sent(client, order, arun):
    path, key = f"orders/{order.number}/after-sales/", str(uuid.uuid4())
    photo = make_photo(user=arun, is_private=True)

    first = post(client, arun, path, wish(order, photos=[photo.pk]), key)
    again = post(client, arun, path, wish(order, photos=[photo.pk]), key)
    other = post(client, arun, path, wish(order, text="别的"), key)

    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert other.json()["code"] == "idempotency_conflict"
    assert first.json() == again.json()
    answer = first.json()
    case = AfterSaleCase.objects.get()
    assert answer["id"] == case.pk
    assert (answer["order"], answer["status"], answer["amount_fen"]) == (order.number, "requested", 6800)
    assert answer["lines"] == [
        {"line": order.lines.get().pk, "quantity": 1, "amount_fen": 6800, "cost_bearer": "farmer"}
    ]
    assert [event["by"] for event in answer["events"]] == ["buyer"]
    assert case.evidence.get().photo == photo


def test_every_move_needs_a_key(client, order, arun, mei):
    case = ask(order, arun)

    for person, path in (
        (arun, f"orders/{order.number}/after-sales/"),
        (mei, f"after-sales/{case.pk}/approve/"),
        (mei, f"after-sales/{case.pk}/reject/"),
        (arun, f"after-sales/{case.pk}/withdraw/"),
    ):
        answer = post(client, person, path, wish(order), key=None)
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")

    case.refresh_from_db()
    assert (case.status, AfterSaleCase.objects.count()) == ("requested", 1)


@pytest.mark.parametrize("quantity", [-1, 0, 10**9, "1.5", "NaN", None])
def test_a3_odd_quantities_are_400(client, order, arun, quantity):
    lines = [{"line": order.lines.get().pk, "quantity": quantity}]

    answer = post(client, arun, f"orders/{order.number}/after-sales/", wish(order, lines=lines))

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert not AfterSaleCase.objects.exists()


def test_a4_what_only_the_market_decides_is_ignored(client, order, arun):
    answer = post(
        client,
        arun,
        f"orders/{order.number}/after-sales/",
        wish(order, status="refunded", freight_fen=99999, cost_bearer="platform", refund_request=1),
    )

    case = AfterSaleCase.objects.get(pk=answer.json()["id"])
    assert (case.status, case.freight_fen, case.lines.get().cost_bearer) == ("requested", 0, "farmer")


def test_a_return_goes_its_way_through_the_doors(client, order, arun, mei):
    case = ask(order, arun, kind="return_and_refund", reason="not_as_described")

    yes = post(client, mei, f"after-sales/{case.pk}/approve/", {"reply": "云岭村 1 号"})
    early = post(client, mei, f"after-sales/{case.pk}/received/")
    parcel = {"carrier": "sf", "tracking_number": "SF 1234-5678"}
    sent = post(client, arun, f"after-sales/{case.pk}/return-shipped/", parcel)
    back = post(client, mei, f"after-sales/{case.pk}/received/", {"restock": False})

    assert [answer.status_code for answer in (yes, early, sent, back)] == [200, 409, 200, 200]
    assert yes.json()["status"] == "awaiting_return"
    assert early.json()["code"] == "move_refused"
    assert sent.json()["return_tracking_number"] == "SF12345678"
    assert (back.json()["status"], back.json()["is_restocked"]) == ("awaiting_refund", False)
    assert RefundRequest.objects.get().amount_fen == 6800


def test_each_sees_their_own_cases_only(client, order, arun, mei, zoya, market):
    case = ask(order, arun)

    seen = {}
    for name, person in (("arun", arun), ("mei", mei), ("zoya", zoya)):
        client.force_login(person)
        seen[name] = [one["id"] for one in client.get("/api/v1/after-sales/").json()["results"]]
    stranger = client.get(f"/api/v1/after-sales/{case.pk}/")

    assert seen == {"arun": [case.pk], "mei": [case.pk], "zoya": []}
    assert (stranger.status_code, stranger.json()["code"]) == (404, "not_found")


def test_a_key_of_one_case_does_not_move_another(client, order, arun, mei):
    one, two = ask(order, arun), ask(order, arun)
    key = str(uuid.uuid4())

    first = post(client, mei, f"after-sales/{one.pk}/approve/", key=key)
    again = post(client, mei, f"after-sales/{one.pk}/approve/", key=key)
    other = post(client, mei, f"after-sales/{two.pk}/approve/", key=key)
    late = post(client, mei, f"after-sales/{one.pk}/approve/")

    assert [answer.status_code for answer in (first, again, other, late)] == [200, 200, 409, 409]
    assert (other.json()["code"], late.json()["code"]) == ("idempotency_conflict", "move_refused")
    assert RefundRequest.objects.count() == 1


def test_a_parcel_number_must_look_like_one(client, order, arun, mei):
    case = ask(order, arun, kind="return_and_refund")
    post(client, mei, f"after-sales/{case.pk}/approve/")

    answer = post(
        client, arun, f"after-sales/{case.pk}/return-shipped/", {"carrier": "sf", "tracking_number": "<b>"}
    )

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["tracking_number"])
    case.refresh_from_db()
    assert case.status == "awaiting_return"
    assert back_on_the_way(case, arun).status == "awaiting_receipt"


def test_the_shop_is_told_of_a_wish_once_and_led_to_the_case(order, arun, market):
    event = ask(order, arun).events.get()

    tell_case(event=event, now=utc_now())
    tell_case(event=event, now=utc_now())

    told = Notification.objects.get(kind="after_sale")
    assert (told.contact_id, told.url) == (market.shop.contact_id, f"/desk/after-sales/{event.case_id}/")
