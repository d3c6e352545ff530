"""Sending parcels: some of an order's units at a time, never more than are still to send."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common import outbox
from common.audit import actor_of, record
from common.errors import Invalid, MoveRefused, NotFound
from orders.carriers.catalogue import find_carrier
from orders.errors import AnswerFirst, TooManyUnits, TrackingNumberTaken
from orders.models import Order, OrderLine, Shipment, ShipmentLine
from orders.services.case_moves import asked_before_sending
from orders.services.locking import lock_order
from orders.statuses import OrderStatus, ShipmentStatus

TO_SHIP = (OrderStatus.PAID, OrderStatus.CONFIRMED)


@dataclass(frozen=True)
class Packed:
    """How many units of an order line go into a parcel."""

    line_id: int
    quantity: int


@transaction.atomic
def ship_order(
    *,
    actor: User,
    number: str,
    carrier: str,
    tracking_number: str,
    now: datetime,
    lines: Sequence[Packed] = (),
) -> Order:
    """Hand units of an order of the member's shop to a carrier; without `lines` everything still to send.

    The order is shipped once nothing is left to send. Repeating it with the same parcel changes nothing.
    Invalid for an unknown carrier or a malformed number, NotFound for lines of other orders, TooManyUnits,
    TrackingNumberTaken when another parcel has the number, MoveRefused when the order is not to ship,
    AnswerFirst while the buyer waits for an answer about units that would go.
    """
    carrier, tracking_number = check_parcel(carrier, tracking_number)
    order = lock_order(Order.objects.for_member(actor), number)
    if order.shipments.filter(carrier=carrier, tracking_number=tracking_number).exists():
        return order
    if order.status not in TO_SHIP:
        raise MoveRefused()
    lines = lines or _rest(order)
    _check_answered(order, lines)
    try:
        with transaction.atomic():
            parcel = Shipment.objects.create(
                order=order, carrier=carrier, tracking_number=tracking_number, shipped_at=now
            )
    except IntegrityError as error:
        raise TrackingNumberTaken(fields={"tracking_number": TrackingNumberTaken.message}) from error
    _pack(parcel, lines)
    before = order.status
    settle_sent(order, now)
    record(
        actor=actor_of(actor),
        action="orders.ship",
        target=f"order:{order.pk}",
        before={"status": before},
        after={"status": order.status, "shipment": parcel.pk},
        now=now,
    )
    outbox.enqueue("orders.after_shipped", order_id=order.pk, shipment_id=parcel.pk)
    outbox.enqueue("orders.follow_parcel", shipment_id=parcel.pk)
    return order


@transaction.atomic
def withdraw_units(*, order: Order, line_id: int, quantity: int, now: datetime) -> None:
    """Take units of a locked order that were given back before they were sent out of what is to send.

    TooManyUnits when fewer are left.
    """
    if not _move_units(order, line_id, "withdrawn_units", quantity):
        raise TooManyUnits()
    settle_sent(order, now)


def check_parcel(carrier: str, tracking_number: str) -> tuple[str, str]:
    """Return both as they are kept; Invalid when there is no such carrier or it writes no such numbers."""
    tracking_number = re.sub(r"[\s-]", "", tracking_number).upper()
    found = find_carrier(carrier)
    if found is None:
        raise Invalid(fields={"carrier": _("Please choose a carrier from the list.")})
    if not found.takes(tracking_number):
        raise Invalid(fields={"tracking_number": found.hint})
    return found.code, tracking_number


def settle_sent(order: Order, now: datetime) -> None:
    """Note on a locked order whether everything that has to be sent is sent."""
    units = order.lines.values_list("quantity", "shipped_units", "withdrawn_units")
    is_sent = any(sent for _bought, sent, _back in units)
    if order.status not in TO_SHIP or not is_sent or any(b > s + w for b, s, w in units):
        return
    order.status = OrderStatus.SHIPPED
    order.shipped_at = now
    order.save(update_fields=["status", "shipped_at"])
    settle_delivered(order, now)


def settle_delivered(order: Order, now: datetime) -> None:
    """Note on a locked order whether every parcel has arrived.

    The buyer's days to look at the goods begin when we learn it, however late a carrier tells.
    """
    parcels = order.shipments.exclude(status=ShipmentStatus.CANCELLED)
    has_all = not parcels.exclude(status=ShipmentStatus.DELIVERED, problem="").exists()
    if order.status != OrderStatus.SHIPPED or not has_all:
        return
    order.status = OrderStatus.DELIVERED
    order.delivered_at = now
    order.save(update_fields=["status", "delivered_at"])


def _rest(order: Order) -> list[Packed]:
    return [Packed(line.pk, line.units_to_send) for line in order.lines.all() if line.units_to_send]


def _check_answered(order: Order, lines: Sequence[Packed]) -> None:
    # Else the goods would be on their way, and a silent shop would pay for them as well.
    asked = asked_before_sending(order)
    to_send = {line.pk: line.units_to_send for line in order.lines.filter(pk__in=asked)}
    if any(
        packed.quantity > to_send[packed.line_id] - asked[packed.line_id]
        for packed in lines
        if packed.line_id in asked
    ):
        raise AnswerFirst()


def _pack(parcel: Shipment, lines: Sequence[Packed]) -> None:
    if len({packed.line_id for packed in lines}) != len(lines):
        raise Invalid(fields={"lines": _("Please name each line once.")})
    if not lines:
        raise TooManyUnits()
    own = set(parcel.order.lines.values_list("pk", flat=True))
    for packed in sorted(lines, key=lambda one: one.line_id):
        if packed.line_id not in own:
            raise NotFound()
        if not _move_units(parcel.order, packed.line_id, "shipped_units", packed.quantity):
            raise TooManyUnits()
        ShipmentLine.objects.create(shipment=parcel, line_id=packed.line_id, quantity=packed.quantity)


def _move_units(order: Order, line_id: int, counter: str, quantity: int) -> bool:
    """Add to a counter of a line in one statement, whose WHERE is the guard against sending too much."""
    if quantity < 1:
        raise Invalid(fields={"lines": _("Please send at least one.")})
    left = OrderLine.objects.filter(pk=line_id, order=order).filter(
        quantity__gte=F("shipped_units") + F("withdrawn_units") + quantity
    )
    return left.update(**{counter: F(counter) + quantity}) == 1
