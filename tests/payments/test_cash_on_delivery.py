"""Cash on delivery (decisions.md 15): promised, shipped, paid at the door or refused there."""

import uuid
from datetime import timedelta

import pytest
from django.db.models import Sum

from common.audit import actor_of
from common.clock import utc_now
from common.errors import Invalid, MoveRefused, NotFound
from common.models import AuditEntry, OutboxMessage
from ledger.errors import PostingConflict
from ledger.models import LedgerEntry, LedgerTransaction
from orders.errors import CashDue, PurchaseExpired
from orders.models import Order, RefundRequest
from orders.services.cancelling import cancel_by_buyer, cancel_by_shop
from orders.services.confirming import refuse_parcel
from orders.services.receiving import auto_receive, receive_order
from orders.services.refunding import request_refund
from orders.services.shipping import ship_order
from payments.errors import CashNotOffered, UnknownGateway
from payments.models import Payment, Refund
from payments.services.closing import check_payment
from payments.services.collecting import confirm_cash, is_cash_offered, record_cash
from payments.services.refunding import execute_refund
from payments.services.starting import start_payment
from shops.models import VariantStock
from tests.factories.orders import place_one
from tests.factories.providers import begin

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _offered(settings):
    settings.PAYMENT_GATEWAYS = ["cash_on_delivery"]


def confirm(arun, order, **options) -> bool:
    wanted = {"buyer": arun, "group_id": order.group_id, "idempotency_key": uuid.uuid4(), "now": utc_now()}
    return confirm_cash(**wanted | options)


def confirmed(arun, market, **options) -> Order:
    order = place_one(buyer=arun, variant=market.variant, **options)
    confirm(arun, order)
    return Order.objects.get(pk=order.pk)


def shipped(arun, mei, market, **options) -> Order:
    order = confirmed(arun, market, **options)
    number = f"SF{uuid.uuid4().int % 10**12:012d}"
    return ship_order(actor=mei, number=order.number, carrier="sf", tracking_number=number, now=utc_now())


def note(mei, order, holder="carrier", **options) -> Order:
    wanted = {"actor": mei, "number": order.number, "holder": holder, "amount_fen": order.total_fen}
    return record_cash(**wanted | {"now": utc_now()} | options)


def counters(variant) -> tuple[int, int, int]:
    stock = VariantStock.objects.get(pk=variant.pk)
    return stock.available, stock.reserved, stock.sold


def sums() -> dict[str, int]:
    found = LedgerEntry.objects.values_list("account__purpose").annotate(Sum("amount_fen"))
    return {purpose: fen for purpose, fen in found if fen}


def status_of(order) -> str:
    return Order.objects.get(pk=order.pk).status


def test_a_promise_of_cash_sells_the_units_and_lets_the_parcel_go(market, arun, mei):
    order = place_one(buyer=arun, variant=market.variant, quantity=2)
    key = uuid.uuid4()

    assert [confirm(arun, order, idempotency_key=key) for _ in range(2)] == [False, True]

    order.refresh_from_db()
    assert (order.status, order.paid_at, order.captured_fen) == ("confirmed", None, 0)
    assert order.is_cash_due
    assert counters(market.variant) == (98, 0, 2)
    assert not LedgerTransaction.objects.exists()
    assert OutboxMessage.objects.filter(task="orders.after_confirmed").count() == 1
    assert not Payment.objects.exists()


def test_the_cash_of_a_parcel_is_owed_by_its_carrier_and_shared_out(market, arun, mei):
    order = shipped(arun, mei, market)
    assert sums() == {}

    for _ in range(2):
        note(mei, order)

    order.refresh_from_db()
    assert (order.status, order.captured_fen) == ("completed", 7600)
    assert order.paid_at is not None
    booked = sums()
    assert booked.pop("carrier_cash") == 7600
    assert "cash" not in booked
    assert "buyer_held" not in booked
    assert sum(booked.values()) == -7600
    assert booked["farmer_payable"] < 0
    payment = Payment.objects.get()
    assert (payment.gateway, payment.method, payment.status, payment.amount_fen) == (
        "cash_on_delivery", "cash", "succeeded", 7600,
    )  # fmt: skip
    entry = AuditEntry.objects.get(action="payments.record_cash")
    assert (entry.actor, entry.after) == (actor_of(mei), {"captured_fen": 7600, "holder": "carrier"})


def test_cash_that_the_shop_took_is_owed_by_the_shop(market, arun, mei):
    order = shipped(arun, mei, market)

    note(mei, order, holder="shop")

    owed = LedgerEntry.objects.get(account__purpose="shop_cash")
    assert (owed.amount_fen, owed.account.owner_kind, owed.account.owner_id) == (7600, "shop", market.shop.pk)
    with pytest.raises(PostingConflict):
        note(mei, order, holder="carrier")
    assert LedgerTransaction.objects.filter(kind="cash_collected").count() == 1


def test_only_the_shop_notes_cash_and_only_the_right_sum_at_the_right_time(market, arun, mei, zoya):
    order = confirmed(arun, market)
    with pytest.raises(MoveRefused):
        note(mei, order)
    ship_order(actor=mei, number=order.number, carrier="sf", tracking_number="SF12345678", now=utc_now())

    for person in (arun, zoya):
        with pytest.raises(NotFound):
            note(person, order)
        with pytest.raises(NotFound):
            refuse_parcel(actor=person, number=order.number, now=utc_now())
    for wrong in ({"amount_fen": 7599}, {"amount_fen": 0}, {"holder": "arun"}):
        with pytest.raises(Invalid):
            note(mei, order, **wrong)

    assert (status_of(order), sums()) == ("shipped", {})


def test_a_refused_parcel_goes_back_to_the_shelf_and_nobody_is_owed_anything(market, arun, mei):
    order = shipped(arun, mei, market, quantity=2)

    for _ in range(2):
        refuse_parcel(actor=mei, number=order.number, now=utc_now())

    order.refresh_from_db()
    assert (order.status, order.cancel_reason) == ("cancelled", "refused")
    assert order.shipments.get().status == "cancelled"
    assert counters(market.variant)[0] == 100
    assert (sums(), RefundRequest.objects.count()) == ({}, 0)
    with pytest.raises(MoveRefused):
        note(mei, order)
    assert OutboxMessage.objects.filter(task="orders.after_cancelled").count() == 1


def test_a_paid_parcel_is_not_taken_back_as_refused(market, arun, mei):
    order = shipped(arun, mei, market)
    with pytest.raises(MoveRefused):
        refuse_parcel(actor=mei, number=confirmed(arun, market).number, now=utc_now())
    note(mei, order)

    with pytest.raises(MoveRefused):
        refuse_parcel(actor=mei, number=order.number, now=utc_now())

    assert status_of(order) == "completed"


@pytest.mark.parametrize("by_shop", [False, True])
def test_a_confirmed_order_is_called_off_without_a_refund(market, arun, mei, by_shop):
    order = confirmed(arun, market)

    if by_shop:
        cancel_by_shop(actor=mei, number=order.number, now=utc_now())
    else:
        cancel_by_buyer(buyer=arun, number=order.number, now=utc_now())

    assert (status_of(order), counters(market.variant)[0]) == ("cancelled", 100)
    assert not RefundRequest.objects.exists()
    with pytest.raises(MoveRefused):
        refuse_parcel(actor=mei, number=order.number, now=utc_now())


def test_neither_the_buyers_word_nor_time_completes_what_is_not_paid(market, arun, mei):
    order = shipped(arun, mei, market)

    with pytest.raises(CashDue):
        receive_order(buyer=arun, number=order.number, now=utc_now())
    assert auto_receive(now=utc_now() + timedelta(days=60)) == 0

    assert (status_of(order), sums()) == ("shipped", {})


def test_only_the_buyer_promises_in_time_and_where_it_is_offered(market, arun, zoya, settings):
    order = place_one(buyer=arun, variant=market.variant)

    with pytest.raises(NotFound):
        confirm(zoya, order)
    with pytest.raises(PurchaseExpired):
        confirm(arun, order, now=order.group.expires_at)
    settings.CASH_ON_DELIVERY_MAX_FEN = 7599
    with pytest.raises(CashNotOffered):
        confirm(arun, order)
    settings.PAYMENT_GATEWAYS = ["sandbox"]
    with pytest.raises(UnknownGateway):
        confirm(arun, order)

    assert (status_of(order), counters(market.variant)) == ("pending_payment", (99, 1, 0))


def test_one_buyer_has_few_unpaid_parcels_under_way(market, arun, mei, settings):
    settings.CASH_ORDERS_OPEN_MAX = 2
    first, second, third = (place_one(buyer=arun, variant=market.variant) for _ in range(3))
    confirm(arun, first)
    confirm(arun, second)
    assert not is_cash_offered(third.group)
    with pytest.raises(CashNotOffered):
        confirm(arun, third)

    ship_order(actor=mei, number=first.number, carrier="sf", tracking_number="SF12345678", now=utc_now())
    note(mei, first)

    confirm(arun, third)
    assert status_of(third) == "confirmed"


def test_cash_has_no_way_back_through_a_provider(market, arun, mei):
    order = shipped(arun, mei, market)
    note(mei, order)
    order.refresh_from_db()
    request = request_refund(
        order=order, amount_fen=100, reason="cancelled_by_shop", requested_by="x", now=utc_now()
    )

    refund = execute_refund(request_id=request.pk, now=utc_now())

    assert (refund.status, refund.last_error) == ("failed", "paid in cash: give it back by hand")
    request.refresh_from_db()
    assert request.status == "failed"


@pytest.mark.django_db(transaction=True)
def test_b9_money_from_a_provider_after_the_promise_of_cash_goes_back(market, arun, providers, settings):
    settings.PAYMENT_GATEWAYS = ["wechatpay", "cash_on_delivery"]
    order = place_one(buyer=arun, variant=market.variant)
    payment = begin(arun, order, "wechatpay")
    confirm(arun, order)
    assert OutboxMessage.objects.filter(task="payments.close_group").count() == 1

    providers.pay(payment)
    check_payment(payment=payment, now=utc_now() + timedelta(seconds=3))

    assert status_of(order) == "confirmed"
    refund = Refund.objects.get()
    assert (refund.payment, refund.amount_fen) == (payment, 7600)
    assert sums() == {"cash": 7600, "unmatched": -7600}
    with pytest.raises(MoveRefused):
        start_payment(
            buyer=arun, group_id=order.group_id, gateway="wechatpay", method="native", now=utc_now(),
            idempotency_key=uuid.uuid4(), origin="http://testserver",
        )  # fmt: skip


def test_the_api_confirms_notes_and_takes_back(client, market, arun, mei):
    order = place_one(buyer=arun, variant=market.variant)
    client.force_login(arun)
    key = "0f0e0d0c-0b0a-4908-8706-050403020100"

    answers = [
        client.post(
            f"/api/v1/order-groups/{order.group_id}/pay/", {"gateway": "cash_on_delivery"},
            content_type="application/json", headers={"Idempotency-Key": key},
        )
        for _ in range(2)
    ]  # fmt: skip

    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == {
        "payment": None, "next": {"kind": "done", "url": "", "page": f"/orders/{order.number}/"},
    }  # fmt: skip
    ship_order(actor=mei, number=order.number, carrier="sf", tracking_number="SF12345678", now=utc_now())
    client.force_login(mei)
    cash = f"/api/v1/orders/{order.number}/cash/"
    wrong = client.post(cash, {"holder": "shop", "amount_fen": 1}, content_type="application/json")
    right = client.post(cash, {"holder": "shop", "amount_fen": 7600}, content_type="application/json")
    assert (wrong.status_code, right.status_code, right.json()["status"]) == (400, 200, "completed")
    refused = client.post(f"/api/v1/orders/{order.number}/refused/")
    assert (refused.status_code, refused.json()["code"]) == (409, "move_refused")


def test_the_desk_shows_what_is_due_and_notes_it(client, market, arun, mei):
    order = shipped(arun, mei, market)
    client.force_login(mei)
    page = client.get(f"/desk/orders/{order.number}/").content.decode()
    assert 'name="holder"' in page
    assert "76.00" in page

    client.post(f"/desk/orders/{order.number}/cash/", {"holder": "carrier", "amount_fen": "7600"})

    assert status_of(order) == "completed"
    assert 'name="holder"' not in client.get(f"/desk/orders/{order.number}/").content.decode()


def test_the_desk_lists_confirmed_orders_to_ship_and_takes_a_parcel_back(client, market, arun, mei):
    order = confirmed(arun, market)
    client.force_login(mei)
    assert order.number in client.get("/desk/orders/").content.decode()
    ship_order(actor=mei, number=order.number, carrier="sf", tracking_number="SF12345678", now=utc_now())

    client.post(f"/desk/orders/{order.number}/refused/")

    assert (status_of(order), counters(market.variant)[0]) == ("cancelled", 100)
