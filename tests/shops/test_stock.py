from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import Sum

from common.errors import MoveRefused
from shops.errors import SoldOut, StockTooLow
from shops.models import Lot, StockMovement, StockReservation, VariantStock
from shops.services import stock
from shops.statuses import MovementKind, ReservationStatus

NOW = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)
SOON = NOW + timedelta(minutes=15)

pytestmark = pytest.mark.django_db


def counters(variant) -> tuple[int, int, int]:
    row = VariantStock.objects.get(pk=variant.pk)
    assert row.available + row.reserved == variant.movements.aggregate(n=Sum("quantity"))["n"]
    return row.available, row.reserved, row.sold


def test_received_units_come_as_a_lot_with_a_movement(market, mei):
    lot = stock.receive_units(variant=market.variant, quantity=20, actor=mei, now=NOW)

    assert (lot.quantity, lot.farmer, lot.shop) == (20, market.farmer, market.shop)
    movement = StockMovement.objects.get(lot=lot)
    assert (movement.kind, movement.quantity, movement.actor) == ("intake", 20, f"user:{mei.pk}")
    assert counters(market.variant) == (120, 0, 0)


def test_the_first_units_make_the_counter(market, mei):
    fresh = market.product.variants.create(name="1公斤", price_fen=12800)

    stock.receive_units(variant=fresh, quantity=3, actor=mei, now=NOW)

    assert counters(fresh) == (3, 0, 0)


def test_a_hold_is_sold_once(market):
    held = stock.reserve(
        variant_id=market.variant.pk, quantity=7, reference="order_line:1", expires_at=SOON, now=NOW
    )
    assert counters(market.variant) == (93, 7, 0)

    stock.commit_reservation(reservation=held, now=NOW)

    assert counters(market.variant) == (93, 0, 7)
    with pytest.raises(MoveRefused):
        stock.commit_reservation(reservation=StockReservation.objects.get(pk=held.pk), now=NOW)
    with pytest.raises(MoveRefused):
        stock.release_reservation(reservation=StockReservation.objects.get(pk=held.pk), now=NOW)
    assert counters(market.variant) == (93, 0, 7)


def test_a_stale_copy_of_a_hold_cannot_release_it_again(market):
    held = stock.reserve(
        variant_id=market.variant.pk, quantity=7, reference="order_line:1", expires_at=SOON, now=NOW
    )
    stale = StockReservation.objects.get(pk=held.pk)
    stock.release_reservation(reservation=held, now=NOW, status=ReservationStatus.EXPIRED)

    with pytest.raises(MoveRefused):
        stock.release_reservation(reservation=stale, now=NOW)

    assert counters(market.variant) == (100, 0, 0)


def test_more_than_is_free_is_refused_and_changes_nothing(market):
    with pytest.raises(SoldOut):
        stock.reserve(
            variant_id=market.variant.pk, quantity=101, reference="order_line:1", expires_at=SOON, now=NOW
        )

    assert counters(market.variant) == (100, 0, 0)
    assert not StockReservation.objects.exists()


def test_a_recount_posts_the_difference(market, mei):
    stock.set_available(variant=market.variant, available=90, actor=mei, now=NOW)
    assert counters(market.variant) == (90, 0, 0)

    stock.set_available(variant=market.variant, available=95, actor=mei, now=NOW)

    assert counters(market.variant) == (95, 0, 0)
    kinds = list(market.variant.movements.order_by("pk").values_list("kind", "quantity"))
    assert kinds[-2:] == [(MovementKind.CORRECTION, -10), (MovementKind.INTAKE, 5)]
    assert Lot.objects.filter(variant=market.variant).count() == 2


def test_a_correction_cannot_take_what_is_held(market, mei):
    stock.reserve(
        variant_id=market.variant.pk, quantity=99, reference="order_line:1", expires_at=SOON, now=NOW
    )

    with pytest.raises(StockTooLow):
        stock.correct_units(variant=market.variant, change=-2, actor=mei, now=NOW)

    assert counters(market.variant) == (1, 99, 0)


def test_sold_units_come_back_but_never_more_than_were_sold(market):
    held = stock.reserve(
        variant_id=market.variant.pk, quantity=2, reference="order_line:1", expires_at=SOON, now=NOW
    )
    stock.commit_reservation(reservation=held, now=NOW)

    stock.return_units(
        variant_id=market.variant.pk, quantity=2, reference="order_line:1", actor=None, now=NOW
    )

    assert counters(market.variant) == (100, 0, 0)
    with pytest.raises(StockTooLow):
        stock.return_units(
            variant_id=market.variant.pk, quantity=1, reference="order_line:1", actor=None, now=NOW
        )
