"""What the clock does: on the database's time, and one order that cannot be moved keeps no other waiting."""

import uuid
from datetime import timedelta

import pytest
import time_machine
from rest_framework.test import APIClient

from common.clock import database_now, utc_now
from ledger.services.posting import Posting, post
from ledger.statuses import Kind, Purpose
from orders.models import AfterSaleCase, Order, OrderGroup
from orders.services import cancelling
from orders.services.judging import settle_due_cases
from orders.services.receiving import auto_receive
from orders.tasks import expire_unpaid
from tests.factories.cases import ask
from tests.factories.orders import make_address, make_shipped, place_one

pytestmark = pytest.mark.django_db


def test_one_case_that_cannot_be_granted_keeps_no_other_waiting(market, arun, mei, now):
    orders = [make_shipped(buyer=arun, seller=mei, variant=market.variant, now=now) for _ in range(2)]
    cases = [ask(order, arun, now=now) for order in orders]
    # All the money of the first has gone back by another way.
    Order.objects.filter(pk=orders[0].pk).update(refund_requested_fen=orders[0].captured_fen)

    assert settle_due_cases(now=now + timedelta(days=4)) == 1

    assert [AfterSaleCase.objects.get(pk=case.pk).status for case in cases] == [
        "requested",
        "awaiting_refund",
    ]


def test_one_order_that_cannot_be_shared_out_keeps_no_other_waiting(market, arun, mei, now):
    stuck, other = [make_shipped(buyer=arun, seller=mei, variant=market.variant, now=now) for _ in range(2)]
    lines = [Posting(Purpose.CASH, 1, "elsewhere"), Posting(Purpose.UNMATCHED, -1, "elsewhere")]
    post(kind=Kind.COMPLETION, key=f"completion:{stuck.pk}", source="elsewhere", postings=lines, now=now)

    assert auto_receive(now=now + timedelta(days=30)) == 1

    stuck.refresh_from_db()
    other.refresh_from_db()
    assert (stuck.status, other.status) == ("shipped", "completed")


def test_one_purchase_that_cannot_be_closed_keeps_no_other_waiting(market, arun, now, monkeypatch):
    stuck, other = [place_one(buyer=arun, variant=market.variant, now=now) for _ in range(2)]
    begin = cancelling._begin_cancelling

    def fail_once(group_id: int, reason: str) -> None:
        if group_id == stuck.group_id:
            raise RuntimeError("a row that somebody holds")
        begin(group_id, reason)

    monkeypatch.setattr(cancelling, "_begin_cancelling", fail_once)

    assert cancelling.expire_unpaid(now=now + timedelta(hours=1)) == 1

    assert [Order.objects.get(pk=order.pk).status for order in (stuck, other)] == [
        "pending_payment", "cancelling",
    ]  # fmt: skip


@pytest.mark.parametrize("wrong", [timedelta(hours=-2), timedelta(hours=2)])
def test_f7_goods_are_held_as_long_whatever_a_web_servers_clock_says(market, arun, wrong):
    address = make_address(user=arun)
    client = APIClient()
    client.force_authenticate(arun)
    real = database_now()

    with time_machine.travel(utc_now() + wrong):
        answer = client.post(
            "/api/v1/orders/",
            {"lines": [{"variant": market.variant.pk, "quantity": 1}], "address": address.pk},
            format="json",
            headers={"Idempotency-Key": str(uuid.uuid4())},
        )
        expired = expire_unpaid()

    assert (answer.status_code, expired) == (201, 0)
    group = OrderGroup.objects.get()
    assert timedelta(minutes=14) < group.expires_at - real < timedelta(minutes=16)
    assert group.orders.get().status == "pending_payment"
