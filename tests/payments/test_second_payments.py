"""Payments that lead nowhere: closed once another has paid, asked about in turn, explained to who paid."""

from datetime import timedelta

import pytest

from common.clock import utc_now
from common.models import OutboxMessage
from notifications.models import Notification
from orders.models import RefundRequest
from orders.services.cancelling import cancel_by_buyer, expire_group
from payments.gateways import get_gateway
from payments.models import Refund
from payments.services.closing import check_payment, close_group, close_leftovers, poll_open
from payments.services.refunding import retry_refunds
from payments.services.settling import settle_payment
from payments.tasks import after_given_back
from shops.models import VariantStock
from tests.factories.orders import make_payment, place_one
from tests.factories.providers import begin, started
from tests.payments.test_settling import facts_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _providers(providers):
    """Their callbacks go nowhere."""


def status_of(thing) -> str:
    return type(thing).objects.get(pk=thing.pk).status


def later(seconds: int):
    return utc_now() + timedelta(seconds=seconds)


@pytest.mark.parametrize("is_opened", [True, False])
def test_what_is_paid_is_closed_at_the_other_provider(client, market, arun, providers, is_opened):
    order = place_one(buyer=arun, variant=market.variant)
    first, other = begin(arun, order, "wechatpay"), begin(arun, order, "alipay")
    if is_opened:
        providers.visit(other)
    providers.pay(first)
    check_payment(payment=first, now=later(3))
    assert (status_of(first), status_of(other)) == ("succeeded", "pending")

    assert close_leftovers(now=later(5)) == 1

    assert (status_of(order), status_of(other)) == ("paid", "closed")
    if is_opened:
        assert providers.state()["payments"]["alipay"][other.reference]["state"] == "closed"
    assert close_leftovers(now=later(9)) == 0
    # Who comes back from there is not told to order again.
    client.force_login(arun)
    answer = client.get(f"/checkout/return/{other.pk}/", follow=True)
    assert answer.redirect_chain[-1] == (f"/orders/{order.number}/", 302)


def test_a_page_that_nobody_opened_in_time_is_asked_about_no_more(market, arun):
    payment = started(arun, market, "alipay")

    check_payment(payment=payment, now=later(30))
    assert status_of(payment) == "pending"
    payment.refresh_from_db()
    check_payment(payment=payment, now=payment.expires_at + timedelta(seconds=61))

    assert status_of(payment) == "closed"


def test_those_who_wait_longest_are_asked_about_first(market, arun, providers):
    idle = [started(arun, market, "wechatpay") for _ in range(2)]
    poll_open(now=later(21), limit=2)
    paid = started(arun, market, "wechatpay")
    providers.pay(paid)

    assert poll_open(now=later(60), limit=1) == 1

    assert [status_of(one) for one in (*idle, paid)] == ["pending", "pending", "succeeded"]


def test_a_refund_that_nobody_has_begun_is_taken_up(market, arun, providers):
    payment = started(arun, market, "wechatpay")
    providers.pay(payment)
    check_payment(payment=payment, now=later(3))
    cancel_by_buyer(buyer=arun, number=payment.group.orders.get().number, now=utc_now())
    # Its message was put aside after five failures, before it had written anything.
    OutboxMessage.objects.filter(task="payments.execute_refund").update(quarantined_at=utc_now())

    assert retry_refunds(now=utc_now()) == 0
    assert retry_refunds(now=later(61)) == 1

    assert (Refund.objects.get().status, RefundRequest.objects.get().status) == ("succeeded", "refunded")
    assert providers.effects("wechatpay")["refund"] == 1


def test_who_pays_twice_or_too_late_is_told_once_that_it_goes_back(market, arun):
    twice, late = (place_one(buyer=arun, variant=market.variant) for _ in range(2))
    pair = [make_payment(group=twice.group, gateway="wechatpay") for _ in range(2)]
    missed = make_payment(group=late.group, gateway="wechatpay", status="closed")
    expire_group(group_id=late.group_id, now=late.group.expires_at)
    close_group(group_id=late.group_id, now=utc_now())
    VariantStock.objects.filter(pk=market.variant.pk).update(available=0)
    gateway = get_gateway("wechatpay")

    for payment in (*pair, missed):
        facts = facts_of(payment, merchant=gateway.merchant, app=gateway.app)
        settle_payment(payment_id=payment.pk, facts=facts, now=utc_now())
    for refund in [*Refund.objects.all()] * 2:
        after_given_back(refund_id=refund.pk)

    reasons = list(Refund.objects.order_by("pk").values_list("reason", flat=True))
    assert reasons == ["paid_twice", "paid_too_late"]
    told = Notification.objects.filter(kind="money_given_back").order_by("pk")
    assert [one.url for one in told] == [f"/orders/{order.number}/" for order in (twice, late)]
    assert len({one.body for one in told}) == 2
    assert all("76.00" in one.title for one in told)
    assert OutboxMessage.objects.filter(task="payments.after_given_back").count() == 2
