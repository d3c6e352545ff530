"""Lots that are called back, found short, or lighter than sold: who bought is served (decisions.md 11)."""

import uuid

import pytest

from common.errors import Invalid, MoveRefused, NotFound
from common.models import AuditEntry, OutboxMessage
from ledger.selectors import trial_balance
from notifications.models import Notification
from orders.models import AfterSaleCase, AfterSaleEvent, Allotment, LotAllocation, RefundRequest
from orders.selectors.explaining import explain
from orders.services.asking_back import WantedBack, withdraw_case
from orders.services.confirming import confirm_group
from orders.services.recalling import bought_of, recall_lot, report_short, settle_recall, units_sold_of
from orders.services.receiving import receive_order
from orders.services.shipping import Packed, ship_order
from orders.services.telling_cases import tell_case
from orders.services.weighing import settle_weight
from orders.tasks import tell_recall
from shops.errors import LotTooSmall
from shops.models import Lot, StockMovement, VariantStock
from tests.factories.cases import ask
from tests.factories.lots import bring, counted, everything, lots_of, make_grower, payable
from tests.factories.orders import make_paid, make_shipped, place_one
from tests.factories.payouts import make_completed

pytestmark = pytest.mark.django_db


def recall(actor, lot, now, reason="农残超标"):
    recall_lot(actor=actor, lot_id=lot.pk, reason=reason, now=now)
    return settle_recall(lot_id=lot.pk, now=now)


def recall_again(lot, now) -> tuple[int, int]:
    """(orders looked at, refunds there are) when a worker settles a recall once more."""
    return settle_recall(lot_id=lot.pk, now=now), RefundRequest.objects.count()


def agrees(variant):
    """Stock, movements and lots tell the same."""
    row = VariantStock.objects.get(pk=variant.pk)
    units = row.available + row.reserved + row.in_deals
    sellable = Lot.objects.filter(variant=variant, status__in=("available", "depleted"))
    assert units == sum(lot.left for lot in sellable)
    assert units == sum(StockMovement.objects.filter(variant=variant).values_list("quantity", flat=True))
    for lot in variant.lots.all():
        assert lot.taken == sum(one.kept for one in lot.allocations.all())


def test_what_is_not_sent_is_taken_from_other_lots(mei, arun, growers, pool, now):
    order = make_paid(buyer=arun, variant=pool, quantity=8, now=now)
    lot = pool.lots.last()

    assert recall(mei, lot, now) == 1

    line = order.lines.get()
    assert [(one.lot.farmer, one.kept, one.moved) for one in line.allocations.all()] == [
        (growers[0], 6, 0), (growers[1], 0, 2), (growers[0], 2, 0),
    ]  # fmt: skip
    assert Allotment.objects.last().reason == "recall"
    assert explain(line.pk).agrees
    assert lots_of(pool) == [(8, 0, "available"), (0, 0, "recalled")]
    assert counted(pool) == (22, 0, 8)
    assert not RefundRequest.objects.exists()
    agrees(pool)


def test_what_cannot_be_replaced_is_refunded_and_told(market, mei, arun, pool, now):
    order = make_paid(buyer=arun, variant=pool, quantity=40, now=now)

    recall(mei, pool.lots.last(), now)
    for event in AfterSaleEvent.objects.all():
        tell_case(event=event, now=now)

    request = RefundRequest.objects.get()
    assert (request.order, request.amount_fen) == (order, 10 * 6800)
    line = order.lines.get()
    assert (line.withdrawn_units, line.after_sale_units, line.units_to_send) == (10, 10, 30)
    case = AfterSaleCase.objects.get()
    assert (case.reason, case.is_restocked, case.lines.get().cost_bearer) == ("recalled", True, "farmer")
    told = Notification.objects.get(kind="recall")
    assert "农残超标" in told.body
    assert counted(pool) == (0, 0, 30)
    agrees(pool)


def test_who_has_goods_of_it_gets_money_back_from_their_farmer_alone(market, mei, arun, growers, pool, now):
    order = make_completed(buyer=arun, seller=mei, variant=pool, quantity=8, now=now)
    # 8 × 68.00 less 3 %: 527.68 over 6 and 2 units.
    assert [payable(farmer) for farmer in growers] == [39576, 13192]

    assert recall(mei, pool.lots.last(), now) == 1

    assert [payable(farmer) for farmer in growers] == [39576, 0]
    assert RefundRequest.objects.get().amount_fen == 2 * 6800
    assert order.lines.get().after_sale_units == 2
    assert trial_balance().is_right
    agrees(pool)


def test_a_recall_that_is_settled_twice_pays_once(mei, arun, pool, now):
    make_completed(buyer=arun, seller=mei, variant=pool, quantity=8, now=now)
    lot = pool.lots.last()
    recall(mei, lot, now)

    assert settle_recall(lot_id=lot.pk, now=now) == 0

    assert RefundRequest.objects.count() == 1
    assert units_sold_of(lot) == (0, 0)


def test_goods_in_a_case_of_the_buyer_are_served_when_it_ends_without_money(mei, arun, growers, pool, now):
    """Five of eight are in a case for another reason when the lot is called back; then the wish is gone."""
    order = make_completed(buyer=arun, seller=mei, variant=pool, quantity=8, now=now)
    line = order.lines.get()
    case = ask(order, arun, lines=[WantedBack(line.pk, 5)], now=now)
    lot = pool.lots.order_by("pk").first()
    assert recall(mei, lot, now) == 1
    assert [one.amount_fen for one in RefundRequest.objects.all()] == [3 * 6800]
    assert recall_again(lot, now) == (1, 1)
    told = list(OutboxMessage.objects.filter(task="orders.tell_recall").values_list("kwargs", flat=True))
    assert told == [{"order_id": order.pk, "lot_id": lot.pk}] * 2  # which say it once
    for one in told:
        tell_recall(**one)
    note = Notification.objects.get(kind="recall")
    assert "农残超标" in note.body and order.number in note.body

    withdraw_case(buyer=arun, case_id=case.pk, idempotency_key=uuid.uuid4(), now=now)
    again = OutboxMessage.objects.filter(task="orders.settle_recall").last()
    assert again.kwargs == {"lot_id": lot.pk}
    settle_recall(**again.kwargs, now=now)

    assert [one.amount_fen for one in RefundRequest.objects.order_by("pk")] == [3 * 6800, 3 * 6800]
    line.refresh_from_db()
    assert line.after_sale_units == 6
    assert [payable(farmer) for farmer in growers] == [0, 13192]
    assert settle_recall(lot_id=lot.pk, now=now) == 0
    assert units_sold_of(lot) == (0, 0)
    assert trial_balance().is_right
    agrees(pool)


def test_shares_follow_the_lots_that_were_sent(market, mei, arun, growers, pool, now):
    order = make_paid(buyer=arun, variant=pool, quantity=8, now=now)
    recall(mei, pool.lots.last(), now)
    ship_order(actor=mei, number=order.number, carrier="sf", tracking_number="SF123456789012", now=now)

    receive_order(buyer=arun, number=order.number, now=now)

    assert [payable(farmer) for farmer in growers] == [52768, 0]
    assert trial_balance().is_right


def test_of_a_parcel_that_is_half_sent_the_rest_is_replaced(mei, arun, pool, now):
    order = make_paid(buyer=arun, variant=pool, quantity=8, now=now)
    line = order.lines.get()
    ship_order(
        actor=mei, number=order.number, carrier="sf", tracking_number="SF123456789012",
        lines=[Packed(line.pk, 7)], now=now,
    )  # fmt: skip

    recall(mei, pool.lots.last(), now)

    line.refresh_from_db()
    # One of the two was still there and is replaced; the other is with the buyer, who gets its money back.
    assert (line.units_to_send, line.withdrawn_units, line.after_sale_units) == (1, 0, 1)
    assert RefundRequest.objects.get().amount_fen == 6800
    assert [(one.kept, one.moved) for one in line.allocations.all()] == [(6, 0), (1, 1), (1, 0)]
    agrees(pool)


def test_what_was_sent_is_not_replaced_a_second_time(mei, arun, growers, pool, now):
    """Two of eight wait in the shop. The first recall replaces them, so the rest of the second was sent."""
    order = make_paid(buyer=arun, variant=pool, quantity=8, now=now)
    line = order.lines.get()
    first, second = pool.lots.order_by("pk")
    ship_order(
        actor=mei, number=order.number, carrier="sf", tracking_number="SF123456789012",
        lines=[Packed(line.pk, 6)], now=now,
    )  # fmt: skip
    recall(mei, second, now)
    bring(actor=mei, variant=pool, farmer=growers[1], quantity=10, now=now)

    recall(mei, first, now)

    line.refresh_from_db()
    third = pool.lots.last()
    assert [(one.lot, one.kept, one.moved) for one in line.allocations.order_by("pk")] == [
        (first, 6, 0), (second, 0, 2), (first, 0, 2), (third, 2, 0),
    ]  # fmt: skip
    assert (line.units_to_send, line.withdrawn_units, line.after_sale_units) == (2, 0, 6)
    assert RefundRequest.objects.get().amount_fen == 6 * 6800
    agrees(pool)


def test_everything_of_an_order_that_was_not_sent_is_called_off_with_its_freight(mei, arun, pool, now):
    order = make_paid(buyer=arun, variant=pool, quantity=10, now=now)
    make_paid(buyer=arun, variant=pool, quantity=30, now=now)
    for lot in pool.lots.order_by("pk"):
        recall(mei, lot, now)

    order.refresh_from_db()
    assert order.status == "cancelled"
    assert order.refund_requested_fen == order.captured_fen
    assert counted(pool) == (0, 0, 0)
    agrees(pool)


def test_an_order_to_be_paid_at_the_door_is_called_off_or_told(mei, arun, pool, now, drain_outbox):
    waiting = place_one(buyer=arun, variant=pool, quantity=10, now=now)
    confirm_group(group_id=waiting.group_id, now=now)
    sent = place_one(buyer=arun, variant=pool, quantity=30, now=now)
    confirm_group(group_id=sent.group_id, now=now)
    ship_order(actor=mei, number=sent.number, carrier="sf", tracking_number="SF123456789012", now=now)
    for lot in pool.lots.order_by("pk"):
        recall_lot(actor=mei, lot_id=lot.pk, reason="农残超标", now=now)
        drain_outbox()

    waiting.refresh_from_db()
    sent.refresh_from_db()
    assert (waiting.status, sent.status) == ("cancelled", "shipped")
    assert not RefundRequest.objects.exists()
    assert {one.url for one in Notification.objects.filter(kind="recall")} == {f"/orders/{sent.number}/"}


def test_a_replacement_comes_only_from_who_agreed_to_the_price(market, mei, arun, growers, pool, now):
    order = make_paid(buyer=arun, variant=pool, quantity=40, now=now)
    pool.price_fen = 10000
    pool.save(update_fields=["price_fen"])
    dear = make_grower(shop=market.shop, name="高价", floor_price_bp=9000)
    bring(actor=mei, variant=pool, farmer=dear, quantity=50, now=now)

    recall(mei, pool.lots.get(farmer=growers[1]), now)

    assert not order.lines.get().allocations.filter(farmer=dear).exists()
    assert RefundRequest.objects.get().amount_fen == 68000


def test_a_simple_listing_can_be_recalled_too(market, mei, arun, tashi, now):
    make_shipped(buyer=arun, seller=mei, variant=market.variant, quantity=2, now=now)

    recall(mei, market.variant.lots.get(), now)

    assert RefundRequest.objects.get().amount_fen == 13600 + 800  # with the last units the freight
    assert counted(market.variant) == (0, 0, 2)


def test_who_may_recall_and_why(mei, arun, zoya, operator, pool, now):
    make_paid(buyer=arun, variant=pool, quantity=8, now=now)
    lot = pool.lots.first()
    before = everything(pool)

    for person in (zoya, arun):
        with pytest.raises(NotFound):
            recall_lot(actor=person, lot_id=lot.pk, reason="x", now=now)
        with pytest.raises(NotFound):
            report_short(actor=person, lot_id=lot.pk, units=1, reason="x", now=now)
    with pytest.raises(Invalid):
        recall_lot(actor=mei, lot_id=lot.pk, reason="  ", now=now)
    assert everything(pool) == before
    assert units_sold_of(lot) == (1, 6)
    recall_lot(actor=operator, lot_id=lot.pk, reason="x", now=now)
    with pytest.raises(MoveRefused):
        recall_lot(actor=mei, lot_id=lot.pk, reason="x", now=now)


def test_what_is_short_is_first_what_nobody_bought(mei, arun, pool, now):
    make_paid(buyer=arun, variant=pool, quantity=8, now=now)

    report_short(actor=mei, lot_id=pool.lots.first().pk, units=20, reason="数错了", now=now)

    assert lots_of(pool) == [(6, 20, "available"), (2, 0, "available")]
    assert counted(pool) == (12, 0, 8)
    assert not RefundRequest.objects.exists()
    agrees(pool)


def test_an_allotted_lot_that_is_short_takes_from_others_the_latest_first(
    mei, arun, zoya, growers, pool, now
):
    first = make_paid(buyer=arun, variant=pool, quantity=20, now=now)
    second = make_paid(buyer=zoya, variant=pool, quantity=16, now=now)
    # The first farmer's lot has 3 left; 5 are missing: 2 of the order that came last are replaced.
    lot = pool.lots.first()
    assert lots_of(pool) == [(27, 0, "available"), (9, 0, "available")]

    report_short(actor=mei, lot_id=lot.pk, units=4, reason="数错了", now=now)

    assert [(one.kept, one.moved) for one in first.lines.get().allocations.all()] == [(15, 0), (5, 0)]
    assert [(one.lot.farmer, one.kept) for one in second.lines.get().allocations.all()] == [
        (growers[0], 11), (growers[1], 4), (growers[1], 1),
    ]  # fmt: skip
    assert lots_of(pool) == [(26, 4, "depleted"), (10, 0, "depleted")]
    agrees(pool)
    report_short(actor=mei, lot_id=lot.pk, units=2, reason="数错了", now=now)
    assert RefundRequest.objects.get().order == second
    assert RefundRequest.objects.get().amount_fen == 13600
    assert lots_of(pool) == [(24, 6, "depleted"), (10, 0, "depleted")]
    agrees(pool)


@pytest.mark.parametrize("units", [0, -1, 1.5, True, "2"])
def test_a_shortage_that_is_none(mei, pool, now, units):
    before = everything(pool)

    with pytest.raises(Invalid):
        report_short(actor=mei, lot_id=pool.lots.first().pk, units=units, reason="x", now=now)

    assert everything(pool) == before


def test_more_cannot_be_missing_than_is_there(mei, arun, pool, now):
    make_shipped(buyer=arun, seller=mei, variant=pool, quantity=8, now=now)
    before = everything(pool)

    with pytest.raises(LotTooSmall):
        report_short(actor=mei, lot_id=pool.lots.first().pk, units=25, reason="x", now=now)

    assert everything(pool) == before
    assert LotAllocation.objects.filter(moved__gt=0).count() == 0


def test_a_line_that_weighs_less_is_refunded_in_part_once(market, mei, arun, growers, pool, now):
    pool.weight_g = 500
    pool.save(update_fields=["weight_g"])
    order = make_completed(buyer=arun, seller=mei, variant=pool, quantity=4, now=now)
    line = order.lines.get()

    case = settle_weight(actor=mei, number=order.number, line_id=line.pk, weight_g=1900, now=now).case

    # 272.00 for 2 kg; a twentieth is 13.60. The farmers had 197.88 and 65.96 of it, the market 8.16.
    assert (case.amount_fen, case.freight_fen, case.reason) == (1360, 0, "underweight")
    assert [payable(farmer) for farmer in growers] == [19788 - 989, 6596 - 330]
    assert AuditEntry.objects.filter(action="orders.weighed").get().after == {
        "weight_g": 1900, "refund_fen": 1360,
    }  # fmt: skip
    assert trial_balance().is_right
    with pytest.raises(MoveRefused):
        settle_weight(actor=mei, number=order.number, line_id=line.pk, weight_g=1800, now=now)


def test_more_weight_is_noted_and_costs_nothing(mei, arun, zoya, pool, now):
    order = make_paid(buyer=arun, variant=pool, quantity=4, now=now)
    line = order.lines.get()
    with pytest.raises(MoveRefused):  # sold by the piece
        settle_weight(actor=mei, number=order.number, line_id=line.pk, weight_g=1900, now=now)
    pool.weight_g = 500
    pool.save(update_fields=["weight_g"])
    for bad in (0, -5, 1.5, True):
        with pytest.raises(Invalid):
            settle_weight(actor=mei, number=order.number, line_id=line.pk, weight_g=bad, now=now)
    with pytest.raises(NotFound):
        settle_weight(actor=zoya, number=order.number, line_id=line.pk, weight_g=1900, now=now)

    assert settle_weight(actor=mei, number=order.number, line_id=line.pk, weight_g=2100, now=now).case is None
    assert not RefundRequest.objects.exists()
    assert AuditEntry.objects.filter(action="orders.weighed").count() == 1


def test_a_buyer_cannot_say_that_the_shop_found_out(mei, arun, pool, now):
    order = make_shipped(buyer=arun, seller=mei, variant=pool, quantity=2, now=now)

    for reason in ("recalled", "short", "underweight"):
        with pytest.raises(Invalid):
            ask(order, arun, reason=reason, now=now)

    assert not bought_of(pool.lots.first()).filter(order_line__after_sale_units__gt=0).exists()
