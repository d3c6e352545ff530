"""After-sales on real connections: two people say yes at once, a case and a cancellation at once."""

import threading
import uuid

import pytest
from django.db.models import Sum

from common.clock import utc_now
from common.errors import NotFound
from orders.models import AfterSaleCase, Order, OrderLine, RefundRequest
from orders.services import judging, paying_back
from orders.services.cancelling import cancel_by_buyer
from shops.models import ShopMember, VariantStock
from tests.factories.cases import ask
from tests.factories.orders import make_paid, make_shipped
from tests.factories.shops import make_person
from tests.races.test_last_unit import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def clerks(shop, number: int) -> list:
    people = [make_person(name=f"店员{i}") for i in range(number)]
    ShopMember.objects.bulk_create(ShopMember(shop=shop, user=one, role="clerk") for one in people)
    return people


def approve(actor, case) -> str:
    judging.approve_case(actor=actor, case_id=case.pk, idempotency_key=uuid.uuid4(), now=utc_now())
    return "approved"


def test_b10_eight_say_yes_at_once_and_one_refund_is_promised(market, arun, mei):
    order = make_shipped(buyer=arun, seller=mei, variant=market.variant, quantity=10)
    case = ask(order, arun, quantity=1)
    people = clerks(market.shop, 8)

    outcomes = at_once(8, lambda i: approve(people[i], case))

    assert outcomes == {"approved": 1, "move_refused": 7}
    assert RefundRequest.objects.get().amount_fen == 6800
    order.refresh_from_db()
    assert order.refund_requested_fen == 6800


def test_control_without_the_lock_two_refunds_are_promised(market, arun, mei, monkeypatch):
    order = make_shipped(buyer=arun, seller=mei, variant=market.variant, quantity=10)
    case = ask(order, arun, quantity=1)
    people = clerks(market.shop, 2)
    both_have_read = threading.Barrier(2, timeout=20)

    def read_only(scope, case_id):
        found = scope.filter(pk=case_id).select_related("order").first()
        if found is None:
            raise NotFound()
        both_have_read.wait()
        return found

    monkeypatch.setattr(judging, "lock_case", read_only)
    # What is frozen of the shares would stop the second by its unique key: leave only the money.
    monkeypatch.setattr(paying_back, "freeze_returns", lambda case: None)
    outcomes = at_once(2, lambda i: approve(people[i], case))

    assert outcomes == {"approved": 2}
    assert RefundRequest.objects.aggregate(sum=Sum("amount_fen"))["sum"] == 2 * 6800


def test_the_same_key_eight_times_at_once_opens_one_case(market, arun, mei):
    order = make_shipped(buyer=arun, seller=mei, variant=market.variant, quantity=3)
    key = uuid.uuid4()

    def wish(_: int) -> str:
        return str(ask(order, arun, quantity=1, idempotency_key=key).pk)

    outcomes = at_once(8, wish)

    case = AfterSaleCase.objects.get()
    assert set(outcomes) <= {str(case.pk), "in_progress"}
    assert OrderLine.objects.get(order=order).after_sale_units == 1


def test_ten_ask_for_the_same_three_units(market, arun, mei):
    order = make_shipped(buyer=arun, seller=mei, variant=market.variant, quantity=3)

    def wish(_: int) -> str:
        ask(order, arun, quantity=1)
        return "asked"

    assert at_once(10, wish) == {"asked": 3, "units_taken": 7}
    line = OrderLine.objects.get(order=order)
    assert (line.after_sale_units, line.after_sale_fen) == (3, 20400)


@pytest.mark.parametrize("turn", range(6))
def test_a_yes_and_a_cancellation_at_once_give_everything_back_once(market, arun, mei, turn):
    order = make_paid(buyer=arun, variant=market.variant, quantity=3)
    case = ask(order, arun, quantity=1, reason="missing")

    def act(i: int) -> str:
        if i == turn % 2:
            return approve(mei, case)
        cancel_by_buyer(buyer=arun, number=order.number, now=utc_now())
        return "cancelled"

    outcomes = at_once(2, act)

    assert outcomes["cancelled"] == 1
    assert outcomes["approved"] + outcomes["move_refused"] == 1
    found = Order.objects.get(pk=order.pk)
    promised = RefundRequest.objects.filter(order=order).aggregate(sum=Sum("amount_fen"))["sum"]
    assert found.status == "cancelled"
    assert promised == found.refund_requested_fen == found.captured_fen == 21200
    stock = VariantStock.objects.get(pk=market.variant.pk)
    assert (stock.available, stock.sold) == (100, 0)
    case.refresh_from_db()
    assert case.status == ("awaiting_refund" if outcomes["approved"] else "closed")
