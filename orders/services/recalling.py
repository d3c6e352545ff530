"""Lots that were not what they seemed: called back, found short, lighter than sold (decisions.md 11)."""

import logging
from datetime import datetime

from django.db import transaction
from django.db.models import F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, Greatest, Least

from accounts.models import User
from common import outbox
from common.audit import actor_of, record
from common.errors import Invalid, NotFound
from orders.models import AfterSaleLine, LotAllocation, Order, OrderLine
from orders.services.allocating import allot_again
from orders.services.cancelling import cancel_for_lack
from orders.services.compensating import give_back
from orders.services.using import lock_coupon_of
from orders.statuses import AllotmentReason, CaseReason, OrderStatus
from shops.errors import LotTooSmall, SoldOut
from shops.models import Lot, StockMovement, VariantStock
from shops.selectors import is_member
from shops.services import lots
from shops.services.pooling import put_aside
from shops.services.stock import tell_rooms
from shops.statuses import LotStatus, MovementKind

logger = logging.getLogger(__name__)
_KEPT = F("quantity") - F("moved") - F("returned")
TO_SEND = (OrderStatus.PAID, OrderStatus.CONFIRMED)
INSTEAD = (AllotmentReason.RECALL, AllotmentReason.SHORT)
SOLD = (*TO_SEND, OrderStatus.SHIPPED, OrderStatus.DELIVERED, OrderStatus.COMPLETED)


@transaction.atomic
def recall_lot(*, actor: User, lot_id: int, reason: str, now: datetime) -> Lot:
    """Call a lot back for good: at once nothing of it is sold, and everybody who bought of it is served.

    For members of its shop and operators. Who has goods of it is told and refunded; what is not sent yet is
    taken from other lots, or refunded (`settle_recall`). NotFound, Invalid without a reason, MoveRefused.
    """
    lot = own_lot(actor, lot_id)
    lot = put_aside(lot=lot, target=LotStatus.RECALLED, reason=reason, actor=actor, now=now)
    Lot.objects.filter(pk=lot.pk).update(note=reason.strip()[:200])
    outbox.enqueue("orders.settle_recall", lot_id=lot.pk)
    return lot


def own_lot(actor: User, lot_id: int) -> Lot:
    """Return a lot of the member's shop, or any to an operator; NotFound."""
    lot = Lot.objects.select_related("shop", "variant__product").filter(pk=lot_id).first()
    is_operator = actor.is_active and actor.is_staff
    if lot is None or not (is_operator or is_member(actor, lot.shop)):
        raise NotFound()
    return lot


def bought_of(lot: Lot) -> QuerySet[LotAllocation]:
    """Return what buyers still have, or are to get, of a lot and was not given back for its sake."""
    return _not_given_back(LotAllocation.objects.filter(lot=lot, order_line__order__status__in=SOLD))


def _not_given_back(rows: QuerySet[LotAllocation]) -> QuerySet[LotAllocation]:
    """Return those of which a buyer has more units than money was given back for because of the recall.

    These are `served`. A line can have come out of a lot more than once: what came last is served first.
    """
    paid_back = (
        AfterSaleLine.objects.filter(
            order_line=OuterRef("order_line"), lot=OuterRef("lot"), case__reason=CaseReason.RECALLED,
            # What was never sent has left the line.
            case__is_restocked=False,
        )
        .values("order_line")
        .annotate(units=Sum("quantity"))
        .values("units")
    )  # fmt: skip
    came_later = (
        LotAllocation.objects.filter(
            order_line=OuterRef("order_line"), lot=OuterRef("lot"), pk__gt=OuterRef("pk")
        )
        .values("order_line")
        .annotate(units=Sum(_KEPT))
        .values("units")
    )
    served = Coalesce(Subquery(paid_back), 0) - Coalesce(Subquery(came_later), 0)
    return rows.annotate(served=Greatest(0, Least(_KEPT, served))).filter(
        quantity__gt=F("moved") + F("returned") + F("served")
    )


def refund_recalled(*, order: Order, now: datetime) -> None:
    """Give the money back for goods that were called back while a parcel against cash was under way.

    For a locked order that has just been paid; who was served already is not served again.
    """
    gone = bought_of_recalled(order).select_related("lot").order_by("pk")
    for one in list(gone):
        line = OrderLine.objects.select_related("order").get(pk=one.order_line_id)
        give_back(
            order=order, line=line, units=one.kept - one.served, is_sent=True, reason=CaseReason.RECALLED,
            lot=one.lot, text=one.lot.note, now=now,
        )  # fmt: skip


def bought_of_recalled(order: Order) -> QuerySet[LotAllocation]:
    """Return the units of an order that came out of recalled lots and were not given back for their sake."""
    return _not_given_back(
        LotAllocation.objects.filter(order_line__order=order, lot__status=LotStatus.RECALLED)
    )


def settle_recall(*, lot_id: int, now: datetime) -> int:
    """Serve everybody who bought of a recalled lot, each order in its own transaction; return how many.

    One that cannot be served keeps no other waiting: it is raised in the end, to be tried again. Repeating it
    goes on where it stopped.
    """
    lot = Lot.objects.select_related("variant__product").get(pk=lot_id)
    order_ids = bought_of(lot).order_by("order_line__order_id").values_list("order_line__order_id", flat=True)
    done, failed = 0, []
    for order_id in list(dict.fromkeys(order_ids)):
        try:
            done += _serve_recalled(order_id, lot, now)
        except Exception as error:
            logger.exception("order %s is not served of recalled lot %s", order_id, lot_id)
            failed.append(error)
    if failed:
        raise failed[0]
    return done


@transaction.atomic
def _serve_recalled(order_id: int, lot: Lot, now: datetime) -> bool:
    order = Order.objects.select_for_update().get(pk=order_id)
    if order.status not in SOLD:
        return False
    _serve(order, lot, reason=CaseReason.RECALLED, most=None, now=now)
    return True


@transaction.atomic
def report_short(*, actor: User, lot_id: int, units: int, reason: str, now: datetime) -> Lot:
    """Write down that a lot has fewer units than it said: unsold ones first, then the latest that wait.

    What is missing of paid lines is taken from other lots or refunded. NotFound, Invalid; LotTooSmall when
    more is missing than is still in the shop, and then nothing is changed.
    """
    lot = own_lot(actor, lot_id)
    if type(units) is not int or units < 1:
        raise Invalid(fields={"units": Invalid.message})
    if not reason.strip():
        raise Invalid(fields={"reason": Invalid.message})
    waiting = bought_of(lot).filter(order_line__order__status__in=TO_SEND)
    order_ids = set(waiting.values_list("order_line__order_id", flat=True))
    locked = list(Order.objects.select_for_update().filter(pk__in=order_ids).order_by("pk"))
    orders = {one.pk: one for one in locked}
    for order in locked:
        lock_coupon_of([order])
    lots.lock_stock(lot.variant_id)
    lot = Lot.objects.select_for_update(of=["self"]).select_related("variant__product", "shop").get(pk=lot.pk)
    unsold = min(units, lot.left)
    _lose(lot, unsold, actor, now)
    missing = units - unsold
    for one in waiting.order_by("-pk").select_related("order_line"):
        if not missing:
            break
        order = orders.get(one.order_line.order_id)
        most = min(missing, one.kept - one.served, _unsent(one.order_line, one))
        if order is None or order.status not in TO_SEND or most < 1:
            continue
        served = _serve(order, lot, reason=CaseReason.SHORT, most=most, now=now)
        _lose(lot, served, actor, now)
        missing -= served
    if missing:
        raise LotTooSmall()
    record(
        actor=actor_of(actor),
        action="shops.lot_short",
        target=f"lot:{lot.pk}",
        after={"units": units, "unsold": unsold},
        reason=reason.strip()[:200],
        now=now,
    )
    return lot


def _lose(lot: Lot, units: int, actor: User, now: datetime) -> None:
    if not units:
        return
    lost = Lot.objects.filter(pk=lot.pk, quantity__gte=F("taken") + F("lost") + units)
    if not lost.update(lost=F("lost") + units):
        raise LotTooSmall()
    Lot.objects.filter(pk=lot.pk, quantity=F("taken") + F("lost"), status=LotStatus.AVAILABLE).update(
        status=LotStatus.DEPLETED
    )
    lots.match_stock(
        variant_id=lot.variant_id, lot=lot, kind=MovementKind.LOT, reference=f"lot:{lot.pk}:short",
        actor=actor, now=now,
    )  # fmt: skip
    tell_rooms(lot.variant)


def _serve(order: Order, lot: Lot, *, reason: str, most: int | None, now: datetime) -> int:
    """Give a locked order other goods for units of a lot that are not sent, and money for the rest."""
    lock_coupon_of([order])
    lots.lock_stock(lot.variant_id)
    served = 0
    for one in bought_of(lot).filter(order_line__order=order).order_by("-pk"):
        left = one.kept - one.served
        units = left if most is None else min(left, most - served)
        if units < 1 or order.status not in SOLD:
            continue
        line = OrderLine.objects.select_related("order").get(pk=one.order_line_id)
        unsent = min(units, _unsent(line, one)) if order.status in TO_SEND else 0
        moved = _move(line, one, lot, unsent, reason, now)
        rest = units - moved
        if rest and order.is_cash_due:
            # Nothing was paid: what is not sent is called off, what is on its way may be refused at the door.
            if unsent > moved and not order.shipments.exists():
                cancel_for_lack(order=order, now=now)
            else:
                outbox.enqueue("orders.tell_recall", order_id=order.pk, lot_id=lot.pk)
        elif rest:
            if line.quantity - line.after_sale_units < rest:
                # Their money is in the buyer's own case; when that ends without any, this is settled again.
                outbox.enqueue("orders.tell_recall", order_id=order.pk, lot_id=lot.pk)
            for part, is_sent in ((unsent - moved, False), (units - unsent, True)):
                line.refresh_from_db()
                if part and order.status in SOLD:
                    give_back(
                        order=order, line=line, units=part, is_sent=is_sent, reason=reason, lot=lot,
                        text=lot.note, now=now,
                    )  # fmt: skip
        served += units
    return served


def _unsent(line: OrderLine, one: LotAllocation) -> int:
    """Return how many units of an allocation can be in the shop still.

    What came in place of other goods was not sent then: what is left to send is that before anything else.
    """
    instead = line.allocations.filter(allotment__reason__in=INSTEAD).exclude(pk=one.pk)
    return max(line.units_to_send - sum(other.kept for other in instead), 0)


def _move(line: OrderLine, one: LotAllocation, lot: Lot, units: int, reason: str, now: datetime) -> int:
    """Take as many of these units as can be had from other lots that agreed to the line's price."""
    if units < 1:
        return 0
    free = VariantStock.objects.get(pk=line.variant_id).available
    offers = lots.offers_of([line.variant_id], most_floor_fen=line.price_fen, without=lot.pk)
    units = min(units, free, sum(offer.left for offer in offers.get(line.variant_id, [])))
    if units < 1:
        return 0
    taken = VariantStock.objects.filter(pk=line.variant_id, available__gte=units)
    if not taken.update(available=F("available") - units):
        raise SoldOut()
    StockMovement.objects.create(
        variant_id=line.variant_id, kind=MovementKind.LOT, quantity=-units,
        reference=f"order_line:{line.pk}:moved", at=now,
    )  # fmt: skip
    why = AllotmentReason.RECALL if reason == CaseReason.RECALLED else AllotmentReason.SHORT
    allot_again(line=line, units=units, reason=why, without=lot.pk, now=now)
    LotAllocation.objects.filter(pk=one.pk).update(moved=F("moved") + units)
    lots.put_back({lot.pk: units})
    # The units of the lot that are free again are not there to be sold: a short lot loses them, a recalled
    # one is no part of the stock.
    return units


def units_sold_of(lot: Lot) -> tuple[int, int]:
    """Return how many buyers have, or are to get, how many units of a lot."""
    rows = bought_of(lot)
    sums = rows.aggregate(units=Sum(_KEPT - F("served")))
    return rows.values("order_line__order__group__buyer").distinct().count(), sums["units"] or 0
