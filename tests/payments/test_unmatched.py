"""Money that matches nothing (rules.md B4): two people send it back as it came, or let it pay."""

import uuid
from datetime import timedelta

import pytest

from backoffice.comparing import JOBS
from common.clock import utc_now
from common.errors import Invalid, MoveRefused, NotAllowed, NotFound
from common.models import AuditEntry
from ledger.models import LedgerTransaction
from ledger.selectors import balance_of, trial_balance
from orders.services.cancelling import cancel_by_buyer
from payments.errors import OtherPersonNeeded
from payments.gateways.base import RefundFacts
from payments.models import HandRefund, Payment, Refund, UnmatchedMoney
from payments.services.closing import check_payment
from payments.services.deciding import approve_decision, propose_decision, turn_down_decision
from payments.services.paying_by_hand import confirm_hand_refund, decline_hand_refund, note_hand_refund
from payments.services.refunding import send_refund, settle_refund
from payments.services.settling import settle_payment
from shops.models import VariantStock
from tests.factories.orders import make_payment, place_one
from tests.factories.providers import gateway, providers, providers_process, started
from tests.factories.shops import make_person
from tests.payments.test_settling import facts_of

__all__ = ["gateway", "providers", "providers_process"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def checker(db):
    return make_person(name="复核员", is_staff=True)


@pytest.fixture
def other_sum(market, arun, providers, gateway) -> UnmatchedMoney:
    """The provider took 76 yuan where we had asked for 60."""
    payment = started(arun, market, gateway)
    providers.pay(payment)
    Payment.objects.filter(pk=payment.pk).update(amount_fen=6000)
    payment.refresh_from_db()
    check_payment(payment=payment, now=utc_now() + timedelta(seconds=3))
    return UnmatchedMoney.objects.get()


@pytest.fixture
def other_number(market, arun, sandbox) -> UnmatchedMoney:
    """The whole sum came, under a number of the provider that we did not know."""
    order = place_one(buyer=arun, variant=market.variant)
    payment = make_payment(group=order.group)
    for _ in range(2):
        settle_payment(
            payment_id=payment.pk, facts=facts_of(payment, provider_reference="pay_other"), now=utc_now()
        )
    return UnmatchedMoney.objects.get()


def propose(actor, money, decision="return", reason="买家付错了") -> UnmatchedMoney:
    return propose_decision(
        actor=actor, unmatched_id=money.pk, decision=decision, reason=reason, now=utc_now()
    )


def approve(actor, money) -> UnmatchedMoney:
    return approve_decision(actor=actor, unmatched_id=money.pk, now=utc_now())


def found(job: str) -> list[tuple[str, str]]:
    return [(one.kind, one.subject) for one in JOBS[job](utc_now() + timedelta(minutes=11))]


def test_b4_what_came_goes_back_to_the_fen_and_once(other_sum, operator, checker, providers, gateway):
    assert (other_sum.amount_fen, other_sum.status) == (7600, "waiting")
    assert balance_of(purpose="unmatched") == -7600
    assert found("payments_book") == [("unmatched_waiting", f"unmatched_money:{other_sum.pk}")]

    propose(operator, other_sum)
    with pytest.raises(OtherPersonNeeded):
        approve(operator, other_sum)
    assert not Refund.objects.exists()
    approve(checker, other_sum)
    with pytest.raises(MoveRefused):
        approve(checker, other_sum)
    refund = Refund.objects.get()
    for _ in range(3):
        send_refund(refund_id=refund.pk, now=utc_now())

    assert providers.effects(gateway)["refund"] == 1
    refund.refresh_from_db()
    other_sum.refresh_from_db()
    assert (refund.status, refund.amount_fen, other_sum.status) == ("succeeded", 7600, "returned")
    assert (balance_of(purpose="unmatched"), balance_of(purpose="cash")) == (0, 0)
    assert trial_balance().is_right
    assert found("payments_book") == found("orders_money") == []
    actions = AuditEntry.objects.filter(target=f"unmatchedmoney:{other_sum.pk}").order_by("pk")
    assert [(entry.action, entry.actor, entry.reason) for entry in actions] == [
        ("payments.unmatched_proposed", f"user:{operator.pk}", "买家付错了"),
        ("payments.unmatched_returning", f"user:{checker.pk}", "买家付错了"),
    ]


def test_b4_money_under_another_number_pays_its_purchase_once_two_people_say_so(
    other_number, operator, checker, market
):
    propose(operator, other_number, "assign", "同一笔付款，号码换了")
    approve(checker, other_number)

    payment, order = other_number.payment, other_number.payment.group.orders.get()
    payment.refresh_from_db()
    assert (order.status, order.captured_fen, payment.status) == ("paid", 7600, "succeeded")
    assert (payment.provider_reference, other_number.amount_fen) == ("pay_other", 7600)
    assert (balance_of(purpose="unmatched"), balance_of(purpose="buyer_held")) == (0, -7600)
    assert balance_of(purpose="cash") == 7600
    stock = VariantStock.objects.get(pk=market.variant.pk)
    assert (stock.available, stock.reserved, stock.sold) == (99, 0, 1)
    assert found("payments_book") == found("orders_money") == []
    # The provider's own news of it changes nothing any more.
    payment = Payment.objects.get()
    assert settle_payment(payment_id=payment.pk, facts=facts_of(payment), now=utc_now()).problem == ""
    assert LedgerTransaction.objects.count() == 2
    assert not Refund.objects.exists()


def test_money_of_another_amount_pays_no_purchase(market, arun, sandbox, operator):
    payment = make_payment(group=place_one(buyer=arun, variant=market.variant).group)
    settle_payment(payment_id=payment.pk, facts=facts_of(payment, amount_fen=7599), now=utc_now())
    money = UnmatchedMoney.objects.get()

    with pytest.raises(MoveRefused):
        propose(operator, money, "assign")

    money.refresh_from_db()
    assert (money.status, money.decision) == ("waiting", "")
    assert balance_of(purpose="unmatched") == -7599


def test_a_purchase_that_was_called_off_meanwhile_takes_no_money(other_number, operator, checker, arun):
    propose(operator, other_number, "assign")
    order = other_number.payment.group.orders.get()
    cancel_by_buyer(buyer=arun, number=order.number, now=utc_now())

    with pytest.raises(MoveRefused):
        approve(checker, other_number)

    other_number.refresh_from_db()
    assert (other_number.status, other_number.decided_by) == ("proposed", None)
    assert (balance_of(purpose="unmatched"), balance_of(purpose="buyer_held")) == (-7600, 0)
    turn_down_decision(actor=checker, unmatched_id=other_number.pk, reason="已取消", now=utc_now())
    propose(operator, other_number, "return")
    assert approve(checker, other_number).status == "returning"


@pytest.mark.parametrize(
    ("who", "decision", "reason", "refusal"),
    [
        ("mei", "return", "x", NotAllowed),
        ("operator", "keep", "x", Invalid),
        ("operator", "return", "  ", Invalid),
    ],
)
def test_nobody_else_and_nothing_else(other_number, mei, operator, who, decision, reason, refusal):
    with pytest.raises(refusal):
        propose({"mei": mei, "operator": operator}[who], other_number, decision, reason)

    other_number.refresh_from_db()
    assert other_number.status == "waiting"
    assert not AuditEntry.objects.filter(target=f"unmatchedmoney:{other_number.pk}").exists()


def test_money_that_is_not_there_is_not_found(operator):
    with pytest.raises(NotFound):
        propose_decision(actor=operator, unmatched_id=1, decision="return", reason="x", now=utc_now())


# ---- What the provider refuses for good is given back by hand.


@pytest.fixture
def refused(other_number, operator, checker) -> Refund:
    """The provider has closed the buyer's account; it never takes this refund."""
    propose(operator, other_number)
    approve(checker, other_number)
    refund = Refund.objects.get()
    no = RefundFacts(refund.reference, "", "failed", refund.amount_fen)
    settle_refund(refund_id=refund.pk, facts=no, now=utc_now())
    return Refund.objects.get()


def give(actor, refund, **options) -> HandRefund:
    wanted = {"amount_fen": refund.amount_fen, "method": "bank", "reference": "ICBC 7"}
    wanted |= {"idempotency_key": uuid.uuid4(), "now": utc_now()} | options
    return note_hand_refund(actor=actor, refund_id=refund.pk, **wanted)[0]


def yes_of(refund) -> RefundFacts:
    return RefundFacts(refund.reference, "rf_1", "refunded", refund.amount_fen)


def test_two_operators_give_back_by_hand_what_the_provider_refuses(refused, operator, checker, mei, settings):
    settings.CASH_SECOND_PERSON_FEN = 10**6
    assert refused.status == "failed"
    for stranger in (mei, refused.payment.group.buyer):
        with pytest.raises(NotFound):
            give(stranger, refused)
    with pytest.raises(Invalid):
        give(operator, refused, amount_fen=1)

    note = give(operator, refused)
    assert (note.status, note.giver, balance_of(purpose="unmatched")) == ("noted", "market", -7600)
    with pytest.raises(OtherPersonNeeded):
        confirm_hand_refund(actor=operator, note_id=note.pk, now=utc_now())
    with pytest.raises(MoveRefused):
        give(checker, refused)
    for _ in range(2):
        confirm_hand_refund(actor=checker, note_id=note.pk, now=utc_now())

    refused.refresh_from_db()
    assert (refused.status, UnmatchedMoney.objects.get().status) == ("succeeded", "returned")
    assert (balance_of(purpose="unmatched"), balance_of(purpose="bank"), balance_of(purpose="cash")) == (
        0, -7600, 7600,
    )  # fmt: skip
    assert trial_balance().is_right
    assert found("payments_book") == []


def test_what_the_provider_sent_after_all_is_not_given_by_hand_too(refused, operator, checker):
    note = give(operator, refused)
    settle_refund(refund_id=refused.pk, facts=yes_of(refused), now=utc_now())

    with pytest.raises(MoveRefused):
        confirm_hand_refund(actor=checker, note_id=note.pk, now=utc_now())

    decline_hand_refund(actor=checker, note_id=note.pk, now=utc_now(), words="已原路退回")
    assert (balance_of(purpose="unmatched"), balance_of(purpose="bank"), balance_of(purpose="cash")) == (
        0,
        0,
        0,
    )
    assert found("payments_book") == []


def test_a_provider_that_sends_what_was_given_by_hand_is_an_alarm(refused, operator, checker):
    confirm_hand_refund(actor=checker, note_id=give(operator, refused).pk, now=utc_now())

    settle_refund(refund_id=refused.pk, facts=yes_of(refused), now=utc_now())

    assert LedgerTransaction.objects.filter(kind="refund").count() == 1
    assert found("payments_book") == [("refund_given_twice", f"refund:{refused.pk}")]


# ---- Reconciliation finds what it is for.


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"status": "assigned"}, "unmatched_not_assigned"),
        ({"status": "returning"}, "unmatched_not_returned"),
        ({"status": "returned"}, "unmatched_not_returned"),
    ],
)
def test_a_decision_that_moved_nothing_is_found(other_number, operator, change, kind):
    UnmatchedMoney.objects.update(decided_by=operator, **change)

    assert found("payments_book") == [(kind, f"unmatched_money:{other_number.pk}")]


# ---- The admin.


def test_operators_decide_in_the_admin(other_number, operator, checker, client):
    client.force_login(operator)
    address = f"/admin/payments/unmatchedmoney/{other_number.pk}"
    moves = [move["url"] for move in client.get(f"{address}/change/").context["moves"]]
    assert moves == [f"{address}/move/return/", f"{address}/move/assign/"]
    assert client.post(f"{address}/move/assign/", {"reason": ""}).status_code == 200
    assert client.post(f"{address}/move/assign/", {"reason": "号码换了"}).status_code == 302

    assert client.post(f"{address}/move/approve/", {"reason": ""}).status_code == 200
    assert UnmatchedMoney.objects.get().status == "proposed"
    checker.is_superuser = True
    checker.save(update_fields=["is_superuser"])
    client.force_login(checker)
    assert client.post(f"{address}/move/approve/", {"reason": ""}).status_code == 302

    assert UnmatchedMoney.objects.get().status == "assigned"
    assert client.get("/admin/payments/unmatchedmoney/?q=pay_other").status_code == 200
