"""What carriers tell: kept, then the parcel and its order follow (decisions.md 23).

The way of a parcel is worked out anew from all its events, so repeated and reordered reports change nothing.
"""

import hashlib
import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from common import outbox
from common.errors import BodyTooLarge, NotFound
from common.sweeping import sweep_each
from orders.carriers import get_tracker
from orders.carriers.base import Event, TrackerUnavailable
from orders.models import CarrierReport, Order, Shipment, TrackingEvent
from orders.services.shipping import settle_delivered
from orders.statuses import ParcelEvent, ParcelProblem, ReportOutcome, ShipmentStatus

logger = logging.getLogger(__name__)

# Carriers give numbers out again: what happened long before we sent the parcel is another parcel's.
EARLIER = timedelta(days=3)
LATER = timedelta(hours=2)
ASK_AGAIN = timedelta(hours=4)
FAILURES_IN_A_ROW = 3
PHONE_TAIL = 4
NEVER = datetime.min.replace(tzinfo=UTC)
IN_TROUBLE = {
    ParcelEvent.REFUSED: ParcelProblem.REFUSED,
    ParcelEvent.RETURNED: ParcelProblem.RETURNED,
    ParcelEvent.LOST: ParcelProblem.LOST,
}


def receive_report(*, tracker: str, headers: Mapping[str, str], body: bytes, now: datetime) -> CarrierReport:
    """Keep a signed report and let its parcel follow, in effect once per report.

    NotFound for a tracker that is not switched on; BodyTooLarge, BadTrackingSignature, BadTrackingReport keep
    nothing. A parcel that we do not know is quarantined. Anything else must reach the sender as a 5xx.
    """
    adapter = get_tracker()
    if adapter is None or adapter.name != tracker:
        raise NotFound()
    if len(body) > settings.CALLBACK_MAX_BYTES:
        raise BodyTooLarge()
    told = adapter.parse_callback(headers=headers, body=body)
    digest = hashlib.sha256(body).hexdigest()
    CarrierReport.objects.bulk_create(
        [CarrierReport(tracker=tracker, digest=digest, body=body, received_at=now)], ignore_conflicts=True
    )
    report = CarrierReport.objects.get(tracker=tracker, digest=digest)
    if report.processed_at is not None:
        return report
    with transaction.atomic():
        parcel = Shipment.objects.filter(carrier=told.carrier, tracking_number=told.tracking_number).first()
        report.shipment, report.processed_at = parcel, now
        report.outcome = ReportOutcome.PROCESSED if parcel else ReportOutcome.QUARANTINED
        if parcel is not None:
            note_events(shipment_id=parcel.pk, events=told.events, now=now)
        report.save(update_fields=["shipment", "outcome", "processed_at"])
    return report


@transaction.atomic
def note_events(*, shipment_id: int, events: Iterable[Event], now: datetime) -> Shipment:
    """Add what is new to a parcel's way and let its status, its problem and its order follow."""
    order_id = Shipment.objects.values_list("order_id", flat=True).get(pk=shipment_id)
    order = Order.objects.select_for_update().get(pk=order_id)
    parcel = Shipment.objects.select_for_update().get(pk=shipment_id)
    TrackingEvent.objects.bulk_create(
        (
            TrackingEvent(
                shipment=parcel, state=one.state, words=one.words, happened_at=one.happened_at, told_at=now
            )
            for one in events
            if parcel.shipped_at - EARLIER <= one.happened_at <= now + LATER
        ),
        ignore_conflicts=True,
    )
    if parcel.status == ShipmentStatus.CANCELLED:
        return parcel
    problem, delivered_at = _judge(parcel)
    if delivered_at and parcel.status == ShipmentStatus.SHIPPED:
        parcel.status, parcel.delivered_at = ShipmentStatus.DELIVERED, delivered_at
        outbox.enqueue("orders.after_parcel_delivered", shipment_id=parcel.pk)
    if problem and problem != parcel.problem:
        outbox.enqueue("orders.after_parcel_problem", shipment_id=parcel.pk, problem=problem)
    parcel.problem = problem
    parcel.save(update_fields=["status", "delivered_at", "problem"])
    settle_delivered(order, now)
    return parcel


def follow_parcel(*, shipment_id: int) -> bool:
    """Ask the tracker to tell us about a parcel; return whether anybody does. TrackerUnavailable."""
    tracker = get_tracker()
    parcel = Shipment.objects.select_related("order").get(pk=shipment_id)
    if tracker is None or parcel.carrier not in tracker.carriers or parcel.status != ShipmentStatus.SHIPPED:
        return False
    tracker.follow(
        carrier=parcel.carrier,
        tracking_number=parcel.tracking_number,
        phone_tail=parcel.order.phone[-PHONE_TAIL:],
    )
    return True


def ask_about_parcels(*, now: datetime, limit: int = 100) -> int:
    """Ask about parcels that we have not asked about for hours; return how many were answered."""
    tracker = get_tracker()
    if tracker is None:
        return 0
    is_due = Q(asked_at=None) | Q(asked_at__lte=now - ASK_AGAIN)
    waiting = Shipment.objects.filter(is_due, status=ShipmentStatus.SHIPPED, carrier__in=tracker.carriers)
    waiting = waiting.select_related("order").order_by("asked_at", "pk")
    answered = failures = 0
    for parcel in list(waiting[:limit]):
        if not Shipment.objects.filter(is_due, pk=parcel.pk).update(asked_at=now):
            continue  # another worker has it
        try:
            told = tracker.query(
                carrier=parcel.carrier,
                tracking_number=parcel.tracking_number,
                phone_tail=parcel.order.phone[-PHONE_TAIL:],
            )
        except TrackerUnavailable as problem:
            logger.warning("no answer about parcel %s: %s", parcel.pk, problem)
            failures += 1
            if failures == FAILURES_IN_A_ROW:
                break
            continue
        answered += sweep_each(
            [parcel.pk],
            lambda pk, told=told: note_events(shipment_id=pk, events=told.events, now=now),
            what="parcel",
        )
        failures = 0
    return answered


def _judge(parcel: Shipment) -> tuple[str, datetime | None]:
    """Return what is wrong with a parcel ("" for nothing) and when it reached its buyer."""
    problem: str = ""
    delivered_at = None
    for event in parcel.events.order_by("happened_at", "pk"):
        if event.state in IN_TROUBLE and event.told_at <= (parcel.problem_cleared_at or NEVER):
            continue
        if event.state in IN_TROUBLE:
            problem = IN_TROUBLE[event.state]
        elif event.state == ParcelEvent.DELIVERED and problem != ParcelProblem.RETURNED:
            # What was delivered after it had turned back was delivered to the shop.
            problem, delivered_at = "", delivered_at or event.happened_at
        elif problem == ParcelProblem.LOST:
            problem = ""  # found again
    return problem, delivered_at
