"""Parcels that need a hand: a wrong tracking number, trouble that is over, and what never arrives."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.models import User
from common import outbox
from common.audit import actor_of, record
from common.errors import Invalid, MoveRefused, NotAllowed, NotFound
from orders.errors import TrackingNumberTaken
from orders.models import Order, ParcelCorrection, Shipment
from orders.services.shipping import TO_SHIP, check_parcel, settle_delivered
from orders.statuses import OrderStatus, ShipmentStatus

OPEN = (*TO_SHIP, OrderStatus.SHIPPED)


@transaction.atomic
def correct_parcel(
    *, actor: User, shipment_id: int, carrier: str, tracking_number: str, now: datetime
) -> Shipment:
    """Give a parcel of the member's shop its right number, or that of the parcel sent in its place.

    What the wrong number's carrier told is kept with the old number and counts no more; the buyer is told.
    Repeating it changes nothing. NotFound, Invalid, TrackingNumberTaken; MoveRefused once it is delivered.
    """
    carrier, tracking_number = check_parcel(carrier, tracking_number)
    parcel = _locked(Order.objects.for_member(actor), shipment_id)
    if (parcel.carrier, parcel.tracking_number) == (carrier, tracking_number):
        return parcel
    if parcel.status != ShipmentStatus.SHIPPED or parcel.order.status not in OPEN:
        raise MoveRefused()
    before = {"carrier": parcel.carrier, "tracking_number": parcel.tracking_number}
    ParcelCorrection.objects.create(
        shipment=parcel, **before, problem=parcel.problem, corrected_by=actor, corrected_at=now,
        events=[
            {"state": one.state, "words": one.words, "happened_at": one.happened_at.isoformat()}
            for one in parcel.events.all()
        ],
    )  # fmt: skip
    parcel.events.all().delete()
    if parcel.problem:  # it goes on its way a second time
        parcel.shipped_at = now
        if parcel.order.shipped_at is not None:  # of one that is sent in part the rest is still to come
            parcel.order.shipped_at = now
            parcel.order.save(update_fields=["shipped_at"])
    parcel.carrier, parcel.tracking_number, parcel.problem = carrier, tracking_number, ""
    parcel.asked_at = parcel.problem_cleared_at = parcel.late_told_at = None
    try:
        with transaction.atomic():
            parcel.save()
    except IntegrityError as error:
        raise TrackingNumberTaken(fields={"tracking_number": TrackingNumberTaken.message}) from error
    after = {"carrier": carrier, "tracking_number": tracking_number}
    _audit(actor, "orders.correct_parcel", parcel, before, after, "", now)
    outbox.enqueue("orders.after_parcel_corrected", shipment_id=parcel.pk)
    outbox.enqueue("orders.follow_parcel", shipment_id=parcel.pk)
    return parcel


@transaction.atomic
def clear_problem(*, actor: User, shipment_id: int, reason: str, now: datetime) -> Shipment:
    """Say as an operator that a parcel's trouble is settled: its order goes on. New trouble counts anew.

    NotAllowed, NotFound, Invalid without a reason, MoveRefused when there is none.
    """
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()
    reason = reason.strip()
    if not reason:
        raise Invalid(fields={"reason": Invalid.message})
    parcel = _locked(Order.objects.all(), shipment_id)
    if not parcel.problem:
        raise MoveRefused()
    before = {"problem": parcel.problem}
    parcel.problem, parcel.problem_cleared_at = "", now
    parcel.save(update_fields=["problem", "problem_cleared_at"])
    settle_delivered(parcel.order, now)
    _audit(actor, "orders.clear_problem", parcel, before, {"problem": ""}, reason, now)
    return parcel


def tell_late_parcels(*, now: datetime, limit: int = 200) -> int:
    """Have shop and buyer told, once, of each parcel that is under way for too long; return how many."""
    late = Shipment.objects.filter(
        status=ShipmentStatus.SHIPPED, problem="", late_told_at=None, order__status__in=OPEN,
        shipped_at__lte=now - timedelta(days=settings.PARCEL_LATE_DAYS),
    )  # fmt: skip
    told = 0
    for pk in list(late.order_by("shipped_at").values_list("pk", flat=True)[:limit]):
        with transaction.atomic():
            # Of two workers only one finds it untold.
            if late.filter(pk=pk).update(late_told_at=now):
                outbox.enqueue("orders.after_parcel_late", shipment_id=pk)
                told += 1
    return told


def _locked(scope, shipment_id: int) -> Shipment:
    found = (
        Shipment.objects.filter(pk=shipment_id, order__in=scope).values_list("order_id", flat=True).first()
    )
    if found is None:
        raise NotFound()
    order = Order.objects.select_for_update().get(pk=found)
    parcel = Shipment.objects.select_for_update().get(pk=shipment_id)
    parcel.order = order
    return parcel


def _audit(
    actor: User, action: str, parcel: Shipment, before: dict, after: dict, reason: str, now: datetime
) -> None:
    record(
        actor=actor_of(actor),
        action=action,
        target=f"shipment:{parcel.pk}",
        before=before,
        after=after,
        reason=reason,
        now=now,
    )
