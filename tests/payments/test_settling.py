from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import Sum

from common.models import OutboxMessage
from ledger.models import LedgerEntry, LedgerTransaction
from orders.services.cancelling import (
    cancel_by_buyer,
    cancel_by_operator,
    expire_group,
    finish_cancelling,
)
from payments.gateways.base import Facts
from payments.models import PaymentCallback, Refund
from payments.services.settling import settle_payment
from shops.models import VariantStock
from shops.services.listing import ListingData, VariantData, save_product
from tests.factories.orders import make_payment, place_one
from tests.factories.shops import make_person

NOW = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
TOO_LATE = NOW + timedelta(minutes=20)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _keys(sandbox):
    """The adapter needs its keys; nothing goes over the network here."""


def facts_of(payment, **changes) -> Facts:
    known = Facts(
        merchant="village-market-demo",
        app="web",
        reference=payment.reference,
        provider_reference=payment.provider_reference,
        state="paid",
        amount_fen=payment.amount_fen,
        currency="CNY",
    )
    return replace(known, **changes)


def entries() -> list[tuple]:
    return sorted(LedgerEntry.objects.values_list("account__purpose", "amount_fen", "source"))


def counters(variant) -> tuple[int, int, int]:
    stock = VariantStock.objects.get(pk=variant.pk)
    return stock.available, stock.reserved, stock.sold


def test_money_pays_the_purchase_once_however_often_it_is_reported(market, arun):
    order = place_one(buyer=arun, variant=market.variant, quantity=2, now=NOW)
    payment = make_payment(group=order.group)

    for _ in range(3):
        settled = settle_payment(payment_id=payment.pk, facts=facts_of(payment), now=LATER)

    assert (settled.payment.status, settled.payment.succeeded_at, settled.problem) == ("succeeded", LATER, "")
    order.refresh_from_db()
    assert (order.status, order.paid_at, order.captured_fen) == ("paid", LATER, 14400)
    assert counters(market.variant) == (98, 0, 2)
    source = f"payment:{payment.pk}"
    assert entries() == [("buyer_held", -14400, source), ("cash", 14400, source)]
    assert OutboxMessage.objects.filter(task="orders.after_paid").count() == 1
    assert not Refund.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"amount_fen": 1},
        {"amount_fen": 76000},
        {"currency": "USD"},
        {"merchant": "somebody-else"},
        {"app": "other"},
        {"reference": "P0"},
        {"provider_reference": "pay_other"},
    ],
)
def test_b4_what_does_not_match_is_quarantined_and_pays_nothing(market, arun, change):
    order = place_one(buyer=arun, variant=market.variant, now=NOW)
    payment = make_payment(group=order.group)
    callback = PaymentCallback.objects.create(
        gateway="sandbox", event_id="evt_1", body=b"{}", received_at=LATER
    )

    settled = settle_payment(
        payment_id=payment.pk, facts=facts_of(payment, **change), now=LATER, callback=callback
    )

    assert next(iter(change)) in settled.problem
    callback.refresh_from_db()
    assert (callback.outcome, callback.payment, callback.processed_at) == ("quarantined", payment, LATER)
    order.refresh_from_db()
    payment.refresh_from_db()
    assert (order.status, payment.status, counters(market.variant)) == (
        "pending_payment",
        "pending",
        (99, 1, 0),
    )
    assert not LedgerEntry.objects.filter(account__purpose="buyer_held").exists()


def test_b4_real_money_of_another_amount_is_in_the_book_as_unmatched(market, arun):
    order = place_one(buyer=arun, variant=market.variant, now=NOW)
    payment = make_payment(group=order.group)

    for _ in range(2):
        settle_payment(payment_id=payment.pk, facts=facts_of(payment, amount_fen=5000), now=LATER)

    source = f"payment:{payment.pk}"
    assert entries() == [("cash", 5000, source), ("unmatched", -5000, source)]
    # Asked by ourselves, so the answer is kept for operators and we stop asking.
    payment.refresh_from_db()
    assert payment.status == "failed"
    assert PaymentCallback.objects.get().event_id == f"query:{payment.reference}"


def test_b8_late_money_takes_the_units_again_while_there_are_enough(market, arun):
    order = place_one(buyer=arun, variant=market.variant, quantity=2, now=NOW)
    payment = make_payment(group=order.group)
    expire_group(group_id=order.group_id, now=TOO_LATE)
    settle_payment(payment_id=payment.pk, facts=facts_of(payment, state="closed"), now=TOO_LATE)
    finish_cancelling(group_id=order.group_id, now=TOO_LATE)
    payment.refresh_from_db()
    assert (payment.status, counters(market.variant)) == ("closed", (100, 0, 0))

    settle_payment(payment_id=payment.pk, facts=facts_of(payment), now=TOO_LATE + timedelta(seconds=1))

    order.refresh_from_db()
    assert (order.status, order.cancelled_at, order.cancel_reason) == ("paid", None, "")
    assert counters(market.variant) == (98, 0, 2)
    assert entries()[0][:2] == ("buyer_held", -14400)
    assert not Refund.objects.exists()


def test_b8_late_money_for_goods_that_are_gone_goes_back_by_itself(market, arun):
    order = place_one(buyer=arun, variant=market.variant, quantity=2, now=NOW)
    payment = make_payment(group=order.group)
    expire_group(group_id=order.group_id, now=TOO_LATE)
    finish_cancelling(group_id=order.group_id, now=TOO_LATE)
    VariantStock.objects.filter(pk=market.variant.pk).update(available=1)

    for _ in range(2):
        settle_payment(payment_id=payment.pk, facts=facts_of(payment), now=TOO_LATE)

    order.refresh_from_db()
    assert order.status == "cancelled"
    refund = Refund.objects.get()
    assert (refund.amount_fen, refund.reason, refund.status) == (14400, "paid_too_late", "requested")
    assert OutboxMessage.objects.filter(task="payments.send_refund").count() == 1
    source = f"payment:{payment.pk}"
    assert entries() == [("cash", 14400, source), ("unmatched", -14400, source)]
    assert counters(market.variant) == (1, 0, 0)


def test_money_that_arrives_while_the_purchase_is_being_closed_still_buys_it(market, arun):
    order = place_one(buyer=arun, variant=market.variant, now=NOW)
    payment = make_payment(group=order.group)
    expire_group(group_id=order.group_id, now=TOO_LATE)

    settle_payment(payment_id=payment.pk, facts=facts_of(payment), now=TOO_LATE)
    finish_cancelling(group_id=order.group_id, now=TOO_LATE)

    order.refresh_from_db()
    assert (order.status, counters(market.variant)) == ("paid", (99, 0, 1))


def test_money_for_what_the_buyer_called_off_goes_back(market, arun):
    order = place_one(buyer=arun, variant=market.variant, now=NOW)
    payment = make_payment(group=order.group)
    cancel_by_buyer(buyer=arun, number=order.number, now=LATER)

    settle_payment(payment_id=payment.pk, facts=facts_of(payment), now=LATER)
    finish_cancelling(group_id=order.group_id, now=LATER)

    order.refresh_from_db()
    assert (order.status, counters(market.variant)) == ("cancelled", (100, 0, 0))
    assert Refund.objects.get().reason == "paid_too_late"


def test_b9_the_second_payment_of_a_purchase_is_refunded(market, arun):
    order = place_one(buyer=arun, variant=market.variant, now=NOW)
    first, second = make_payment(group=order.group), make_payment(group=order.group)
    settle_payment(payment_id=first.pk, facts=facts_of(first), now=LATER)

    for _ in range(2):
        settle_payment(payment_id=second.pk, facts=facts_of(second), now=LATER)

    refund = Refund.objects.get()
    assert (refund.payment, refund.amount_fen, refund.reason) == (second, 7600, "paid_twice")
    order.refresh_from_db()
    assert (order.status, order.captured_fen, order.refund_requested_fen) == ("paid", 7600, 0)
    assert counters(market.variant) == (99, 0, 1)
    sums = dict(LedgerEntry.objects.values_list("account__purpose").annotate(Sum("amount_fen")))
    assert sums == {"cash": 15200, "buyer_held": -7600, "unmatched": -7600}


@pytest.mark.parametrize(
    ("state", "status"), [("failed", "failed"), ("closed", "closed"), ("unknown", "closed")]
)
def test_a_payment_that_came_to_nothing_leaves_the_purchase_to_be_paid(market, arun, state, status):
    order = place_one(buyer=arun, variant=market.variant, now=NOW)
    payment = make_payment(group=order.group)

    settle_payment(payment_id=payment.pk, facts=facts_of(payment, state=state), now=LATER)

    payment.refresh_from_db()
    order.refresh_from_db()
    assert (payment.status, order.status) == (status, "pending_payment")
    assert not LedgerTransaction.objects.exists()


def test_money_for_what_an_operator_called_off_goes_back_whatever_the_reason_reads(market, arun, mei):
    operator = make_person(is_staff=True)
    order = place_one(buyer=arun, variant=market.variant, now=NOW)
    payment = make_payment(group=order.group)
    cancel_by_operator(actor=operator, number=order.number, reason="expired", now=LATER)

    settle_payment(payment_id=payment.pk, facts=facts_of(payment), now=LATER)

    order.refresh_from_db()
    assert (order.status, order.cancel_reason, order.captured_fen) == ("cancelling", "expired.", 0)
    assert Refund.objects.get().reason == "paid_too_late"


def test_a_price_edit_never_touches_what_is_being_paid(market, arun, mei):
    order = place_one(buyer=arun, variant=market.variant, quantity=2, now=NOW)
    payment = make_payment(group=order.group)
    dearer = VariantData(pk=market.variant.pk, name="500克", price_fen=9900)
    listing = ListingData(
        title="青稞", category=market.category, village=market.village, farmer=market.farmer,
        description="新的", variants=[dearer],
    )  # fmt: skip

    save_product(actor=mei, shop=market.shop, data=listing, now=LATER, product=market.product)

    settled = settle_payment(payment_id=payment.pk, facts=facts_of(payment, amount_fen=14400), now=LATER)
    order.refresh_from_db()
    assert (settled.problem, order.status, order.captured_fen) == ("", "paid", 14400)
    line = order.lines.get()
    assert (line.title, line.price_fen, line.total_fen) == ("高山青稞米", 6800, 13600)
