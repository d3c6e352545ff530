import uuid

import pytest

from common.models import OutboxMessage
from common.money import yuan_text
from notifications.models import Notification, NotificationDelivery
from orders.services.cancelling import cancel_by_shop
from orders.services.judging import approve_case
from orders.services.receiving import receive_order
from orders.tasks import after_cancelled, after_completed, after_paid
from tests.factories.cases import ask
from tests.factories.orders import make_paid, make_shipped

pytestmark = pytest.mark.django_db


def told(kind: str) -> Notification:
    return Notification.objects.get(kind=kind)


def test_buyer_shop_and_the_farmer_without_a_smartphone_are_told_once(market, arun, mei, valkey):
    order = make_paid(buyer=arun, variant=market.variant, quantity=2)

    for _ in range(2):
        after_paid(order.pk)

    assert told("order_paid").contact.user == arun
    assert told("order_paid").url == f"/orders/{order.number}/"
    assert told("order_to_ship").contact == market.shop.contact
    assert told("order_to_ship").url == f"/desk/orders/{order.number}/"
    farmers = told("goods_sold")
    assert farmers.contact == market.farmer.contact
    assert "高山青稞米 500克 × 2" in farmers.title
    assert "131.92" in farmers.body
    assert set(farmers.deliveries.values_list("channel", flat=True)) == {"inbox", "sms"}


def test_the_farmer_hears_what_is_earned_when_the_parcel_has_arrived(market, arun, mei, valkey):
    order = make_shipped(buyer=arun, seller=mei, variant=market.variant)
    receive_order(buyer=arun, number=order.number, now=order.shipped_at)

    after_completed(order.pk)

    assert "65.96" in told("farmer_earned").title
    assert NotificationDelivery.objects.filter(notification__kind="farmer_earned", channel="sms").count() == 1


def test_every_message_of_a_cancelled_order_leaves_the_outbox(
    market, arun, mei, sandbox, drain_outbox, valkey
):
    order = make_paid(buyer=arun, variant=market.variant)
    cancel_by_shop(actor=mei, number=order.number, now=order.paid_at)
    # The money of this order never came through a provider, so its refund cannot be executed here.
    OutboxMessage.objects.filter(task="payments.execute_refund").delete()

    names = drain_outbox()

    assert "orders.after_cancelled" in names
    assert told("order_cancelled").contact.user == arun
    assert told("order_cancelled_shop").contact == market.shop.contact


def test_a_cancellation_tells_only_the_money_that_a_case_has_not_given_back(market, arun, mei, valkey):
    order = make_paid(buyer=arun, variant=market.variant, quantity=2)
    case = ask(order, arun, quantity=1, now=order.paid_at)
    approve_case(actor=mei, case_id=case.pk, idempotency_key=uuid.uuid4(), now=order.paid_at)
    given_fen = order.refund_requests.get().amount_fen
    cancel_by_shop(actor=mei, number=order.number, now=order.paid_at)

    after_cancelled(order.pk)

    rest_fen = order.captured_fen - given_fen
    assert 0 < given_fen < rest_fen
    assert f"¥{yuan_text(rest_fen)}" in told("order_cancelled").body
