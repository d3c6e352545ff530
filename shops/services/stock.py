"""Stock moves in single SQL statements, whose WHERE is the guard against overselling (PR1, decisions.md 9).

Whoever moves several variants in one transaction calls these in ascending variant pk (rules.md 2).
Always: available + reserved + in_deals = Σ movements, and reserved = Σ held reservations of the variant
itself; what is held of a flash deal moves in deal_stock.py.
"""

from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import F

from accounts.models import User
from common import outbox
from common.audit import actor_of
from common.moves import check_move
from shops.errors import CountByLot, SoldOut, StockTooLow
from shops.models import Farmer, Lot, StockMovement, StockReservation, Variant, VariantStock
from shops.services import deal_stock, lots
from shops.statuses import RESERVATION_MOVES, MovementKind, ReservationStatus


@transaction.atomic
def receive_units(
    *,
    variant: Variant,
    quantity: int,
    actor: User | None,
    now: datetime,
    farmer: Farmer | None = None,
    lot: Lot | None = None,
    harvested_on: date | None = None,
) -> Lot:
    """Add units (at least 1) that a farmer brought: a lot (made unless given), its movement, the counter.

    CountByLot where many farmers share the stock: their deliveries come in through pooling.py.
    """
    if quantity < 1:
        raise ValueError(quantity)
    _check_not_pooled(variant)
    was_shown = VariantStock.objects.filter(pk=variant.pk).exists()
    if lot is None:
        lot = Lot.objects.create(
            variant=variant,
            shop_id=variant.product.shop_id,
            farmer_id=farmer.pk if farmer else variant.product.farmer_id,
            quantity=quantity,
            harvested_on=harvested_on,
            declared_at=now,
        )
    StockMovement.objects.create(
        variant=variant,
        lot=lot,
        kind=MovementKind.INTAKE,
        quantity=quantity,
        reference=f"lot:{lot.pk}",
        actor=actor_of(actor),
        at=now,
    )
    _add_available(variant.pk, quantity)
    if was_shown:
        tell_rooms(variant)
    return lot


def tell_rooms(variant: Variant) -> None:
    """Let live rooms that show a variant learn that its price or stock changed, after commit."""
    outbox.enqueue("livestreams.announce_stock", queue="fast", variant_id=variant.pk)


@transaction.atomic
def correct_units(
    *, variant: Variant, change: int, actor: User | None, now: datetime, reason: str = ""
) -> None:
    """Add or take free units after a recount; StockTooLow when fewer are free, CountByLot of a pool."""
    if change == 0:
        return
    _check_not_pooled(variant)
    if change > 0:
        _add_available(variant.pk, change)
    elif not VariantStock.objects.filter(pk=variant.pk, available__gte=-change).update(
        available=F("available") + change
    ):
        raise StockTooLow()
    if change > 0:
        lots.note_found(variant_id=variant.pk, units=change)
    else:
        lots.note_lost(variant_id=variant.pk, units=-change)
    StockMovement.objects.create(
        variant=variant,
        kind=MovementKind.CORRECTION,
        quantity=change,
        reference=(reason or "recount")[:60],
        actor=actor_of(actor),
        at=now,
    )
    tell_rooms(variant)


@transaction.atomic
def set_available(*, variant: Variant, available: int, actor: User | None, now: datetime) -> None:
    """Make the free units what a member counted: more becomes a lot, less a correction."""
    if available < 0:
        raise ValueError(available)
    stock = VariantStock.objects.select_for_update().filter(pk=variant.pk).first()
    change = available - (stock.available if stock else 0)
    if change > 0:
        receive_units(variant=variant, quantity=change, actor=actor, now=now)
    elif change < 0:
        correct_units(variant=variant, change=change, actor=actor, now=now)
    elif stock is None:
        _add_available(variant.pk, 0)


@transaction.atomic
def reserve(
    *, variant_id: int, quantity: int, reference: str, expires_at: datetime, now: datetime
) -> StockReservation:
    """Hold units for one document until `expires_at`; SoldOut when fewer are free."""
    if quantity < 1:
        raise ValueError(quantity)
    take_units(variant_id=variant_id, quantity=quantity)
    return StockReservation.objects.create(
        variant_id=variant_id,
        quantity=quantity,
        reference=reference,
        expires_at=expires_at,
        created_at=now,
    )


def take_units(*, variant_id: int, quantity: int) -> None:
    """Move free units to the held ones, in one statement of the caller's transaction; SoldOut when too few.

    The caller keeps the reservations that say for whom.
    """
    if quantity < 1:
        raise ValueError(quantity)
    taken = VariantStock.objects.filter(pk=variant_id, available__gte=quantity).update(
        available=F("available") - quantity, reserved=F("reserved") + quantity
    )
    if not taken:
        raise SoldOut()


@transaction.atomic
def commit_reservation(*, reservation: StockReservation, now: datetime) -> None:
    """Sell held units: once, MoveRefused when they are no longer held."""
    _settle(reservation, ReservationStatus.COMMITTED, now)
    if reservation.deal_stock_id is not None:
        deal_stock.sell_held(**_of_deal(reservation))
    else:
        VariantStock.objects.filter(pk=reservation.variant_id).update(
            reserved=F("reserved") - reservation.quantity, sold=F("sold") + reservation.quantity
        )
    StockMovement.objects.create(
        variant_id=reservation.variant_id,
        kind=MovementKind.SALE,
        quantity=-reservation.quantity,
        reference=reservation.reference,
        at=now,
    )


@transaction.atomic
def release_reservation(
    *, reservation: StockReservation, now: datetime, status: str = ReservationStatus.RELEASED
) -> None:
    """Give held units back (status released or expired): once, MoveRefused when they are no longer held."""
    _settle(reservation, status, now)
    if reservation.deal_stock_id is not None:
        deal_stock.return_held(**_of_deal(reservation))
    else:
        VariantStock.objects.filter(pk=reservation.variant_id).update(
            reserved=F("reserved") - reservation.quantity, available=F("available") + reservation.quantity
        )


@transaction.atomic
def return_units(
    *, variant_id: int, quantity: int, reference: str, actor: User | None, now: datetime
) -> None:
    """Put sold units back on the shelf; StockTooLow when fewer were sold."""
    returned = VariantStock.objects.filter(pk=variant_id, sold__gte=quantity).update(
        available=F("available") + quantity, sold=F("sold") - quantity
    )
    if not returned:
        raise StockTooLow()
    StockMovement.objects.create(
        variant_id=variant_id,
        kind=MovementKind.RETURN,
        quantity=quantity,
        reference=reference,
        actor=actor_of(actor),
        at=now,
    )


def _check_not_pooled(variant: Variant) -> None:
    if variant.allocation_policies.exists():
        raise CountByLot()


def _of_deal(reservation: StockReservation) -> dict[str, int]:
    return {
        "deal_stock_id": reservation.deal_stock_id,
        "variant_id": reservation.variant_id,
        "quantity": reservation.quantity,
    }


def _settle(reservation: StockReservation, status: str, now: datetime) -> None:
    check_move(RESERVATION_MOVES, reservation.status, status)
    settled = StockReservation.objects.filter(pk=reservation.pk, status=reservation.status).update(
        status=status, settled_at=now
    )
    if not settled:
        reservation.refresh_from_db(fields=["status"])
        check_move(RESERVATION_MOVES, reservation.status, status)
    reservation.status = status
    reservation.settled_at = now


def _add_available(variant_id: int, quantity: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO shops_variantstock (variant_id, available, reserved, sold) VALUES (%s, %s, 0, 0)"
            " ON CONFLICT (variant_id) DO UPDATE"
            " SET available = shops_variantstock.available + excluded.available",
            [variant_id, quantity],
        )
