"""A shop takes its offer back while the buyer says yes: one of the two happens, never both."""

import threading
import uuid

import pytest

from common.clock import utc_now
from common.errors import NotFound
from orders.models import CaseOffer, RefundRequest
from orders.services import offering_less
from tests.factories.cases import ask
from tests.factories.orders import make_shipped
from tests.races.test_last_unit import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def case(market, mei, arun):
    order = make_shipped(buyer=arun, seller=mei, variant=market.variant, quantity=3)
    found = ask(order, arun, quantity=2)
    offering_less.offer_less(
        actor=mei, case_id=found.pk,
        lines=[offering_less.OfferedLine(found.lines.get().order_line_id, 2, 5000)],
        idempotency_key=uuid.uuid4(), now=utc_now(),
    )  # fmt: skip
    return found


def both(case, mei, arun) -> dict:
    pk = case.offers.get().pk

    def move(i: int) -> str:
        if i:
            offering_less.take_back_offer(
                actor=mei, case_id=case.pk, idempotency_key=uuid.uuid4(), now=utc_now()
            )
            return "taken back"
        offering_less.accept_offer(
            buyer=arun, case_id=case.pk, offer=pk, idempotency_key=uuid.uuid4(), now=utc_now()
        )
        return "accepted"

    return at_once(2, move)


def test_yes_and_taking_back_at_once_have_one_outcome(case, mei, arun):
    outcomes = both(case, mei, arun)

    case.refresh_from_db()
    made = CaseOffer.objects.get()
    if "accepted" in outcomes:
        assert outcomes == {"accepted": 1, "move_refused": 1}
        assert (made.outcome, case.status, RefundRequest.objects.get().amount_fen) == (
            "accepted", "awaiting_refund", 5000,
        )  # fmt: skip
    else:
        assert outcomes == {"taken back": 1, "move_refused": 1}
        assert (made.outcome, case.status, RefundRequest.objects.count()) == ("taken_back", "requested", 0)


def test_control_without_the_lock_both_go_through(case, mei, arun, monkeypatch):
    both_have_read = threading.Barrier(2, timeout=20)

    def read_only(scope, case_id):
        found = scope.filter(pk=case_id).select_related("order").first()
        if found is None:
            raise NotFound()
        both_have_read.wait()
        return found

    monkeypatch.setattr(offering_less, "lock_case", read_only)

    assert both(case, mei, arun) == {"accepted": 1, "taken back": 1}
