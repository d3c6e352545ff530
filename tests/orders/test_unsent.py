"""Goods that the shop still has: never paid back and sent as well, never on the shelf twice."""

import uuid

import pytest

from common.clock import utc_now
from common.errors import Invalid
from ledger.selectors import trial_balance
from orders.errors import AnswerFirst
from orders.models import AfterSaleCase, Order, RefundRequest, Shipment
from orders.services.importing import check_sheet, read_sheet
from orders.services.judging import approve_case, receive_return, reject_case, settle_due_cases
from orders.services.offering_less import OfferedLine, accept_offer, offer_less
from orders.services.receiving import receive_order
from orders.services.returning_shares import losses_of
from orders.services.shipping import Packed, ship_order
from shops.models import VariantStock
from tests.factories.cases import ask, back_on_the_way
from tests.factories.orders import make_paid

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(market, arun) -> Order:
    return make_paid(buyer=arun, variant=market.variant, quantity=3)


def send(mei, order, *units: int) -> Order:
    line = order.lines.get()
    return ship_order(
        actor=mei, number=order.number, carrier="sf", now=utc_now(),
        tracking_number=f"SF{uuid.uuid4().int % 10**12:012d}",
        lines=[Packed(line.pk, quantity) for quantity in units],
    )  # fmt: skip


def answer(service, mei, case, **said) -> AfterSaleCase:
    return service(actor=mei, case_id=case.pk, idempotency_key=uuid.uuid4(), now=utc_now(), **said)


def shelf(variant) -> tuple[int, int]:
    stock = VariantStock.objects.get(pk=variant.pk)
    return stock.available, stock.sold


def sent(order) -> tuple[int, int, int]:
    line = order.lines.get()
    return line.shipped_units, line.withdrawn_units, line.units_to_send


def test_what_the_buyer_asks_back_is_not_sent_before_the_shop_has_answered(order, arun, mei, market):
    case = ask(order, arun, quantity=1, reason="changed_mind")

    for units in ((), (3,)):
        with pytest.raises(AnswerFirst):
            send(mei, order, *units)
    assert (Shipment.objects.count(), sent(order)) == (0, (0, 0, 3))

    # The others may go; and in silence the shop pays for what it has kept, not for what it has sent.
    send(mei, order, 2)
    assert settle_due_cases(now=case.deadline_at) == 1
    assert RefundRequest.objects.get().amount_fen == 6800
    order.refresh_from_db()
    assert (sent(order), order.status, shelf(market.variant)) == ((2, 1, 0), "shipped", (98, 2))


def test_after_a_no_everything_is_sent(order, arun, mei):
    case = ask(order, arun, quantity=1, reason="not_arrived")

    answer(reject_case, mei, case, reason="今天就发")

    send(mei, order)
    assert sent(order) == (3, 0, 0)


def test_a_wish_about_what_has_arrived_keeps_no_parcel_back(order, arun, mei):
    send(mei, order, 1)
    ask(order, arun, quantity=1, reason="spoiled")

    send(mei, order)

    assert sent(order) == (3, 0, 0)


def test_a_sheet_says_which_orders_wait_for_an_answer(order, arun, mei):
    ask(order, arun, quantity=1, reason="changed_mind")
    data = f"订单号,快递公司,快递单号\n{order.number},sf,SF000000000001\n".encode()

    [row] = check_sheet(actor=mei, rows=read_sheet(data))

    assert (row.outcome, row.problem) == ("refused", "answer_first")


def test_goods_that_are_not_sent_still_come_when_an_offer_is_taken(order, arun, mei, market):
    case = ask(order, arun, quantity=1, reason="not_arrived")
    offered = [OfferedLine(order.lines.get().pk, 1, 500)]
    answer(offer_less, mei, case, lines=offered)

    accept_offer(
        buyer=arun, case_id=case.pk, offer=case.offers.get().pk, idempotency_key=uuid.uuid4(), now=utc_now()
    )

    assert RefundRequest.objects.get().amount_fen == 500
    assert (sent(order), shelf(market.variant)) == ((0, 0, 3), (97, 3))
    send(mei, order)
    assert sent(order) == (3, 0, 0)


def test_only_what_was_sent_can_come_back(order, arun, mei, market):
    send(mei, order, 1)
    with pytest.raises(Invalid) as refusal:
        ask(order, arun, quantity=2, kind="return_and_refund", reason="not_as_described")
    assert (set(refusal.value.fields), AfterSaleCase.objects.count()) == ({"lines"}, 0)

    case = ask(order, arun, quantity=1, kind="return_and_refund", reason="not_as_described")
    with pytest.raises(Invalid):
        ask(order, arun, quantity=1, kind="return_and_refund", reason="not_as_described")
    answer(approve_case, mei, case, reply="寄回合作社")
    back_on_the_way(case, arun)
    answer(receive_return, mei, case)

    assert (sent(order), shelf(market.variant)) == ((1, 0, 2), (98, 2))
    send(mei, order)
    assert ask(order, arun, quantity=2, kind="return_and_refund", reason="spoiled").amount_fen == 13600


@pytest.mark.parametrize("is_pooled", [False, True])
def test_nobody_bears_a_loss_of_the_part_that_never_left(market, pool, arun, mei, is_pooled):
    """One of three was sent and is lost; the other two are on the shelf again."""
    variant = pool if is_pooled else market.variant
    order = make_paid(buyer=arun, variant=variant, quantity=3)
    send(mei, order, 1)
    case = ask(order, arun, quantity=3, reason="not_arrived")

    case = answer(approve_case, mei, case)

    line = case.lines.get()
    assert (line.quantity, line.shelf_units, line.cost_bearer) == (3, 2, "carrier")
    losses = [(one.kind, one.amount_fen) for one in losses_of(case, freight_fen=800)]
    receive_order(buyer=arun, number=order.number, now=utc_now())
    # Of 204.00 the market had 6.12; two thirds of the rest are for goods that can be sold again.
    balances = trial_balance().by_purpose
    assert {name: balances[name] for name in ("farmer_payable", "carrier_claim", "platform_fee")} == {
        "farmer_payable": -6596, "carrier_claim": 6596 + 800, "platform_fee": 0,
    }  # fmt: skip
    assert {("carrier", 6596), ("platform", 612), ("freight", 800)} <= set(losses)
    assert sum(fen for kind, fen in losses if kind == "farmer") == 13192
    assert trial_balance().is_right
