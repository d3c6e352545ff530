"""Shipping, receiving, cancelling: what each move changes, and what the book says then."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import Sum

from common.errors import Invalid, MoveRefused, NotAllowed, NotFound
from common.models import AuditEntry, OutboxMessage
from ledger.models import LedgerEntry, LedgerTransaction
from orders.errors import TrackingNumberTaken
from orders.models import RefundRequest
from orders.services.cancelling import (
    cancel_by_buyer,
    cancel_by_operator,
    cancel_by_shop,
    expire_group,
    finish_cancelling,
)
from orders.services.receiving import auto_receive, receive_order
from orders.services.refunding import request_refund
from orders.services.shipping import ship_order
from shops.models import VariantStock
from tests.factories.orders import make_paid, make_pin, make_shipped, place_one
from tests.factories.shops import make_product

NOW = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)

pytestmark = pytest.mark.django_db


def counters(variant) -> tuple[int, int, int]:
    stock = VariantStock.objects.get(pk=variant.pk)
    return stock.available, stock.reserved, stock.sold


def entries() -> list[tuple]:
    rows = LedgerEntry.objects.values_list(
        "account__purpose", "account__owner_kind", "account__owner_id", "amount_fen", "source"
    )
    return sorted(rows)


def test_a_paid_order_is_handed_to_a_carrier(market, arun, mei):
    order = make_paid(buyer=arun, variant=market.variant, now=NOW)

    ship_order(actor=mei, number=order.number, carrier="sf", tracking_number="sf 1234-5678", now=LATER)

    order.refresh_from_db()
    assert (order.status, order.shipped_at) == ("shipped", LATER)
    parcel = order.shipments.get()
    assert (parcel.carrier, parcel.tracking_number, parcel.status) == ("sf", "SF12345678", "shipped")
    assert AuditEntry.objects.get(target=f"order:{order.pk}").action == "orders.ship"
    assert counters(market.variant) == (99, 0, 1)


def test_shipping_again_with_the_same_parcel_changes_nothing(market, arun, mei):
    order = make_paid(buyer=arun, variant=market.variant, now=NOW)
    parcel = {"actor": mei, "number": order.number, "carrier": "sf", "tracking_number": "SF12345678"}
    ship_order(now=LATER, **parcel)

    ship_order(now=LATER + timedelta(hours=1), **parcel)

    order.refresh_from_db()
    assert (order.shipped_at, order.shipments.count()) == (LATER, 1)


@pytest.mark.parametrize(
    ("carrier", "tracking_number", "field"),
    [
        ("horse", "SF12345678", "carrier"),
        ("sf", "123", "tracking_number"),
        ("sf", "=HYPERLINK()", "tracking_number"),
        ("sf", "１２３４５６７８９", "tracking_number"),
        ("sf", "A" * 31, "tracking_number"),
    ],
)
def test_a_parcel_that_cannot_be_is_refused(market, arun, mei, carrier, tracking_number, field):
    order = make_paid(buyer=arun, variant=market.variant, now=NOW)

    with pytest.raises(Invalid) as refusal:
        ship_order(actor=mei, number=order.number, carrier=carrier, tracking_number=tracking_number, now=NOW)

    assert list(refusal.value.fields) == [field]
    order.refresh_from_db()
    assert (order.status, order.shipments.count()) == ("paid", 0)


def test_a_tracking_number_serves_one_parcel(market, arun, mei):
    first, second = (make_paid(buyer=arun, variant=market.variant, now=NOW) for _ in range(2))
    ship_order(actor=mei, number=first.number, carrier="sf", tracking_number="SF12345678", now=NOW)

    with pytest.raises(TrackingNumberTaken):
        ship_order(actor=mei, number=second.number, carrier="sf", tracking_number="SF12345678", now=NOW)

    second.refresh_from_db()
    assert second.status == "paid"


def test_unpaid_orders_and_other_peoples_are_not_shipped(market, arun, mei, zoya):
    unpaid = place_one(buyer=arun, variant=market.variant, now=NOW)
    paid = make_paid(buyer=arun, variant=market.variant, now=NOW)
    parcel = {"carrier": "sf", "tracking_number": "SF12345678", "now": NOW}

    with pytest.raises(MoveRefused):
        ship_order(actor=mei, number=unpaid.number, **parcel)
    for stranger in (zoya, arun):
        with pytest.raises(NotFound):
            ship_order(actor=stranger, number=paid.number, **parcel)

    paid.refresh_from_db()
    assert paid.status == "paid"


def test_receiving_completes_and_shares_out_exactly_what_was_frozen(market, arun, mei):
    _, source = make_pin(host=market.host, shop=market.shop, variant=market.variant, live_price_fen=5900)
    order = make_shipped(buyer=arun, seller=mei, variant=market.variant, quantity=3, source=source, now=NOW)
    line = order.lines.get()

    receive_order(buyer=arun, number=order.number, now=LATER)

    order.refresh_from_db()
    assert (order.status, order.delivered_at, order.completed_at) == ("completed", LATER, LATER)
    assert order.shipments.get().status == "delivered"
    # 17700 = 16284 + 885 (5 %) + 531 (3 %)
    assert entries() == sorted(
        [
            ("buyer_held", "system", 0, 18500, f"order:{order.pk}"),
            ("farmer_payable", "farmer", market.farmer.pk, -16284, f"order_line:{line.pk}"),
            ("host_payable", "host", market.host.pk, -885, f"order_line:{line.pk}"),
            ("platform_fee", "system", 0, -531, f"order_line:{line.pk}"),
            ("freight_payable", "shop", market.shop.pk, -800, f"order:{order.pk}"),
        ]
    )
    assert LedgerTransaction.objects.get().key == f"completion:{order.pk}"


def test_goods_without_a_farmer_pay_their_shop(market, arun, mei):
    variant = make_product(shop=market.shop, title="布袋", price_fen=1000).variants.get()
    order = make_shipped(buyer=arun, seller=mei, variant=variant, now=NOW)

    receive_order(buyer=arun, number=order.number, now=LATER)

    payable = LedgerEntry.objects.get(account__purpose="shop_payable")
    assert (payable.amount_fen, payable.account.owner_id) == (-970, market.shop.pk)


def test_receiving_twice_posts_once_and_before_shipping_not_at_all(market, arun, mei, zoya):
    unshipped = make_paid(buyer=arun, variant=market.variant, now=NOW)
    with pytest.raises(MoveRefused):
        receive_order(buyer=arun, number=unshipped.number, now=LATER)
    order = make_shipped(buyer=arun, seller=mei, variant=market.variant, now=NOW)
    with pytest.raises(NotFound):
        receive_order(buyer=zoya, number=order.number, now=LATER)
    assert not LedgerTransaction.objects.exists()

    for _ in range(2):
        receive_order(buyer=arun, number=order.number, now=LATER)

    assert LedgerTransaction.objects.count() == 1
    assert LedgerEntry.objects.aggregate(sum=Sum("amount_fen"))["sum"] == 0


def test_an_untracked_parcel_nobody_confirms_is_completed_after_ten_days(market, arun, mei):
    order = make_shipped(buyer=arun, seller=mei, variant=market.variant, now=NOW)

    assert auto_receive(now=NOW + timedelta(days=9, hours=23)) == 0
    assert auto_receive(now=NOW + timedelta(days=10)) == 1
    assert auto_receive(now=NOW + timedelta(days=11)) == 0

    order.refresh_from_db()
    assert (order.status, order.completed_at) == ("completed", NOW + timedelta(days=10))


def test_an_unpaid_purchase_is_held_until_the_provider_is_closed(market, arun):
    order = place_one(buyer=arun, variant=market.variant, quantity=2, now=NOW)

    cancel_by_buyer(buyer=arun, number=order.number, now=LATER)

    order.refresh_from_db()
    assert (order.status, counters(market.variant)) == ("cancelling", (98, 2, 0))
    assert OutboxMessage.objects.filter(task="payments.close_group").count() == 1

    finish_cancelling(group_id=order.group_id, now=LATER)

    order.refresh_from_db()
    assert (order.status, order.cancelled_at) == ("cancelled", LATER)
    assert counters(market.variant) == (100, 0, 0)
    assert finish_cancelling(group_id=order.group_id, now=LATER) is False
    assert not RefundRequest.objects.exists()


def test_only_purchases_whose_time_is_over_expire(market, arun):
    order = place_one(buyer=arun, variant=market.variant, now=NOW)

    assert expire_group(group_id=order.group_id, now=NOW + timedelta(minutes=14)) is False
    assert expire_group(group_id=order.group_id, now=NOW + timedelta(minutes=15)) is True
    assert expire_group(group_id=order.group_id, now=NOW + timedelta(minutes=16)) is False

    order.refresh_from_db()
    assert (order.status, order.cancel_reason) == ("cancelling", "expired")


@pytest.mark.parametrize("who", ["buyer", "shop"])
def test_a_paid_order_is_cancelled_with_all_the_money_and_the_goods_go_back(market, arun, mei, who):
    order = make_paid(buyer=arun, variant=market.variant, quantity=2, now=NOW)

    for _ in range(2):
        if who == "buyer":
            cancel_by_buyer(buyer=arun, number=order.number, now=LATER)
        else:
            cancel_by_shop(actor=mei, number=order.number, words="冰雹打坏了", now=LATER)

    order.refresh_from_db()
    assert (order.status, order.refund_requested_fen) == ("cancelled", 14400)
    request = RefundRequest.objects.get()
    assert (request.amount_fen, request.reason, request.status) == (
        14400,
        f"cancelled_by_{who}",
        "requested",
    )
    assert counters(market.variant) == (100, 0, 0)
    assert order.cancel_reason == ("buyer" if who == "buyer" else "冰雹打坏了")


def test_what_is_on_its_way_cannot_be_cancelled_nor_by_strangers(market, arun, mei, zoya):
    order = make_shipped(buyer=arun, seller=mei, variant=market.variant, now=NOW)
    unpaid = place_one(buyer=arun, variant=market.variant, now=NOW)

    with pytest.raises(MoveRefused):
        cancel_by_buyer(buyer=arun, number=order.number, now=LATER)
    with pytest.raises(MoveRefused):
        cancel_by_shop(actor=mei, number=order.number, now=LATER)
    with pytest.raises(MoveRefused):
        cancel_by_shop(actor=mei, number=unpaid.number, now=LATER)
    with pytest.raises(NotFound):
        cancel_by_buyer(buyer=zoya, number=order.number, now=LATER)
    with pytest.raises(NotFound):
        cancel_by_shop(actor=zoya, number=order.number, now=LATER)

    assert not RefundRequest.objects.exists()


def test_a_shop_does_not_call_off_what_is_being_closed_at_the_provider(market, arun, mei):
    make_paid(buyer=arun, variant=market.variant, quantity=5, now=NOW)
    order = place_one(buyer=arun, variant=market.variant, quantity=2, now=NOW)
    cancel_by_buyer(buyer=arun, number=order.number, now=NOW)

    with pytest.raises(MoveRefused):
        cancel_by_shop(actor=mei, number=order.number, now=LATER)

    # The two units are held until the provider has answered: they were never sold, and come back once.
    assert counters(market.variant) == (93, 2, 5)
    finish_cancelling(group_id=order.group_id, now=LATER)
    assert counters(market.variant) == (95, 0, 5)


def test_never_more_is_promised_back_than_was_captured(market, arun):
    order = make_paid(buyer=arun, variant=market.variant, now=NOW)
    wish = {"order": order, "reason": "cancelled_by_shop", "requested_by": "system", "now": NOW}
    request_refund(amount_fen=7000, **wish)

    with pytest.raises(MoveRefused):
        request_refund(amount_fen=601, **wish)

    order.refresh_from_db()
    assert order.refund_requested_fen == 7000


def test_an_operator_calls_off_with_a_reason_that_is_kept(market, arun, operator):
    unpaid = place_one(buyer=arun, variant=market.variant, now=NOW)
    paid = make_paid(buyer=arun, variant=market.variant, now=NOW)

    for order in (unpaid, paid):
        cancel_by_operator(actor=operator, number=order.number, now=LATER, reason="错误的上架")
        order.refresh_from_db()

    assert (unpaid.status, paid.status) == ("cancelling", "cancelled")
    assert RefundRequest.objects.get().order == paid
    audits = AuditEntry.objects.filter(action="orders.cancel").values_list("actor", "reason")
    assert set(audits) == {(f"user:{operator.pk}", "错误的上架")}


def test_only_operators_call_off_anybodys_order_and_say_why(market, arun, mei, operator):
    order = make_paid(buyer=arun, variant=market.variant, now=NOW)

    with pytest.raises(NotAllowed):
        cancel_by_operator(actor=mei, number=order.number, now=LATER, reason="错误的上架")
    with pytest.raises(Invalid):
        cancel_by_operator(actor=operator, number=order.number, now=LATER, reason="  ")

    order.refresh_from_db()
    assert (order.status, RefundRequest.objects.count()) == ("paid", 0)
