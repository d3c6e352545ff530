"""Every flow of money posts: driven by its real service, each entry to the fen, and the book balances.

One row a flow. A flow that is built later gets its row here; nothing may post a kind that has none.
"""

import uuid
from datetime import timedelta
from types import SimpleNamespace

import pytest

from common.clock import utc_now
from ledger.models import LedgerEntry, LedgerTransaction
from ledger.selectors import trial_balance
from ledger.services.adjusting import (
    ProposedLine,
    approve_adjustment,
    propose_adjustment,
    propose_reversal,
)
from ledger.statuses import Kind
from orders.models import RefundRequest
from orders.services.cancelling import cancel_by_buyer
from orders.services.judging import approve_case
from orders.services.receiving import receive_order
from orders.services.shipping import ship_order
from payments.models import Payment, Refund
from payments.services.billing import SHANGHAI, fetch_bill
from payments.services.closing import check_payment
from payments.services.collecting import confirm_cash, record_cash
from payments.services.handing_over import confirm_handover, note_handover
from payments.services.paying_by_hand import confirm_hand_refund, note_hand_refund
from payments.services.refunding import execute_refund, send_refund
from payments.services.returning_gifts import return_gift
from payouts.services.paying import approve_payout, mark_paid
from payouts.services.transferring import note_returned, send_transfer
from tests.factories.cases import ask
from tests.factories.coupons import make_campaign, make_coupon
from tests.factories.gifts import give, make_gift_kind
from tests.factories.orders import make_pin, place_one
from tests.factories.payouts import close_week, statement_of
from tests.factories.providers import begin, providers, providers_process
from tests.factories.runs import make_account, started_run, transfer_of
from tests.factories.shops import make_person
from tests.providersim.bills import fee_of

__all__ = ["providers", "providers_process"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def world(market, arun, mei, operator, providers, settings):
    settings.PAYMENT_GATEWAYS = ["wechatpay", "cash_on_delivery"]
    settings.PAYOUT_WAYS = ["bank", "alipay"]
    return SimpleNamespace(
        market=market, arun=arun, mei=mei, operator=operator, providers=providers,
        checker=make_person(name="复核员", is_staff=True),
    )  # fmt: skip


def pay(world, order) -> Payment:
    """The buyer pays at WeChat Pay, and we hear of it."""
    payment = begin(world.arun, order, "wechatpay")
    world.providers.pay(payment)
    return check_payment(payment=payment, now=utc_now() + timedelta(seconds=3))


def sold(world, *, quantity=1, bearer="", is_live=False):
    """A paid order, out of a show or not, with a coupon of ¥5 that somebody pays for or without."""
    market, source, fields = world.market, "", {}
    if is_live or bearer == "host":
        pin, source = make_pin(host=market.host, shop=market.shop, variant=market.variant)
        fields = {"host": market.host, "is_live_only": True, "live_session": pin.session}
    coupon = None
    if bearer:
        campaign = make_campaign(
            shop=None if bearer == "platform" else market.shop, by=world.mei, cost_bearer=bearer,
            **(fields if bearer == "host" else {}),
        )  # fmt: skip
        coupon = make_coupon(user=world.arun, campaign=campaign).pk
    order = place_one(
        buyer=world.arun, variant=market.variant, quantity=quantity, source=source, coupon=coupon
    )
    payment = pay(world, order)
    order.refresh_from_db()
    return order, payment


def received(world, **options):
    order, _payment = sold(world, **options)
    ship_order(
        actor=world.mei, number=order.number, carrier="sf", tracking_number="SF00000001", now=utc_now()
    )
    return receive_order(buyer=world.arun, number=order.number, now=utc_now())


def late(world):
    """Money for a purchase that was paid already: a second payment of it."""
    order = place_one(buyer=world.arun, variant=world.market.variant)
    first, second = (begin(world.arun, order, "wechatpay", method=method) for method in ("native", "h5"))
    for payment in (first, second):
        world.providers.pay(payment)
        check_payment(payment=payment, now=utc_now() + timedelta(seconds=3))
    return second


def cash_order(world):
    order = place_one(buyer=world.arun, variant=world.market.variant)
    now = utc_now()
    confirm_cash(buyer=world.arun, group_id=order.group_id, idempotency_key=uuid.uuid4(), now=now)
    order.refresh_from_db()
    ship_order(actor=world.mei, number=order.number, carrier="sf", tracking_number="SF00000002", now=now)
    return record_cash(
        actor=world.mei, number=order.number, holder="shop", amount_fen=order.total_fen, now=now
    )


# ---- The flows: each returns the key of what it posted.
def payment(world):
    return f"payment:{sold(world)[1].pk}"


def paid_twice(world):
    return f"payment:{late(world).pk}"


def given_back_at_once(world):
    refund = Refund.objects.get(payment=late(world))
    return f"refund:{send_refund(refund_id=refund.pk, now=utc_now()).pk}"


def provider_fee(world):
    sold(world)
    bill = fetch_bill(
        gateway="wechatpay", kind="trade", day=utc_now().astimezone(SHANGHAI).date(), now=utc_now()
    )
    return f"provider_fee:{bill.pk}"


def completion(world):
    return f"completion:{received(world).pk}"


def completion_of_a_show(world):
    return f"completion:{received(world, is_live=True).pk}"


def coupon_of(bearer):
    return lambda world: f"completion:{received(world, bearer=bearer).pk}"


def refund(world):
    order, _payment = sold(world)
    cancel_by_buyer(buyer=world.arun, number=order.number, now=utc_now())
    request = RefundRequest.objects.get(order=order)
    return f"refund:{execute_refund(request_id=request.pk, now=utc_now()).pk}"


def after_sale(reason, **options):
    def run(world):
        order = received(world, quantity=2, **options)
        case = ask(order, world.arun, quantity=1, reason=reason)
        approve_case(actor=world.mei, case_id=case.pk, idempotency_key=uuid.uuid4(), now=utc_now())
        return LedgerTransaction.objects.get(kind=Kind.AFTER_SALE).key

    return run


def cash_collected(world):
    cash_order(world)
    return LedgerTransaction.objects.get(kind=Kind.CASH_COLLECTED).key


def cash_handed_over(world):
    order = cash_order(world)
    noted, _replayed = note_handover(
        actor=world.mei, shop_id=world.market.shop.pk, amount_fen=order.total_fen, method="bank",
        reference="ICBC 1", idempotency_key=uuid.uuid4(), now=utc_now(),
    )  # fmt: skip
    confirm_handover(actor=world.operator, handover_id=noted.pk, now=utc_now())
    return LedgerTransaction.objects.get(kind=Kind.CASH_HANDED_OVER).key


def cash_given_back(world):
    order = cash_order(world)
    case = ask(order, world.arun, quantity=1, reason="wrong_goods")
    case = approve_case(actor=world.mei, case_id=case.pk, idempotency_key=uuid.uuid4(), now=utc_now())
    owed = execute_refund(request_id=case.refund_request_id, now=utc_now())
    noted, _replayed = note_hand_refund(
        actor=world.mei, refund_id=owed.pk, amount_fen=owed.amount_fen, method="wechat", reference="42",
        idempotency_key=uuid.uuid4(), now=utc_now(),
    )  # fmt: skip
    confirm_hand_refund(actor=world.arun, note_id=noted.pk, now=utc_now())
    return LedgerTransaction.objects.get(kind=Kind.REFUND).key


def a_gift(world):
    pin, _source = make_pin(host=world.market.host, shop=world.market.shop, variant=world.market.variant)
    return give(providers=world.providers, giver=world.arun, session=pin.session, kind=make_gift_kind())


def gift(world):
    return f"payment:{a_gift(world)[1].pk}"


def gift_taken_back(world):
    given, _payment = a_gift(world)
    return_gift(actor=world.operator, gift_id=given.pk, reason="by mistake", now=utc_now())
    return f"gift_returned:{given.pk}"


def gift_refund(world):
    given, _payment = a_gift(world)
    owed = return_gift(actor=world.operator, gift_id=given.pk, reason="by mistake", now=utc_now())
    return f"refund:{send_refund(refund_id=owed.pk, now=utc_now()).pk}"


def payout(world):
    received(world)
    period = close_week(shop=world.market.shop, now=utc_now())
    made = statement_of(period, farmer=world.market.farmer).payout
    make_account(payee=world.market.farmer, writer=world.operator, checker=world.checker, now=utc_now())
    approve_payout(actor=world.operator, payout_id=made.pk, now=utc_now())
    mark_paid(actor=world.checker, payout_id=made.pk, reference="B1", now=utc_now())
    return LedgerTransaction.objects.get(kind=Kind.PAYOUT).key


def payout_returned(world):
    farmer, people = world.market.farmer, {"writer": world.operator, "checker": world.checker}
    received(world)
    now = utc_now()
    close_week(shop=world.market.shop, now=now)
    make_account(payee=farmer, **people, now=now, method="alipay")
    run = started_run(maker=world.operator, checker=world.checker, now=now)
    sent = send_transfer(transfer_id=transfer_of(run, farmer=farmer).pk, now=now)
    note_returned(actor=world.operator, transfer_id=sent.pk, reason="account closed", now=now)
    return LedgerTransaction.objects.get(kind=Kind.PAYOUT_RETURNED).key


def adjustment(world):
    order = received(world)
    line = order.lines.get()
    farmer, fee = (
        LedgerEntry.objects.filter(account__purpose=purpose).first().account_id
        for purpose in ("farmer_payable", "platform_fee")
    )
    lines = [ProposedLine(farmer, -100, f"order_line:{line.pk}"), ProposedLine(fee, 100)]
    proposed = propose_adjustment(actor=world.operator, lines=lines, reason="weighed again", now=utc_now())
    return approve_adjustment(actor=world.checker, adjustment_id=proposed.pk, now=utc_now()).posted.key


def reversal(world):
    made = LedgerTransaction.objects.get(key=adjustment(world))
    proposed = propose_reversal(
        actor=world.operator, transaction_id=made.pk, reason="weighed well before", now=utc_now()
    )
    return approve_adjustment(actor=world.checker, adjustment_id=proposed.pk, now=utc_now()).posted.key


# One unit costs 6800 and its freight 800; the market keeps 3 %, the host of a show 5 %. Two units of a case:
# one comes back.
FLOWS = [
    (payment, Kind.PAYMENT, {"cash": 7600, "buyer_held": -7600}),
    (paid_twice, Kind.UNMATCHED_PAYMENT, {"cash": 7600, "unmatched": -7600}),
    (given_back_at_once, Kind.REFUND, {"unmatched": 7600, "cash": -7600}),
    (provider_fee, Kind.PROVIDER_FEE, {"provider_fee": 46, "cash": -46}),
    (completion, Kind.COMPLETION,
     {"buyer_held": 7600, "farmer_payable farmer": -6596, "platform_fee": -204,
      "freight_payable shop": -800}),
    (completion_of_a_show, Kind.COMPLETION,
     {"buyer_held": 7600, "farmer_payable farmer": -6256, "host_payable host": -340, "platform_fee": -204,
      "freight_payable shop": -800}),
    (coupon_of("shop"), Kind.COMPLETION,
     {"buyer_held": 7100, "coupon_cost shop": 500, "farmer_payable farmer": -6596, "platform_fee": -204,
      "freight_payable shop": -800}),
    (coupon_of("host"), Kind.COMPLETION,
     {"buyer_held": 7100, "coupon_cost host": 500, "farmer_payable farmer": -6256, "host_payable host": -340,
      "platform_fee": -204, "freight_payable shop": -800}),
    (coupon_of("platform"), Kind.COMPLETION,
     {"buyer_held": 7100, "platform_coupon": 500, "farmer_payable farmer": -6596, "platform_fee": -204,
      "freight_payable shop": -800}),
    (refund, Kind.REFUND, {"buyer_held": 7600, "cash": -7600}),
    (after_sale("spoiled"), Kind.AFTER_SALE,
     {"buyer_held": -6800, "farmer_payable farmer": 6596, "platform_fee": 204}),
    (after_sale("wrong_goods"), Kind.AFTER_SALE,
     {"buyer_held": -6800, "shop_payable shop": 6596, "platform_fee": 204}),
    (after_sale("damaged"), Kind.AFTER_SALE,
     {"buyer_held": -6800, "carrier_claim": 6596, "platform_fee": 204}),
    (after_sale("spoiled", is_live=True), Kind.AFTER_SALE,
     {"buyer_held": -6800, "farmer_payable farmer": 6256, "host_payable host": 340, "platform_fee": 204}),
    (cash_collected, Kind.CASH_COLLECTED, {"shop_cash shop": 7600, "buyer_held": -7600}),
    (cash_handed_over, Kind.CASH_HANDED_OVER, {"bank": 7600, "shop_cash shop": -7600}),
    (cash_given_back, Kind.REFUND, {"buyer_held": 7600, "shop_cash shop": -7600}),
    (gift, Kind.GIFT, {"cash": 999, "host_payable host": -700, "platform_fee": -299}),
    (gift_taken_back, Kind.GIFT_RETURNED,
     {"host_payable host": 700, "platform_fee": 299, "buyer_held": -999}),
    (gift_refund, Kind.REFUND, {"buyer_held": 999, "cash": -999}),
    (payout, Kind.PAYOUT, {"farmer_payable farmer": 6596, "bank": -6596}),
    (payout_returned, Kind.PAYOUT_RETURNED, {"farmer_payable farmer": -6596, "cash": 6596}),
    (adjustment, Kind.ADJUSTMENT, {"farmer_payable farmer": -100, "platform_fee": 100}),
    (reversal, Kind.REVERSAL, {"farmer_payable farmer": 100, "platform_fee": -100}),
]  # fmt: skip


@pytest.mark.parametrize(("flow", "kind", "expected"), FLOWS)
def test_a_flow_posts_exactly_these_entries(world, flow, kind, expected):
    key = flow(world)

    posted = LedgerTransaction.objects.get(key=key)
    owners = {"system": 0, "farmer": world.market.farmer.pk, "host": world.market.host.pk,
              "shop": world.market.shop.pk}  # fmt: skip
    found: dict[str, int] = {}
    for purpose, owner, owner_id, fen in posted.entries.values_list(
        "account__purpose", "account__owner_kind", "account__owner_id", "amount_fen"
    ):
        assert owner_id == owners[owner]
        name = purpose if owner == "system" else f"{purpose} {owner}"
        found[name] = found.get(name, 0) + fen
    assert posted.kind == kind
    assert {name: fen for name, fen in found.items() if fen} == expected
    book = trial_balance()
    assert (book.total_fen, list(book.wrong_accounts)) == (0, [])


def test_every_kind_has_its_flow():
    assert {kind for _flow, kind, _expected in FLOWS} == set(Kind)


def test_the_fee_of_the_table_is_the_providers():
    assert fee_of(7600) == 46
