"""Money that matches nothing, and many operators at once: it goes one way, once."""

import functools

import pytest

from common.clock import utc_now
from common.errors import MoveRefused
from ledger.models import LedgerTransaction
from ledger.selectors import balance_of, trial_balance
from orders.models import Order
from payments.gateways.base import RefundFacts
from payments.models import HandRefund, Refund, UnmatchedMoney
from payments.services import deciding
from payments.services.paying_by_hand import confirm_hand_refund
from payments.services.refunding import settle_refund
from payments.services.settling import settle_payment
from tests.factories.orders import make_payment, place_one
from tests.factories.sandbox import sandbox, sandbox_process
from tests.factories.shops import make_person
from tests.payments.test_settling import facts_of
from tests.payments.test_unmatched import give, propose
from tests.together import run_together

__all__ = ["sandbox", "sandbox_process"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def money(market, arun, sandbox) -> UnmatchedMoney:
    payment = make_payment(group=place_one(buyer=arun, variant=market.variant).group)
    settle_payment(payment_id=payment.pk, facts=facts_of(payment, provider_reference="pay_x"), now=utc_now())
    return UnmatchedMoney.objects.get()


def checkers(money, many: int = 6) -> list:
    people = [make_person(name=f"复核{place}", is_staff=True) for place in range(many)]
    approve = functools.partial(deciding.approve_decision, unmatched_id=money.pk, now=utc_now())
    return [functools.partial(approve, actor=person) for person in people]


def refused(results) -> int:
    return sum(isinstance(result, MoveRefused) for result in results)


@pytest.mark.parametrize("decision", ["return", "assign"])
def test_six_approve_at_once_and_it_is_done_once(money, operator, decision):
    propose(operator, money, decision)

    results = run_together(*checkers(money))

    assert refused(results) == 5, results
    assert Refund.objects.count() == (decision == "return")
    assert Order.objects.get().status == ("paid" if decision == "assign" else "pending_payment")
    assert LedgerTransaction.objects.count() == (2 if decision == "assign" else 1)
    assert trial_balance().is_right


def test_control_without_the_lock_several_believe_that_they_sent_it(money, operator, monkeypatch):
    """The database keeps one refund; the others break on it instead of being told no."""
    propose(operator, money)
    found = UnmatchedMoney.objects.select_related("payment")
    monkeypatch.setattr(deciding, "_locked", lambda actor, pk: found.get(pk=pk))

    results = run_together(*checkers(money))

    assert (
        sum(isinstance(result, Exception) and not isinstance(result, MoveRefused) for result in results) > 0
    )


def test_the_purchase_is_paid_once_when_another_payment_arrives_meanwhile(money, operator, arun, market):
    for _ in range(3):
        other = make_payment(group=money.payment.group)
        propose(operator, money, "assign")
        arrives = functools.partial(settle_payment, payment_id=other.pk, facts=facts_of(other), now=utc_now())

        (decided, _settled) = run_together(checkers(money, 1)[0], arrives)

        order = Order.objects.get(group=money.payment.group)
        assert (order.status, order.captured_fen) == ("paid", 7600)
        # Either the decision came too late, or the other payment goes back as paid twice.
        is_late = isinstance(decided, MoveRefused)
        assert Refund.objects.filter(reason="paid_twice").exists() is not is_late
        assert balance_of(purpose="buyer_held") == -7600 * Order.objects.filter(status="paid").count()
        payment = make_payment(group=place_one(buyer=arun, variant=market.variant).group)
        facts = facts_of(payment, provider_reference=f"pay_{payment.pk}")
        settle_payment(payment_id=payment.pk, facts=facts, now=utc_now())
        Refund.objects.all().delete()
        money = UnmatchedMoney.objects.latest("pk")
    assert trial_balance().is_right


def test_by_hand_and_by_the_provider_at_once_is_booked_once(money, operator):
    propose(operator, money)
    checkers(money, 1)[0]()
    refund = Refund.objects.get()
    no = RefundFacts(refund.reference, "", "failed", refund.amount_fen)
    yes = RefundFacts(refund.reference, "rf_1", "refunded", refund.amount_fen)
    settle_refund(refund_id=refund.pk, facts=no, now=utc_now())
    note = give(operator, refund)
    people = [make_person(name=f"出纳{place}", is_staff=True) for place in range(3)]
    confirm = functools.partial(confirm_hand_refund, note_id=note.pk, now=utc_now())

    run_together(
        *(functools.partial(confirm, actor=person) for person in people),
        functools.partial(settle_refund, refund_id=refund.pk, facts=yes, now=utc_now()),
    )

    assert LedgerTransaction.objects.filter(kind="refund").count() == 1
    assert balance_of(purpose="unmatched") == 0
    given = HandRefund.objects.get().status == "done"
    assert (balance_of(purpose="bank"), balance_of(purpose="cash")) == ((-7600, 7600) if given else (0, 0))
