"""Starting, asking, closing and refunding, with the real provider."""

import uuid
from datetime import timedelta

import pytest

from common.clock import utc_now
from common.errors import IdempotencyConflict, MoveRefused, NotFound
from ledger.models import LedgerEntry
from ledger.services.posting import Posting, post
from ledger.statuses import Kind, Purpose
from orders.errors import PurchaseExpired
from orders.models import OrderGroup, RefundRequest
from orders.services.cancelling import cancel_by_buyer, expire_group
from orders.tasks import expire_unpaid
from payments.errors import GatewayUnavailable, UnknownGateway
from payments.gateways import get_gateway
from payments.models import Payment, Refund
from payments.services.closing import check_payment, close_group, close_leftovers, poll_open
from payments.services.refunding import (
    MOST_ATTEMPTS,
    _refund_of,
    execute_refund,
    retry_refunds,
    send_refund,
)
from payments.services.settling import settle_payment
from payments.services.starting import start_payment
from payments.tasks import poll_pending
from shops.models import VariantStock
from tests.factories.orders import place_one

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _provider(sandbox):
    """Its callbacks go nowhere: everything here must work without them."""


def begin(arun, order, **options) -> Payment:
    wanted = {
        "buyer": arun, "group_id": order.group_id, "gateway": "sandbox", "idempotency_key": uuid.uuid4(),
        "origin": "http://testserver", "now": utc_now(),
    } | options  # fmt: skip
    return start_payment(**wanted)[0]


def counters(variant) -> tuple[int, int, int]:
    stock = VariantStock.objects.get(pk=variant.pk)
    return stock.available, stock.reserved, stock.sold


def cash() -> int:
    return sum(LedgerEntry.objects.filter(account__purpose="cash").values_list("amount_fen", flat=True))


def status_of(thing) -> str:
    return type(thing).objects.get(pk=thing.pk).status


def test_starting_twice_gives_one_payment_that_ends_before_the_hold(market, arun):
    order = place_one(buyer=arun, variant=market.variant)
    key = uuid.uuid4()

    first = begin(arun, order, idempotency_key=key)
    again = begin(arun, order, idempotency_key=key)
    other_key = begin(arun, order)

    assert first.pk == again.pk == other_key.pk
    assert (first.status, first.amount_fen) == ("pending", 7600)
    assert first.pay_url.startswith("/sandbox-pay/pay_")
    assert order.group.expires_at - first.expires_at == timedelta(seconds=60)
    assert get_gateway("sandbox").query(first.reference).state == "pending"


def test_only_the_buyer_starts_only_in_time_and_only_with_what_is_offered(market, arun, zoya):
    order = place_one(buyer=arun, variant=market.variant)
    elsewhere = place_one(buyer=arun, variant=market.variant)

    with pytest.raises(NotFound):
        begin(zoya, order)
    with pytest.raises(UnknownGateway):
        begin(arun, order, gateway="gold")
    with pytest.raises(PurchaseExpired):
        begin(arun, order, now=utc_now() + timedelta(minutes=14))
    assert not Payment.objects.exists()
    key = uuid.uuid4()
    begin(arun, order, idempotency_key=key)
    with pytest.raises(IdempotencyConflict):
        begin(arun, elsewhere, idempotency_key=key)


def test_a_silent_provider_is_asked_again_with_the_same_reference(market, arun, sandbox, settings):
    order = place_one(buyer=arun, variant=market.variant)
    key = uuid.uuid4()
    settings.SANDBOX_GATEWAY_URL = "http://127.0.0.1:9/sandbox-pay"
    with pytest.raises(GatewayUnavailable):
        begin(arun, order, idempotency_key=key)
    first = Payment.objects.get()
    assert (first.status, first.pay_url) == ("created", "")

    settings.SANDBOX_GATEWAY_URL = sandbox.url
    again = begin(arun, order, idempotency_key=key)

    assert (again.pk, again.status, again.reference) == (first.pk, "pending", first.reference)


def test_an_answer_of_somebody_elses_key_is_not_believed(market, arun, sandbox, settings, tmp_path):
    order = place_one(buyer=arun, variant=market.variant)
    for name in ("merchant_private.pem", "merchant_public.pem"):
        (tmp_path / name).write_bytes((sandbox.folder / name).read_bytes())
    (tmp_path / "gateway_public.pem").write_bytes((sandbox.folder / "merchant_public.pem").read_bytes())
    settings.SANDBOX_KEYS_DIR = tmp_path

    with pytest.raises(GatewayUnavailable):
        begin(arun, order)


def test_without_callbacks_the_poller_settles(market, arun, sandbox):
    order = place_one(buyer=arun, variant=market.variant)
    payment = begin(arun, order)
    sandbox.tap(payment.pay_url)
    assert poll_open(now=utc_now()) == 0

    assert poll_open(now=utc_now() + timedelta(seconds=21)) == 1

    assert (status_of(order), status_of(payment)) == ("paid", "succeeded")
    with pytest.raises(MoveRefused):
        begin(arun, order)


def test_b12_the_return_page_asks_the_provider_and_believes_only_it(client, market, arun, sandbox):
    order = place_one(buyer=arun, variant=market.variant)
    payment = begin(arun, order)
    client.force_login(arun)

    answer = client.get(f"/checkout/return/{payment.pk}/?status=paid&amount_fen=7600")

    assert answer.status_code == 200
    assert (status_of(order), status_of(payment), cash()) == ("pending_payment", "pending", 0)
    sandbox.tap(payment.pay_url)
    Payment.objects.filter(pk=payment.pk).update(last_queried_at=None)
    client.get(f"/checkout/return/{payment.pk}/")
    assert (status_of(order), cash()) == ("paid", 7600)


def test_an_unpaid_purchase_is_closed_at_the_provider_before_its_units_are_free(market, arun, sandbox):
    order = place_one(buyer=arun, variant=market.variant, quantity=2)
    payment = begin(arun, order)
    late = order.group.expires_at + timedelta(seconds=1)
    OrderGroup.objects.filter(pk=order.group_id).update(expires_at=utc_now())

    assert expire_unpaid() == 1

    assert (status_of(order), counters(market.variant)) == ("cancelling", (98, 2, 0))
    close_group(group_id=order.group_id, now=late)
    assert (status_of(order), status_of(payment)) == ("cancelled", "closed")
    assert counters(market.variant) == (100, 0, 0)
    assert get_gateway("sandbox").query(payment.reference).state == "closed"
    assert sandbox.tap(payment.pay_url, token="old")[0] == 403


def test_closing_finds_the_money_that_had_already_come(market, arun, sandbox):
    order = place_one(buyer=arun, variant=market.variant)
    payment = begin(arun, order)
    sandbox.tap(payment.pay_url)
    expire_group(group_id=order.group_id, now=order.group.expires_at)

    close_group(group_id=order.group_id, now=order.group.expires_at)

    assert (status_of(order), status_of(payment), cash()) == ("paid", "succeeded", 7600)
    assert counters(market.variant) == (99, 0, 1)


def test_while_the_provider_is_silent_nothing_is_released(market, arun, sandbox, settings):
    order = place_one(buyer=arun, variant=market.variant)
    begin(arun, order)
    expire_group(group_id=order.group_id, now=order.group.expires_at)
    settings.SANDBOX_GATEWAY_URL = "http://127.0.0.1:9/sandbox-pay"

    with pytest.raises(GatewayUnavailable):
        close_group(group_id=order.group_id, now=utc_now())
    assert close_leftovers(now=utc_now()) == 0
    assert (status_of(order), counters(market.variant)) == ("cancelling", (99, 1, 0))

    settings.SANDBOX_GATEWAY_URL = sandbox.url
    assert close_leftovers(now=utc_now()) == 1
    assert (status_of(order), counters(market.variant)) == ("cancelled", (100, 0, 0))


def test_b8_money_of_a_closed_payment_is_sent_back_once(market, arun, sandbox):
    order = place_one(buyer=arun, variant=market.variant)
    payment = begin(arun, order)
    expire_group(group_id=order.group_id, now=order.group.expires_at)
    close_group(group_id=order.group_id, now=utc_now())
    VariantStock.objects.filter(pk=market.variant.pk).update(available=0)
    before = sandbox.counts()["refunds"]
    sandbox.force_paid(payment.reference)

    settle_payment(
        payment_id=payment.pk, facts=get_gateway("sandbox").query(payment.reference), now=utc_now()
    )
    refund = Refund.objects.get()
    for _ in range(3):
        send_refund(refund_id=refund.pk, now=utc_now())

    refund.refresh_from_db()
    assert (refund.status, refund.amount_fen, refund.reason) == ("succeeded", 7600, "paid_too_late")
    assert sandbox.counts()["refunds"] == before + 1
    assert (cash(), status_of(order)) == (0, "cancelled")
    assert sorted(LedgerEntry.objects.values_list("account__purpose", "amount_fen")) == [
        ("cash", -7600), ("cash", 7600), ("unmatched", -7600), ("unmatched", 7600),
    ]  # fmt: skip


def paid(arun, order, sandbox) -> Payment:
    payment = begin(arun, order)
    sandbox.tap(payment.pay_url)
    return check_payment(payment=payment, now=utc_now() + timedelta(seconds=3))


def test_pr3_a_cancelled_order_is_refunded_once_wherever_the_worker_dies(market, arun, sandbox):
    order = place_one(buyer=arun, variant=market.variant)
    paid(arun, order, sandbox)
    cancel_by_buyer(buyer=arun, number=order.number, now=utc_now())
    request = RefundRequest.objects.get()
    before = sandbox.counts()["refunds"]
    done = execute_refund(request_id=request.pk, now=utc_now())
    # As if killed after the provider had answered and before we had noted it.
    Refund.objects.filter(pk=done.pk).update(status="in_transit", provider_reference="", settled_at=None)

    again = execute_refund(request_id=request.pk, now=utc_now())
    execute_refund(request_id=request.pk, now=utc_now())

    assert (again.pk, again.status, again.reason) == (done.pk, "succeeded", "cancelled_by_buyer")
    assert sandbox.counts()["refunds"] == before + 1
    assert (status_of(request), cash(), counters(market.variant)) == ("refunded", 0, (100, 0, 0))
    held = LedgerEntry.objects.filter(account__purpose="buyer_held").values_list("amount_fen", flat=True)
    assert sorted(held) == [-7600, 7600]


def test_a_refund_that_meets_a_silent_provider_is_taken_up_again(market, arun, sandbox, settings):
    order = place_one(buyer=arun, variant=market.variant)
    paid(arun, order, sandbox)
    cancel_by_buyer(buyer=arun, number=order.number, now=utc_now())
    request = RefundRequest.objects.get()
    settings.SANDBOX_GATEWAY_URL = "http://127.0.0.1:9/sandbox-pay"
    with pytest.raises(GatewayUnavailable):
        execute_refund(request_id=request.pk, now=utc_now())
    assert (status_of(request), cash()) == ("requested", 7600)

    settings.SANDBOX_GATEWAY_URL = sandbox.url
    assert retry_refunds(now=utc_now() + timedelta(seconds=61)) == 1

    assert (status_of(request), cash()) == ("refunded", 0)


def test_a_refund_that_the_provider_refuses_waits_for_an_operator(market, arun, sandbox):
    order = place_one(buyer=arun, variant=market.variant)
    payment = paid(arun, order, sandbox)
    get_gateway("sandbox").refund(
        reference=payment.reference, refund_reference="Relsewhere", amount_fen=7600, total_fen=7600,
        reason="by hand",
    )  # fmt: skip
    cancel_by_buyer(buyer=arun, number=order.number, now=utc_now())
    request = RefundRequest.objects.get()

    refund = execute_refund(request_id=request.pk, now=utc_now())

    assert (refund.status, refund.last_error) == ("failed", "more_than_paid")
    assert (status_of(request), cash()) == ("failed", 7600)


def test_one_refund_that_cannot_be_booked_does_not_stop_the_others(market, arun, sandbox):
    refunds = []
    for _ in range(2):
        order = place_one(buyer=arun, variant=market.variant)
        paid(arun, order, sandbox)
        cancel_by_buyer(buyer=arun, number=order.number, now=utc_now())
        refunds.append(_refund_of(RefundRequest.objects.get(order=order).pk, utc_now()))
    stuck, other = refunds
    lines = [Posting(Purpose.CASH, 1, "elsewhere"), Posting(Purpose.UNMATCHED, -1, "elsewhere")]
    post(kind=Kind.REFUND, key=f"refund:{stuck.pk}", source="elsewhere", postings=lines, now=utc_now())
    Refund.objects.filter(pk=other.pk).update(attempts=MOST_ATTEMPTS)

    done = retry_refunds(now=utc_now() + timedelta(minutes=5))

    assert done == 1
    assert (status_of(stuck), status_of(other)) == ("in_transit", "succeeded")


def test_the_clock_takes_up_everything_that_was_left(market, arun, sandbox, drain_outbox, valkey):
    order = place_one(buyer=arun, variant=market.variant)
    begin(arun, order)
    expire_group(group_id=order.group_id, now=order.group.expires_at)

    poll_pending()

    assert (status_of(order), counters(market.variant)) == ("cancelled", (100, 0, 0))
