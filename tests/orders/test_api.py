import uuid

import pytest

from orders.models import CartLine, Order, OrderGroup
from shops.models import VariantStock
from tests.factories.orders import make_address, make_paid, make_pin, make_shipped, place_one

pytestmark = pytest.mark.django_db

ORDERS = "/api/v1/orders/"


@pytest.fixture
def as_arun(client, arun):
    client.force_login(arun)
    return client


def place(client, market, *, key: str | None = "", **changes):
    body = {"lines": [{"variant": market.variant.pk, "quantity": 2}], "address": market.address.pk} | changes
    headers = {} if key is None else {"Idempotency-Key": key or str(uuid.uuid4())}
    return client.post(ORDERS, body, content_type="application/json", headers=headers)


def test_placing_answers_201_and_the_same_key_200_with_the_same_answer(as_arun, market):
    key = str(uuid.uuid4())

    first = place(as_arun, market, key=key)
    again = place(as_arun, market, key=key)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    group = OrderGroup.objects.get()
    order = group.orders.get()
    assert first.json() == {
        "group": group.pk,
        "orders": [{"number": order.number, "shop": market.shop.pk, "total_fen": 14400}],
        "total_fen": 14400,
        "expires_at": group.expires_at.isoformat().replace("+00:00", "Z"),
    }
    other = place(as_arun, market, key=key, note="other")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")


@pytest.mark.parametrize("key", [None, "abc", "1"])
def test_a_key_is_required(as_arun, market, key):
    answer = place(as_arun, market, key=key)

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "quantity", ["-1", "0", "1e9", '"1.5"', "1.5", "NaN", "null", "[]", '"many"', "1000"]
)
def test_a3_bad_quantities_are_400(as_arun, market, quantity):
    body = f'{{"lines": [{{"variant": {market.variant.pk}, "quantity": {quantity}}}], "address": 1}}'

    answer = as_arun.post(
        ORDERS, body, content_type="application/json", headers={"Idempotency-Key": str(uuid.uuid4())}
    )

    assert answer.status_code == 400
    assert set(answer.json()) >= {"code", "message"}
    assert not Order.objects.exists()
    assert VariantStock.objects.get(pk=market.variant.pk).reserved == 0


def test_a4_prices_and_shares_sent_by_the_client_are_ignored(as_arun, market):
    line = {
        "variant": market.variant.pk, "quantity": 1, "price_fen": 1, "total_fen": 1,
        "host_commission_bp": 9999,
    }  # fmt: skip

    answer = place(as_arun, market, lines=[line], total_fen=1, freight_fen=0, status="paid", buyer=1)

    assert (answer.status_code, answer.json()["total_fen"]) == (201, 7600)
    order = Order.objects.get()
    assert (order.status, order.lines.get().price_fen) == ("pending_payment", 6800)
    assert not order.lines.get().commissions.filter(kind="host").exists()


def test_c1_somebody_elses_address_is_404(as_arun, market, zoya):
    answer = place(as_arun, market, address=make_address(user=zoya).pk)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert not Order.objects.exists()


def test_refusals_have_their_codes(as_arun, market):
    VariantStock.objects.filter(pk=market.variant.pk).update(available=1)
    _, source = make_pin(host=market.host, shop=market.shop, variant=market.variant, per_buyer_limit=1,
                         live_price_fen=5000)  # fmt: skip

    sold_out = place(as_arun, market)
    forged = place(as_arun, market, source="forged")
    limited = place(as_arun, market, source=source)
    gone = place(as_arun, market, lines=[{"variant": 10**9, "quantity": 1}])
    twice = place(as_arun, market, lines=[{"variant": market.variant.pk, "quantity": 1}] * 2)

    answers = (sold_out, forged, limited, gone, twice)
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (409, "sold_out"),
        (400, "bad_source"),
        (409, "limit_per_buyer"),
        (404, "not_on_sale"),
        (400, "invalid"),
    ]
    assert not Order.objects.exists()


def test_signing_in_is_required(client, market):
    calls = [
        ("get", ORDERS),
        ("post", ORDERS),
        ("get", "/api/v1/cart/lines/"),
        ("post", "/api/v1/order-groups/1/pay/"),
        ("get", "/api/v1/payments/1/"),
    ]
    for method, path in calls:
        assert getattr(client, method)(path).status_code == 401


def test_buyer_and_shop_see_the_order_and_a_stranger_does_not(client, market, arun, mei, zoya):
    order = make_paid(buyer=arun, variant=market.variant)
    unpaid = place_one(buyer=arun, variant=market.variant)

    seen = {}
    for person in (arun, mei, zoya):
        client.force_login(person)
        seen[person.display_name] = (
            client.get(f"{ORDERS}{order.number}/").status_code,
            client.get(f"{ORDERS}{unpaid.number}/").status_code,
            [row["number"] for row in client.get(ORDERS).json()["results"]],
        )

    assert seen == {
        "阿润": (200, 200, [unpaid.number, order.number]),
        "梅姐": (200, 404, [order.number]),
        "佐雅": (404, 404, []),
    }


def test_the_whole_way_of_an_order(client, market, arun, mei, zoya):
    order = make_paid(buyer=arun, variant=market.variant)
    path = f"{ORDERS}{order.number}/"
    parcel = {"carrier": "sf", "tracking_number": "SF12345678"}

    def post(person, move, body=None):
        client.force_login(person)
        answer = client.post(f"{path}{move}/", body or {}, content_type="application/json")
        return answer.status_code, answer.json().get("status") or answer.json()["code"]

    assert post(zoya, "ship", parcel) == (404, "not_found")
    assert post(arun, "ship", parcel) == (404, "not_found")
    assert post(arun, "receive") == (409, "move_refused")
    assert post(mei, "ship", {"carrier": "horse", "tracking_number": "1"}) == (400, "invalid")
    assert post(mei, "ship", parcel) == (200, "shipped")
    assert post(mei, "receive") == (404, "not_found")
    assert post(arun, "cancel") == (409, "move_refused")
    assert post(zoya, "cancel") == (404, "not_found")
    assert post(arun, "receive") == (200, "completed")
    client.force_login(arun)
    shown = client.get(path).json()
    assert shown["shipments"][0]["tracking_number"] == "SF12345678"
    assert shown["lines"][0]["title"] == "高山青稞米"


def test_the_shop_cancels_a_paid_order_and_says_why(client, market, arun, mei):
    order = make_paid(buyer=arun, variant=market.variant)
    client.force_login(mei)

    answer = client.post(
        f"{ORDERS}{order.number}/cancel/", {"reason": "冰雹"}, content_type="application/json"
    )

    assert (answer.json()["status"], answer.json()["cancel_reason"]) == ("cancelled", "冰雹")
    assert answer.json()["refund_requested_fen"] == 7600


def test_the_cart_is_the_persons_own(client, market, arun, zoya):
    client.force_login(arun)
    line = client.post(
        "/api/v1/cart/lines/", {"variant": market.variant.pk, "quantity": 2}, content_type="application/json"
    ).json()
    path = f"/api/v1/cart/lines/{line['id']}/"
    assert (line["quantity"], line["price_fen"]) == (2, 6800)
    change = {"data": {"quantity": 5}, "content_type": "application/json"}
    assert client.patch(path, **change).json()["quantity"] == 5
    assert client.patch(path, {"quantity": 0}, content_type="application/json").status_code == 400

    client.force_login(zoya)
    assert client.patch(path, **change).status_code == 404
    assert client.delete(path).status_code == 404
    assert client.get("/api/v1/cart/lines/").json() == []

    client.force_login(arun)
    assert client.delete(path).status_code == 204
    assert not CartLine.objects.exists()


def test_paying_answers_where_to_go_and_strangers_find_nothing(client, market, arun, zoya, sandbox):
    order = place_one(buyer=arun, variant=market.variant)
    path, key = f"/api/v1/order-groups/{order.group_id}/pay/", str(uuid.uuid4())

    def pay(body):
        return client.post(path, body, content_type="application/json", headers={"Idempotency-Key": key})

    client.force_login(zoya)
    assert pay({"gateway": "sandbox"}).status_code == 404
    client.force_login(arun)
    assert pay({"gateway": "gold"}).json()["code"] == "unknown_gateway"
    assert client.post(path, {"gateway": "sandbox"}, content_type="application/json").status_code == 400
    first, again = pay({"gateway": "sandbox"}), pay({"gateway": "sandbox"})

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json()["next"]["kind"] == "redirect"
    assert first.json()["next"]["url"].startswith("/sandbox-pay/pay_")
    payment = f"/api/v1/payments/{first.json()['payment']}/"
    shown = client.get(payment).json()
    assert (shown["status"], shown["amount_fen"], shown["orders"]) == ("pending", 7600, [order.number])
    client.force_login(zoya)
    assert client.get(payment).status_code == 404


def test_receiving_twice_answers_the_same(client, market, arun, mei):
    order = make_shipped(buyer=arun, seller=mei, variant=market.variant)
    client.force_login(arun)

    answers = [client.post(f"{ORDERS}{order.number}/receive/") for _ in range(2)]

    assert [answer.json()["status"] for answer in answers] == ["completed", "completed"]


def test_f2_orders_are_placed_and_paid_while_valkey_is_away(client, market, arun, sandbox, valkey_away):
    client.force_login(arun)

    placed = place(client, market)
    paid = client.post(
        f"/api/v1/order-groups/{placed.json()['group']}/pay/",
        {"gateway": "sandbox"},
        content_type="application/json",
        headers={"Idempotency-Key": str(uuid.uuid4())},
    )

    assert (placed.status_code, paid.status_code) == (201, 201)


def test_whoever_orders_without_end_is_asked_to_wait(client, market, arun, settings):
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {
        "DEFAULT_THROTTLE_RATES": settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] | {"order": "2/min"}
    }
    client.force_login(arun)

    answers = [place(client, market).status_code for _ in range(3)]

    assert answers == [201, 201, 429]
    assert client.get(ORDERS).status_code == 200
