"""B10: one refund, many hands at once, at providers that would gladly send the money twice."""

import functools
import uuid
from datetime import timedelta

import pytest

from common.clock import utc_now
from ledger.models import LedgerEntry, LedgerTransaction
from orders.models import RefundRequest
from orders.services.cancelling import cancel_by_buyer
from payments.models import Payment, Refund
from payments.services import refunding
from payments.services.closing import check_payment
from payments.services.collecting import confirm_cash
from payments.services.settling import new_reference
from shops.models import VariantStock
from tests.factories.orders import place_one
from tests.factories.providers import begin, gateway, providers, providers_process, started
from tests.together import run_together

__all__ = ["gateway", "providers", "providers_process"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def to_refund(market, arun, providers, gateway) -> RefundRequest:
    payment = started(arun, market, gateway)
    providers.pay(payment)
    check_payment(payment=payment, now=utc_now() + timedelta(seconds=3))
    cancel_by_buyer(buyer=arun, number=payment.group.orders.get().number, now=utc_now())
    return RefundRequest.objects.get()


def test_b10_many_hands_on_one_refund_send_it_once(providers, gateway, to_refund):
    execute = functools.partial(refunding.execute_refund, request_id=to_refund.pk, now=utc_now())

    results = run_together(*[execute] * 6)

    assert {result.status for result in results} == {"succeeded"}, results
    assert providers.effects(gateway)["refund"] == 1
    assert (Refund.objects.count(), LedgerTransaction.objects.filter(kind="refund").count()) == (1, 1)
    assert sum(LedgerEntry.objects.filter(account__purpose="cash").values_list("amount_fen", flat=True)) == 0


def test_control_without_the_row_that_is_shared_many_hands_send_it_more_than_once(
    providers, gateway, to_refund, monkeypatch
):
    """Halves, so that the provider's own limit does not hide it."""
    payment = Payment.objects.get()

    def alone():
        refund = Refund.objects.create(
            payment=payment, reference=new_reference("R", utc_now()), amount_fen=3800,
            reason="cancelled_by_buyer", created_at=utc_now(),
        )  # fmt: skip
        return refunding.send_refund(refund_id=refund.pk, now=utc_now()).status

    assert run_together(alone, alone) == ["succeeded", "succeeded"]
    assert providers.effects(gateway)["refund"] == 2


def test_a_promise_of_cash_and_a_providers_money_at_once_end_as_one_order(market, arun, providers, settings):
    settings.PAYMENT_GATEWAYS = ["wechatpay", "cash_on_delivery"]
    for _ in range(4):
        order = place_one(buyer=arun, variant=market.variant)
        payment = begin(arun, order, "wechatpay")
        providers.pay(payment)
        promise = functools.partial(
            confirm_cash, buyer=arun, group_id=order.group_id, idempotency_key=uuid.uuid4(), now=utc_now()
        )
        ask = functools.partial(check_payment, payment=payment, now=utc_now() + timedelta(seconds=3))
        settings.CASH_ORDERS_OPEN_MAX = 10

        run_together(promise, ask)

        order.refresh_from_db()
        sent_back = Refund.objects.filter(payment=payment).exists()
        assert (order.status, sent_back) in {("paid", False), ("confirmed", True)}
    stock = VariantStock.objects.get(pk=market.variant.pk)
    assert (stock.available, stock.reserved, stock.sold) == (96, 0, 4)
