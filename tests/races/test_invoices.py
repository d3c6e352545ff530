"""Two hands at one invoice: asked for twice, issued twice, issued while its money goes back."""

import uuid

import pytest

from common.clock import utc_now
from orders.models import Invoice, Order
from orders.services.judging import approve_case
from tests.factories.cases import ask
from tests.factories.invoices import issue, want_invoice
from tests.factories.orders import make_shipped
from tests.races.test_last_unit import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order(market, arun, mei) -> Order:
    return make_shipped(buyer=arun, seller=mei, variant=market.variant, quantity=2)


def test_asked_for_twenty_times_at_once_there_is_one(order):
    outcomes = at_once(20, lambda i: want_invoice(order) and "asked")

    assert outcomes == {"asked": 1, "invoice_exists": 19}
    assert Invoice.objects.count() == 1


def test_control_without_the_lock_only_the_constraint_holds_it(order):
    """What looks and then writes meets the database's refusal, which nobody can read."""

    def ask_unguarded(i: int) -> str:
        Invoice.objects.create(
            order=order, shop=order.shop, kind="personal", title="x", requested_at=utc_now()
        )
        return "asked"

    outcomes = at_once(5, ask_unguarded)

    assert outcomes["asked"] == 1
    assert all("invoice_live_once" in outcome for outcome in outcomes if outcome != "asked")


def test_issued_ten_times_at_once_there_is_one_document(order, mei, media_root):
    invoice = want_invoice(order)

    outcomes = at_once(10, lambda i: issue(invoice, seller=mei, number=f"1234567{i}") and "issued")

    assert outcomes == {"issued": 1, "move_refused": 9}
    assert len([path for path in media_root.rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize("turn", range(4))
def test_issued_while_money_goes_back_it_is_right_or_to_be_reversed(order, arun, mei, turn):
    invoice = want_invoice(order)
    case = ask(order, arun, quantity=1)

    def act(i: int) -> str:
        if i == turn % 2:
            issue(invoice, seller=mei)
        else:
            approve_case(actor=mei, case_id=case.pk, idempotency_key=uuid.uuid4(), now=utc_now())
        return "done"

    assert at_once(2, act) == {"done": 2}
    invoice.refresh_from_db()
    assert (invoice.amount_fen, invoice.reversal_due_at is None) in [(6800 + 800, True), (13600 + 800, False)]
