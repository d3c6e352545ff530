"""After-sales: what may be asked back, what it costs whom, and what silence means."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F

from common.errors import IdempotencyConflict, Invalid, MoveRefused, NotAllowed, NotFound
from common.models import AuditEntry
from ledger.models import LedgerEntry
from orders.errors import CancelInstead, CaseTooLate, CashDue, UnitsTaken
from orders.models import AfterSaleCase, AfterSaleLine, Order, OrderLine, RefundRequest
from orders.services import asking_back, judging
from orders.services.asking_back import WantedBack
from orders.services.cancelling import cancel_by_buyer
from orders.services.confirming import confirm_group
from orders.services.receiving import auto_receive, receive_order
from orders.services.refunding import mark_refunded
from orders.services.shipping import Packed, ship_order
from shops.models import StockMovement, VariantStock
from tests.factories.cases import ask, back_on_the_way
from tests.factories.orders import make_paid, make_shipped, place, place_one

NOW = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)

pytestmark = pytest.mark.django_db


def shipped(market, arun, mei, quantity: int = 3, **options) -> Order:
    return make_shipped(buyer=arun, seller=mei, variant=market.variant, quantity=quantity, now=NOW, **options)


def key() -> uuid.UUID:
    return uuid.uuid4()


def approve(mei, case, **options) -> AfterSaleCase:
    return judging.approve_case(actor=mei, case_id=case.pk, idempotency_key=key(), now=LATER, **options)


def shelf(variant) -> tuple[int, int]:
    stock = VariantStock.objects.get(pk=variant.pk)
    return stock.available, stock.sold


def held_of(order) -> tuple[int, int]:
    line = order.lines.get()
    return line.after_sale_units, line.after_sale_fen


def balance(purpose: str, owner_id: int = 0) -> int:
    entries = LedgerEntry.objects.filter(account__purpose=purpose, account__owner_id=owner_id)
    return sum(entries.values_list("amount_fen", flat=True))


def test_money_only_for_one_of_three_units(market, arun, mei):
    order = shipped(market, arun, mei)

    case = ask(order, arun, quantity=1, reason="spoiled", text="一盒发霉了", now=LATER)

    assert (case.status, case.amount_fen, case.freight_fen) == ("requested", 6800, 0)
    assert case.deadline_at == LATER + timedelta(days=3)
    assert held_of(order) == (1, 6800)
    assert not RefundRequest.objects.exists()

    case = approve(mei, case)

    request = RefundRequest.objects.get()
    assert (request.amount_fen, request.reason, request.order_id) == (6800, "after_sale", order.pk)
    assert (case.status, case.refund_request_id, case.deadline_at) == ("awaiting_refund", request.pk, None)
    order.refresh_from_db()
    assert order.refund_requested_fen == 6800
    assert shelf(market.variant) == (97, 3)
    assert list(case.events.values_list("status", "by")) == [
        ("requested", "buyer"),
        ("awaiting_refund", "shop"),
    ]
    assert AuditEntry.objects.get(action="orders.case_awaiting_refund").actor == f"user:{mei.pk}"

    mark_refunded(request_id=request.pk, now=LATER)

    case.refresh_from_db()
    assert case.status == "refunded"


def test_goods_come_back_to_the_shelf_before_the_money_goes(market, arun, mei):
    order = shipped(market, arun, mei)
    case = ask(order, arun, quantity=2, kind="return_and_refund", reason="not_as_described", now=LATER)

    case = approve(mei, case, reply="云岭村 1 号，梅姐收")
    assert (case.status, case.reply, case.deadline_at) == (
        "awaiting_return",
        "云岭村 1 号，梅姐收",
        LATER + timedelta(days=7),
    )
    case = back_on_the_way(case, arun, now=LATER)
    assert (case.status, case.return_tracking_number) == ("awaiting_receipt", "SF87654321")
    assert shelf(market.variant) == (97, 3)
    case = judging.receive_return(actor=mei, case_id=case.pk, idempotency_key=key(), now=LATER)

    assert (case.status, case.is_restocked) == ("awaiting_refund", True)
    assert shelf(market.variant) == (99, 1)
    movement = StockMovement.objects.get(reference=f"aftersalecase:{case.pk}")
    assert (movement.kind, movement.quantity) == ("return", 2)
    assert RefundRequest.objects.get().amount_fen == 13600


def test_goods_that_came_back_spoiled_stay_off_the_shelf(market, arun, mei):
    order = shipped(market, arun, mei)
    case = approve(mei, ask(order, arun, kind="return_and_refund", reason="spoiled", now=LATER))
    case = back_on_the_way(case, arun, now=LATER)

    judging.receive_return(actor=mei, case_id=case.pk, idempotency_key=key(), now=LATER, restock=False)

    assert shelf(market.variant) == (97, 3)
    assert RefundRequest.objects.get().amount_fen == 6800


def test_freight_goes_back_with_the_last_units_unless_the_buyer_thought_anew(market, arun, mei):
    faulty, unwanted = shipped(market, arun, mei, 2), shipped(market, arun, mei, 2)

    approve(mei, ask(faulty, arun, quantity=1, reason="spoiled", now=LATER))
    last = approve(mei, ask(faulty, arun, quantity=1, reason="spoiled", now=LATER))
    anew = ask(unwanted, arun, quantity=2, kind="return_and_refund", reason="changed_mind", now=LATER)

    assert (last.amount_fen, last.freight_fen) == (6800, 800)
    assert (anew.amount_fen, anew.freight_fen) == (13600, 0)
    faulty.refresh_from_db()
    assert faulty.refund_requested_fen == faulty.captured_fen == 14400


def test_more_than_was_paid_for_the_units_is_refused(market, arun, mei):
    order = shipped(market, arun, mei)

    with pytest.raises(Invalid):
        ask(order, arun, quantity=1, amount_fen=6801, now=LATER)
    with pytest.raises(UnitsTaken):
        ask(order, arun, quantity=4, now=LATER)
    ask(order, arun, quantity=2, now=LATER)
    with pytest.raises(UnitsTaken):
        ask(order, arun, quantity=2, now=LATER)

    assert held_of(order) == (2, 13600)
    assert AfterSaleCase.objects.count() == 1


def test_the_database_refuses_what_no_service_would_do(market, arun, mei):
    order = shipped(market, arun, mei)
    case = ask(order, arun, quantity=1, now=LATER)

    for change in (
        lambda: OrderLine.objects.filter(order=order).update(after_sale_units=F("quantity") + 1),
        lambda: OrderLine.objects.filter(order=order).update(after_sale_fen=F("total_fen") + 1),
        lambda: Order.objects.filter(pk=order.pk).update(refund_requested_fen=F("captured_fen") + 1),
        lambda: AfterSaleLine.objects.filter(case=case).update(amount_fen=F("worth_fen") + 1),
        lambda: AfterSaleCase.objects.filter(pk=case.pk).update(status="refunded"),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


@pytest.mark.parametrize("quantity", [0, -1, 10**9, 1.5, "1", True, None])
def test_odd_quantities_are_refused(market, arun, mei, quantity):
    order = shipped(market, arun, mei)

    with pytest.raises(Invalid):
        ask(order, arun, quantity=quantity, now=LATER)

    assert held_of(order) == (0, 0)


def test_c1_a_stranger_finds_neither_order_nor_case_nor_photo(market, arun, mei, zoya, zhuoma):
    order = shipped(market, arun, mei)
    case = ask(order, arun, quantity=1, now=LATER)
    foreign = market.product.photos.first()

    with pytest.raises(NotFound):
        ask(order, zoya, quantity=1, now=LATER)
    with pytest.raises(NotFound):
        ask(order, arun, quantity=1, photo_ids=[foreign.pk], now=LATER)
    for person in (zoya, zhuoma, arun):
        with pytest.raises(NotFound):
            approve(person, case)
    with pytest.raises(NotFound):
        asking_back.withdraw_case(buyer=mei, case_id=case.pk, idempotency_key=key(), now=LATER)

    case.refresh_from_db()
    assert (case.status, AfterSaleCase.objects.count()) == ("requested", 1)


def test_a_line_of_another_order_is_not_found(market, arun, mei):
    order, other = shipped(market, arun, mei), shipped(market, arun, mei)

    with pytest.raises(NotFound):
        ask(order, arun, lines=[WantedBack(other.lines.get().pk, 1)], now=LATER)

    assert held_of(other) == (0, 0)


def test_the_same_key_opens_one_case_and_another_body_is_a_conflict(market, arun, mei):
    order = shipped(market, arun, mei)
    one = key()

    first = ask(order, arun, quantity=1, idempotency_key=one, now=LATER)
    again = ask(order, arun, quantity=1, idempotency_key=one, now=LATER)
    with pytest.raises(IdempotencyConflict):
        ask(order, arun, quantity=2, idempotency_key=one, now=LATER)

    assert first.pk == again.pk
    assert held_of(order) == (1, 6800)


def test_an_order_of_which_nothing_is_sent_is_cancelled_not_returned(market, arun, mei):
    order = make_paid(buyer=arun, variant=market.variant, quantity=2, now=NOW)

    with pytest.raises(CancelInstead):
        ask(order, arun, quantity=2, reason="changed_mind", now=LATER)
    with pytest.raises(MoveRefused):
        ask(order, arun, quantity=1, kind="return_and_refund", reason="spoiled", now=LATER)
    approve(mei, ask(order, arun, quantity=1, reason="changed_mind", now=LATER))

    assert shelf(market.variant) == (99, 1)
    with pytest.raises(CancelInstead):
        ask(order, arun, quantity=1, reason="changed_mind", now=LATER)


def test_cancelling_closes_what_is_open_and_gives_back_only_the_rest(market, arun, mei):
    order = make_paid(buyer=arun, variant=market.variant, quantity=3, now=NOW)
    granted = approve(mei, ask(order, arun, quantity=1, reason="missing", now=LATER))
    waiting = ask(order, arun, quantity=1, reason="missing", now=LATER)

    cancel_by_buyer(buyer=arun, number=order.number, now=LATER)

    granted.refresh_from_db()
    waiting.refresh_from_db()
    assert (granted.status, waiting.status) == ("awaiting_refund", "closed")
    assert sorted(RefundRequest.objects.values_list("amount_fen", flat=True)) == [6800, 14400]
    assert shelf(market.variant) == (100, 0)
    order.refresh_from_db()
    assert order.refund_requested_fen == order.captured_fen == 21200
    with pytest.raises(MoveRefused):
        approve(mei, waiting)


def test_cash_that_is_not_paid_yet_cannot_be_asked_back(market, arun, mei):
    order = place_one(buyer=arun, variant=market.variant, now=NOW)
    confirm_group(group_id=order.group_id, now=NOW)
    ship_order(actor=mei, number=order.number, carrier="sf", tracking_number="SF12345678", now=NOW)

    with pytest.raises(CashDue):
        ask(order, arun, quantity=1, now=LATER)

    assert not AfterSaleCase.objects.exists()


def test_unpaid_and_long_completed_orders_are_past_asking(market, arun, mei):
    unpaid = place(buyer=arun, lines=[(market.variant, 1)], now=NOW).orders.get()
    done = shipped(market, arun, mei)
    receive_order(buyer=arun, number=done.number, now=NOW)

    with pytest.raises(MoveRefused):
        ask(unpaid, arun, quantity=1, now=LATER)
    with pytest.raises(CaseTooLate):
        ask(done, arun, quantity=1, now=NOW + timedelta(days=15, seconds=1))

    assert ask(done, arun, quantity=1, now=NOW + timedelta(days=15)).status == "requested"


def test_a_shops_no_can_be_taken_to_the_market(market, arun, mei, operator, zoya):
    order = shipped(market, arun, mei)
    case = ask(order, arun, quantity=1, reason="spoiled", now=LATER)

    with pytest.raises(Invalid):
        judging.reject_case(actor=mei, case_id=case.pk, reason=" ", idempotency_key=key(), now=LATER)
    case = judging.reject_case(
        actor=mei, case_id=case.pk, reason="照片看不出", idempotency_key=key(), now=LATER
    )
    assert (case.status, case.reply, case.deadline_at) == (
        "rejected",
        "照片看不出",
        LATER + timedelta(days=7),
    )
    case = asking_back.appeal_case(
        buyer=arun, case_id=case.pk, text="请看第二张", idempotency_key=key(), now=LATER
    )
    assert (case.appealed_at, case.deadline_at) == (LATER, None)
    assert judging.settle_due_cases(now=LATER + timedelta(days=90)) == 0
    with pytest.raises(NotAllowed):
        judging.arbitrate_case(actor=zoya, case_id=case.pk, grant=True, reason="x", now=LATER)
    with pytest.raises(Invalid):
        judging.arbitrate_case(actor=operator, case_id=case.pk, grant=True, reason="", now=LATER)
    judging.arbitrate_case(
        actor=operator, case_id=case.pk, grant=True, reason="照片清楚", cost_bearer="platform", now=LATER
    )

    case.refresh_from_db()
    assert case.status == "awaiting_refund"
    assert case.lines.get().cost_bearer == "platform"
    assert RefundRequest.objects.get().requested_by == f"user:{operator.pk}"
    audit = AuditEntry.objects.get(action="orders.case_awaiting_refund")
    assert (audit.actor, audit.reason, audit.before) == (
        f"user:{operator.pk}",
        "照片清楚",
        {"status": "rejected"},
    )
    receive_order(buyer=arun, number=order.number, now=LATER)
    assert balance("farmer_payable", market.farmer.pk) == -(20400 - 612)
    assert balance("platform_fee") == -(612 - 204) + 6800 - 204


@pytest.mark.parametrize(
    ("state", "days", "outcome", "refunds"),
    [
        ("requested", 3, "awaiting_refund", 1),
        ("requested_return", 3, "awaiting_return", 0),
        ("awaiting_return", 7, "closed", 0),
        ("awaiting_receipt", 7, "awaiting_refund", 1),
        ("rejected", 7, "closed", 0),
    ],
)
def test_silence_has_a_meaning(market, arun, mei, state, days, outcome, refunds):
    order = shipped(market, arun, mei)
    kind = "refund_only" if state in ("requested", "rejected") else "return_and_refund"
    case = ask(order, arun, quantity=1, kind=kind, reason="spoiled", now=LATER)
    if state == "rejected":
        judging.reject_case(actor=mei, case_id=case.pk, reason="不同意", idempotency_key=key(), now=LATER)
    elif state.startswith("awaiting"):
        approve(mei, case)
    if state == "awaiting_receipt":
        back_on_the_way(case, arun, now=LATER)
    due = LATER + timedelta(days=days)

    assert judging.settle_due_cases(now=due - timedelta(seconds=1)) == 0
    assert judging.settle_due_cases(now=due) == 1
    assert judging.settle_due_cases(now=due) == 0

    case.refresh_from_db()
    assert case.status == outcome
    assert case.events.last().by == "clock"
    assert RefundRequest.objects.count() == refunds
    assert shelf(market.variant) == (97, 3)
    assert held_of(order) == ((0, 0) if outcome == "closed" else (1, 6800))


def test_an_order_with_an_open_case_is_not_received_by_itself(market, arun, mei):
    order = shipped(market, arun, mei)
    case = ask(order, arun, quantity=1, now=LATER)
    due = NOW + timedelta(days=11)

    assert auto_receive(now=due) == 0
    asking_back.withdraw_case(buyer=arun, case_id=case.pk, idempotency_key=key(), now=LATER)
    assert auto_receive(now=due) == 1

    order.refresh_from_db()
    assert order.status == "completed"


def test_units_given_back_before_they_are_sent_leave_what_is_to_send(market, arun, mei):
    order = make_paid(buyer=arun, variant=market.variant, quantity=3, now=NOW)
    line = order.lines.get()
    parcel = {"actor": mei, "number": order.number, "carrier": "sf", "now": NOW}
    ship_order(**parcel, tracking_number="SF12345678", lines=[Packed(line.pk, 1)])

    approve(mei, ask(order, arun, quantity=1, reason="spoiled", now=LATER))
    line.refresh_from_db()
    assert (line.withdrawn_units, line.units_to_send, shelf(market.variant)) == (0, 2, (97, 3))
    approve(mei, ask(order, arun, quantity=2, reason="not_arrived", now=LATER))

    line.refresh_from_db()
    order.refresh_from_db()
    assert (line.withdrawn_units, line.units_to_send, shelf(market.variant)) == (2, 0, (99, 1))
    assert (order.status, order.refund_requested_fen) == ("shipped", 21200)
