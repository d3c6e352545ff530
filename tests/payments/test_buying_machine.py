"""Whatever buyers, shops, operators, carriers, the provider and the clock do in whatever order, money and
goods are all there after every step; and once everybody has done their part, nothing is left open.

MACHINE_EXAMPLES and MACHINE_STEPS ask for more, MACHINE_SHRINK for the shortest failing run (minutes). The
state is real PostgreSQL, each example in a savepoint.
"""

import os
import sys
from collections import Counter

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, event, settings
from hypothesis.stateful import run_state_machine_as_test

from common.models import OutboxMessage
from orders.models import AfterSaleCase, Order, RefundRequest
from payments import gateways
from payments.models import Payment, Refund
from tests.payments.machine.provider import Purse
from tests.payments.machine.sending import Sending
from tests.payments.machine.truths import Truths

pytestmark = pytest.mark.django_db

EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "12"))
PROMISES = ("payments.close_group", "payments.execute_refund", "payments.send_refund")
STEPS = int(os.environ.get("MACHINE_STEPS", "40"))


class Day(Sending, Truths):
    """A market day and the weeks after it."""

    def all_is_well_at_last(self) -> None:
        """The provider answers, every callback comes (twice), the clock runs on: nothing stays open (PR2)."""
        self.purse.mood = "ok"
        for _ in range(2):
            for which in range(len(self.purse.notices)):
                self.deliver(which)
        for _ in range(3):
            self.time_passes(hours=24)
            self.sweep()
            self.silence()
        self.work()
        assert not OutboxMessage.objects.filter(task__in=PROMISES, done_at=None).exists()
        assert not Order.objects.filter(status__in=["pending_payment", "cancelling"]).exists()
        assert not Payment.objects.filter(status__in=["created", "pending"]).exists()
        assert not Refund.objects.filter(status__in=["requested", "in_transit"]).exists()
        self.every_success_is_one_paid_order_or_one_refund()

    def every_success_is_one_paid_order_or_one_refund(self) -> None:
        kept: Counter[int] = Counter()
        for reference in self.purse.paid():
            payment = Payment.objects.get(reference=reference)
            assert payment.status == "succeeded"
            kept[payment.group_id] += payment.amount_fen - self.purse.given_back(reference)
        for order in Order.objects.filter(confirmed_at=None):
            refused = RefundRequest.objects.filter(order=order, status="failed")  # an operator's, from now on
            kept[order.group_id] -= order.captured_fen - order.refund_requested_fen
            kept[order.group_id] -= sum(refused.values_list("amount_fen", flat=True))
        for refund in Refund.objects.filter(request=None, status="failed"):
            kept[refund.payment.group_id] -= refund.amount_fen
        assert +kept == -kept == Counter()


@pytest.mark.long
def test_money_and_goods_are_all_there_after_every_step(market, valkey, settings_of_the_day):
    reached: list[set[str]] = []

    class OfThisMarket(Day):
        def __init__(self):
            self.savepoint = transaction.savepoint()
            self.market = market
            self.purse = settings_of_the_day()
            super().__init__()

        def teardown(self):
            try:
                if sys.exc_info()[0] is None:  # no step has failed
                    states = set(AfterSaleCase.objects.values_list("status", flat=True))
                    reached.append(states)
                    for state in states or {"none"}:
                        event(f"after-sales case: {state}")
                    self.all_is_well_at_last()
                    for truth in self.invariants:
                        truth.function(self)
            finally:
                transaction.savepoint_rollback(self.savepoint)

    run_state_machine_as_test(
        OfThisMarket,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=[Phase.generate, *([Phase.shrink] if "MACHINE_SHRINK" in os.environ else [])],
            suppress_health_check=list(HealthCheck),
        ),
    )
    # Of what a day can hold, money back is the hardest to reach: most days have to.
    print(f"after-sales cases on {sum(map(bool, reached))} of {len(reached)} days")  # shown by -s
    assert sum(map(bool, reached)) > len(reached) * 0.7, reached


@pytest.fixture
def settings_of_the_day(monkeypatch, settings):
    """The provider of each example is a new one; cash on delivery is offered too; no sweep fails unseen."""

    def fail(*_args) -> None:
        raise

    monkeypatch.setattr("common.sweeping.logger.exception", fail)
    settings.PAYMENT_GATEWAYS = ["sandbox", "cash_on_delivery"]
    settings.CASH_ORDERS_OPEN_MAX = 50

    def begin() -> Purse:
        purse = Purse()
        monkeypatch.setitem(gateways.ADAPTERS, "sandbox", lambda: purse)
        return purse

    return begin
