"""The way of an order says how much went back, and for how many units of what."""

import re

import pytest

from orders.cards import steps_of
from orders.models import RefundRequest
from orders.selectors import get_order
from orders.services.asking_back import WantedBack
from orders.services.cancelling import cancel_by_buyer
from orders.services.judging import settle_due_cases
from tests.factories.cases import ask
from tests.factories.orders import make_paid, make_shipped

pytestmark = pytest.mark.django_db


def notes(order, user) -> list[str]:
    return [step.note for step in steps_of(get_order(user=user, number=order.number)) if step.icon == "undo"]


def test_each_refund_stands_where_it_was_promised_with_its_units(client, market, mei, arun, now):
    order = make_shipped(buyer=arun, seller=mei, variant=market.variant, quantity=5, now=now)
    line = order.lines.get()
    ask(order, arun, lines=[WantedBack(line.pk, 2)], now=now)
    case = order.cases.get()
    assert notes(order, arun) == []
    settle_due_cases(now=case.deadline_at)

    steps = steps_of(get_order(user=arun, number=order.number))

    assert notes(order, arun) == [f"¥136.00 · {line.title} {line.variant_name} × 2"]
    assert [step.state for step in steps] == ["done", "done", "done", "now", "now"]
    assert steps[3].icon == "undo"
    client.force_login(arun)
    assert f"{line.variant_name} × 2" in client.get(f"/orders/{order.number}/").content.decode()
    client.force_login(mei)
    page = client.get(f"/desk/orders/{order.number}/").content.decode()
    assert re.search(r"¥136\.00 · 2\b", page)


def test_a_cancelled_order_says_what_went_back(market, arun, now):
    order = make_paid(buyer=arun, variant=market.variant, quantity=2, now=now)

    cancel_by_buyer(buyer=arun, number=order.number, now=now)

    assert RefundRequest.objects.get().amount_fen == order.captured_fen
    assert notes(order, arun) == [f"¥{order.captured_fen // 100}.{order.captured_fen % 100:02d}"]
