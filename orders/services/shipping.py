"""Sending parcels."""

import re
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common import outbox
from common.audit import actor_of, record
from common.errors import Invalid
from common.moves import check_move
from orders.errors import TrackingNumberTaken
from orders.models import Order, Shipment
from orders.services.locking import lock_order
from orders.statuses import ORDER_MOVES, Carrier, OrderStatus

TRACKING_NUMBER = re.compile(r"[A-Z0-9]{8,30}")


@transaction.atomic
def ship_order(*, actor: User, number: str, carrier: str, tracking_number: str, now: datetime) -> Order:
    """Hand a paid order of the member's shop to a carrier.

    Repeating it with the same parcel changes nothing. Invalid for an unknown carrier or a malformed
    number, TrackingNumberTaken when another parcel has it, MoveRefused when the order is not to ship.
    """
    tracking_number = re.sub(r"[\s-]", "", tracking_number).upper()
    if carrier not in Carrier.values:
        raise Invalid(fields={"carrier": _("Please choose a carrier from the list.")})
    if not TRACKING_NUMBER.fullmatch(tracking_number):
        raise Invalid(fields={"tracking_number": _("8 to 30 letters and digits, as printed on the parcel.")})
    order = lock_order(Order.objects.for_member(actor), number)
    if order.shipments.filter(carrier=carrier, tracking_number=tracking_number).exists():
        return order
    check_move(ORDER_MOVES, order.status, OrderStatus.SHIPPED)
    try:
        with transaction.atomic():
            Shipment.objects.create(
                order=order, carrier=carrier, tracking_number=tracking_number, shipped_at=now
            )
    except IntegrityError as error:
        raise TrackingNumberTaken(fields={"tracking_number": TrackingNumberTaken.message}) from error
    before = order.status
    order.status = OrderStatus.SHIPPED
    order.shipped_at = now
    order.save(update_fields=["status", "shipped_at"])
    record(
        actor=actor_of(actor),
        action="orders.ship",
        target=f"order:{order.pk}",
        before={"status": before},
        after={"status": order.status},
        now=now,
    )
    outbox.enqueue("orders.after_shipped", order_id=order.pk)
    return order
