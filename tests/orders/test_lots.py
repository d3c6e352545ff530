"""Deliveries of many farmers in one variant: brought, put aside, offered again (decisions.md 9)."""

import uuid
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from common.errors import Invalid, MoveRefused, NotFound
from orders.models import Allotment, LotAllocation
from orders.services.cancelling import expire_group, finish_cancelling
from orders.services.confirming import confirm_group
from orders.services.paying import mark_group_paid
from shops.errors import (
    CountByLot,
    FarmerNotAuthorized,
    NotPoolable,
    PoolBusy,
    SoldOut,
)
from shops.models import Lot, StockMovement, VariantStock
from shops.services import stock
from shops.services.pooling import Delivery, deliver_lot, grade_lot, hold_lot, offer_lot, publish_policy
from tests.factories.livestreams import add_to_rundown, make_deal, make_session
from tests.factories.lots import bring, counted, everything, make_grower
from tests.factories.orders import make_paid, place_one
from tests.factories.shops import make_product, make_shop

pytestmark = pytest.mark.django_db


def test_a_delivery_is_declared_graded_and_offered(market, mei, pool, growers, now):
    lot = bring(
        actor=mei, variant=pool, farmer=growers[0], quantity=7, now=now, grade="", place="上坝",
        harvested_on=now.date() - timedelta(days=2),
    )  # fmt: skip

    assert (lot.status, lot.left, counted(pool)) == ("declared", 7, (40, 0, 0))
    with pytest.raises(MoveRefused):
        offer_lot(actor=mei, lot=lot, now=now)
    grade_lot(actor=mei, lot=lot, grade="一级", weight_g=3500, now=now)
    assert counted(pool) == (40, 0, 0)
    lot = offer_lot(actor=mei, lot=lot, now=now)
    assert (lot.status, lot.grade, lot.weight_g, lot.place) == ("available", "一级", 3500, "上坝")
    assert counted(pool) == (47, 0, 0)
    movement = lot.movements.get()
    assert (movement.kind, movement.quantity) == ("intake", 7)
    assert len(lot.code) == 10


def test_the_same_key_brings_a_delivery_once(market, mei, pool, growers, now):
    key = uuid.uuid4()

    def deliver():
        return deliver_lot(
            actor=mei, variant=pool, farmer=growers[0], delivery=Delivery(5, grade="A"), idempotency_key=key,
            now=now,
        )  # fmt: skip

    assert deliver() == deliver()
    assert counted(pool) == (45, 0, 0)


@pytest.mark.parametrize(
    "bad",
    [
        {"quantity": 0}, {"quantity": -1}, {"quantity": 1_000_001}, {"quantity": 2.5}, {"quantity": True},
        {"quantity": 1, "weight_g": 0}, {"quantity": 1, "weight_g": -5}, {"quantity": 1, "grade": "x" * 21},
        {"quantity": 1, "place": "x" * 81},
    ],
)  # fmt: skip
def test_a_delivery_that_is_none_is_refused(market, mei, pool, growers, now, bad):
    before = everything(pool)

    with pytest.raises(Invalid):
        deliver_lot(
            actor=mei, variant=pool, farmer=growers[0], delivery=Delivery(**{"grade": "A"} | bad),
            idempotency_key=uuid.uuid4(), now=now,
        )  # fmt: skip

    assert everything(pool) == before


def test_a_delivery_from_tomorrow_is_refused(market, mei, pool, growers, now):
    with pytest.raises(Invalid):
        bring(
            actor=mei, variant=pool, farmer=growers[0], quantity=1, now=now,
            harvested_on=now.date() + timedelta(days=1),
        )  # fmt: skip


def test_who_may_not_bring(market, mei, zoya, pool, growers, now):
    stranger = make_grower(shop=make_shop(owner=zoya), name="外人")
    before = everything(pool)

    with pytest.raises(FarmerNotAuthorized):
        bring(actor=mei, variant=pool, farmer=stranger, quantity=5, now=now)
    with pytest.raises(NotFound):  # the lot would be of another shop
        bring(actor=zoya, variant=pool, farmer=growers[0], quantity=5, now=now)
    with pytest.raises(NotPoolable):
        bring(actor=mei, variant=market.variant, farmer=market.farmer, quantity=5, now=now)
    lot = pool.lots.first()
    for move in (
        lambda: hold_lot(actor=zoya, lot=lot, reason="x", now=now),
        lambda: grade_lot(actor=zoya, lot=lot, grade="A", now=now),
        lambda: offer_lot(actor=zoya, lot=lot, now=now),
        lambda: publish_policy(actor=zoya, variant=pool, rule="oldest_first", now=now),
    ):
        with pytest.raises(NotFound):
            move()

    assert everything(pool) == before


def test_the_database_refuses_more_than_a_lot_has(pool):
    lot = pool.lots.first()

    for change in ({"taken": 31}, {"lost": 31}, {"quantity": 0}, {"taken": 20, "lost": 11}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Lot.objects.filter(pk=lot.pk).update(**change)


def test_units_of_a_pool_come_and_go_with_a_lot(market, mei, pool, now):
    before = everything(pool)

    for move in (
        lambda: stock.receive_units(variant=pool, quantity=1, actor=mei, now=now),
        lambda: stock.correct_units(variant=pool, change=-1, actor=mei, now=now),
        lambda: stock.set_available(variant=pool, available=39, actor=mei, now=now),
    ):
        with pytest.raises(CountByLot), transaction.atomic():
            move()

    assert everything(pool) == before


def test_what_cannot_be_pooled(market, mei, arun, now):
    with pytest.raises(NotPoolable):
        publish_policy(actor=mei, variant=market.variant, rule="pro_rata", now=now)
    own = make_product(shop=market.shop, title="礼盒", stock=5).variants.get()
    with pytest.raises(Invalid):
        publish_policy(actor=mei, variant=own, rule="by_mood", now=now)
    place_one(buyer=arun, variant=own)
    with pytest.raises(PoolBusy):
        publish_policy(actor=mei, variant=own, rule="pro_rata", now=now)

    assert not own.allocation_policies.exists()


def test_a_new_rule_is_a_new_version_and_holds_from_then_on(market, mei, arun, pool, now):
    make_paid(buyer=arun, variant=pool, now=now)
    assert publish_policy(actor=mei, variant=pool, rule="smallest_first", now=now).version == 2
    assert publish_policy(actor=mei, variant=pool, rule="smallest_first", now=now).version == 2
    second = make_paid(buyer=arun, variant=pool, quantity=2, now=now)

    assert list(Allotment.objects.order_by("pk").values_list("rule", "policy_version")) == [
        ("pro_rata", 1), ("smallest_first", 2),
    ]  # fmt: skip
    assert [one.lot for one in second.lines.get().allocations.all()] == [pool.lots.last()]
    for allotment in Allotment.objects.all():
        call_command("explain_allocation", allotment.order_line_id)


def test_a_held_lot_is_not_sold_and_comes_back(mei, arun, pool, now):
    lot = pool.lots.first()

    hold_lot(actor=mei, lot=lot, reason="潮", now=now)

    assert counted(pool) == (10, 0, 0)
    with pytest.raises(SoldOut):
        place_one(buyer=arun, variant=pool, quantity=11, now=now)
    offer_lot(actor=mei, lot=lot, now=now)
    assert counted(pool) == (40, 0, 0)
    assert sum(StockMovement.objects.filter(variant=pool).values_list("quantity", flat=True)) == 40


def test_holding_needs_a_reason(mei, pool, now):
    before = everything(pool)

    with pytest.raises(Invalid):
        hold_lot(actor=mei, lot=pool.lots.first(), reason=" ", now=now)

    assert everything(pool) == before


def test_a_payment_for_goods_that_were_put_aside_is_not_fulfilled(mei, arun, zoya, pool, now):
    order = place_one(buyer=arun, variant=pool, quantity=38, now=now)
    hold_lot(actor=mei, lot=pool.lots.first(), reason="潮", now=now)
    # Two were free and went at once; 28 more are in the hands of a buyer who has not paid.
    assert counted(pool) == (0, 38, 0)

    assert mark_group_paid(group_id=order.group_id, now=now) is False

    order.refresh_from_db()
    assert (order.status, order.cancel_reason, order.captured_fen) == ("cancelled", "short", 0)
    assert not LotAllocation.objects.exists()
    assert counted(pool) == (10, 0, 0)
    assert make_paid(buyer=zoya, variant=pool, quantity=10, now=now).status == "paid"


def test_cash_on_delivery_for_goods_that_were_put_aside_is_refused(mei, arun, pool, now):
    order = place_one(buyer=arun, variant=pool, quantity=38, now=now)
    hold_lot(actor=mei, lot=pool.lots.first(), reason="潮", now=now)
    before = everything(pool)

    with pytest.raises(SoldOut), transaction.atomic():
        confirm_group(group_id=order.group_id, now=now)

    assert everything(pool) == before


def test_units_that_are_let_go_do_not_come_back_on_sale_while_their_lot_is_held(mei, arun, pool, now):
    order = place_one(buyer=arun, variant=pool, quantity=38, now=now)
    hold_lot(actor=mei, lot=pool.lots.first(), reason="潮", now=now)

    expire_group(group_id=order.group_id, now=now + timedelta(hours=2))
    finish_cancelling(group_id=order.group_id, now=now + timedelta(hours=2))

    assert counted(pool) == (10, 0, 0)


def test_holding_takes_units_out_of_an_open_deal(market, mei, pool, now, valkey):
    item = add_to_rundown(session=make_session(host=market.host, shop=market.shop), variant=pool)
    deal = make_deal(item=item, price_fen=6000, quantity=35)

    hold_lot(actor=mei, lot=pool.lots.first(), reason="潮", now=now)

    deal.stock.refresh_from_db()
    assert (deal.stock.available, counted(pool)) == (10, (0, 0, 0))
    assert VariantStock.objects.get(pk=pool.pk).in_deals == 10
    with pytest.raises(SoldOut), transaction.atomic():
        stock.reserve(variant_id=pool.pk, quantity=1, reference="x", expires_at=now, now=now)


def test_money_that_comes_late_takes_lots_anew(arun, pool, now):
    order = place_one(buyer=arun, variant=pool, quantity=4, now=now)
    late = now + timedelta(hours=2)
    expire_group(group_id=order.group_id, now=late)
    finish_cancelling(group_id=order.group_id, now=late)

    assert mark_group_paid(group_id=order.group_id, now=late) is True

    assert [one.quantity for one in order.lines.get().allocations.all()] == [3, 1]
