"""PR3 against both providers: killed before the call, after it, and after the commit; one effect each time.

`Killed` is no Exception, so nothing in the market can catch it and tidy up: like a worker that is shot.
"""

from datetime import timedelta

import pytest

from common.clock import utc_now
from ledger.models import LedgerEntry, LedgerTransaction
from orders.models import RefundRequest
from orders.services.cancelling import cancel_by_buyer, expire_group
from payments.errors import GatewayUnavailable
from payments.gateways import get_gateway
from payments.models import Payment, Refund
from payments.services import closing, receiving, refunding, starting
from payments.services.closing import check_payment, close_leftovers
from payments.services.refunding import retry_refunds
from shops.models import VariantStock
from tests.factories.forging import Forge
from tests.factories.orders import place_one
from tests.factories.providers import begin, started

pytestmark = pytest.mark.django_db(transaction=True)
POINTS = ("before the call", "the call's answer is lost", "after the call", "after the commit")


class Killed(BaseException):
    """The process is gone."""


def killing(real, *, before: bool):
    """Run the real thing and die, or die without it; once."""
    left = [1]

    def run(*arguments, **named):
        if before and left:
            left.clear()
            raise Killed
        result = real(*arguments, **named)
        if left:
            left.clear()
            raise Killed
        return result

    return run


def arm(monkeypatch, providers, point, *, gateway, call, module, commit):
    """Die at a point of a call at the provider and of the commit that follows it in a module."""
    if point == "the call's answer is lost":
        providers.knobs(hang_up=[call])
    elif point == "after the commit":
        monkeypatch.setattr(module, commit, killing(getattr(module, commit), before=False))
    else:
        kind = type(get_gateway(gateway))
        monkeypatch.setattr(kind, call, killing(getattr(kind, call), before=point == "before the call"))


def death_at(point: str) -> type[BaseException]:
    """What ends a call there: a lost answer is met by code of ours, a kill by nobody."""
    return GatewayUnavailable if point == "the call's answer is lost" else Killed


def cash() -> int:
    return sum(LedgerEntry.objects.filter(account__purpose="cash").values_list("amount_fen", flat=True))


def counters(variant) -> tuple[int, int, int]:
    stock = VariantStock.objects.get(pk=variant.pk)
    return stock.available, stock.reserved, stock.sold


@pytest.fixture
def to_refund(market, arun, providers, gateway) -> RefundRequest:
    payment = started(arun, market, gateway)
    providers.pay(payment)
    check_payment(payment=payment, now=utc_now() + timedelta(seconds=3))
    cancel_by_buyer(buyer=arun, number=payment.group.orders.get().number, now=utc_now())
    return RefundRequest.objects.get()


@pytest.mark.parametrize("point", POINTS)
def test_pr3_a_refund_is_sent_once_wherever_the_worker_dies(
    market, arun, providers, gateway, to_refund, monkeypatch, point
):
    arm(
        monkeypatch,
        providers,
        point,
        gateway=gateway,
        call="refund",
        module=refunding,
        commit="settle_refund",
    )

    with pytest.raises(death_at(point)):
        refunding.execute_refund(request_id=to_refund.pk, now=utc_now())

    booked = point == "after the commit"
    assert LedgerTransaction.objects.filter(kind="refund").count() == booked
    assert providers.effects(gateway).get("refund", 0) == (point != "before the call")

    # The outbox hands the request out again, and the clock looks for what was left: both at last.
    for _ in range(2):
        refunding.execute_refund(request_id=to_refund.pk, now=utc_now())
        retry_refunds(now=utc_now() + timedelta(minutes=5))

    assert providers.effects(gateway)["refund"] == 1
    assert providers.state()["payments"][gateway][Payment.objects.get().reference]["refunded_fen"] == 7600
    assert (Refund.objects.get().status, cash()) == ("succeeded", 0)
    assert LedgerTransaction.objects.filter(kind="refund").count() == 1


@pytest.mark.parametrize("point", POINTS)
def test_pr3_a_purchase_is_closed_once_wherever_the_worker_dies(
    market, arun, providers, gateway, monkeypatch, point
):
    payment = started(arun, market, gateway)
    providers.visit(payment)
    expire_group(group_id=payment.group_id, now=payment.group.expires_at)
    arm(monkeypatch, providers, point, gateway=gateway, call="close", module=closing, commit="settle_payment")

    with pytest.raises(death_at(point)):
        closing.close_group(group_id=payment.group_id, now=utc_now())

    # Until it is known that no money can come, nothing is given back.
    assert counters(market.variant) == (99, 1, 0)
    for _ in range(2):
        close_leftovers(now=utc_now())
        closing.close_group(group_id=payment.group_id, now=utc_now())

    payment.refresh_from_db()
    assert (payment.status, payment.group.orders.get().status) == ("closed", "cancelled")
    assert counters(market.variant) == (100, 0, 0)
    assert providers.effects(gateway)["close"] == 1


@pytest.mark.parametrize("point", POINTS)
def test_pr3_a_payment_is_made_ready_once_wherever_the_worker_dies(
    market, arun, providers, gateway, monkeypatch, point
):
    order = place_one(buyer=arun, variant=market.variant)
    arm(
        monkeypatch, providers, point, gateway=gateway, call="create", module=starting, commit="_note_created"
    )

    # Alipay is asked nothing while the cashier's address is signed, so there is no answer to lose.
    if (gateway, point) != ("alipay", "the call's answer is lost"):
        with pytest.raises(death_at(point)):
            begin(arun, order, gateway)
    payment = begin(arun, order, gateway)
    providers.pay(payment)
    check_payment(payment=payment, now=utc_now() + timedelta(seconds=3))

    assert Payment.objects.count() == 1
    assert providers.effects(gateway) == {"create": 1, "pay": 1}
    assert (Payment.objects.get().status, cash()) == ("succeeded", 7600)


@pytest.mark.parametrize("point", ["before settling", "after the commit, before the answer"])
def test_pr3_a_callback_counts_once_wherever_the_worker_dies(
    market, arun, providers, gateway, monkeypatch, point
):
    payment = started(arun, market, gateway)
    forge = Forge(gateway, providers)
    body, headers = forge.message(payment)
    before = point == "before settling"
    monkeypatch.setattr(receiving, "settle_payment", killing(receiving.settle_payment, before=before))

    with pytest.raises(Killed):
        forge.send(body, headers)
    assert cash() == (0 if before else 7600)

    for _ in range(2):
        assert forge.send(body, headers).status_code == 200
    assert (cash(), payment.group.orders.get().status) == (7600, "paid")
    assert LedgerTransaction.objects.count() == 1


def test_control_a_new_reference_for_each_attempt_sends_the_money_twice(
    market, arun, providers, gateway, to_refund
):
    """Without the reference of the row, the provider takes the repetition for a second wish."""
    payment = Payment.objects.get()
    adapter = get_gateway(gateway)
    for attempt in ("R1", "R2"):
        adapter.refund(
            reference=payment.reference, refund_reference=attempt, amount_fen=3800, total_fen=7600, reason="x"
        )

    assert providers.effects(gateway)["refund"] == 2
