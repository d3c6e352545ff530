"""When an order completes by itself, and what makes it wait (decisions.md 23)."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from orders.models import AfterSaleCase, Order, Shipment, TrackingEvent
from orders.statuses import OPEN_CASES, OrderStatus, ShipmentStatus


def disputes() -> list[Exists]:
    """Return what makes an order wait, each as a condition on it; a new kind of dispute is added here."""
    return [
        Exists(Shipment.objects.filter(order=OuterRef("pk")).exclude(problem="")),
        Exists(AfterSaleCase.objects.filter(order=OuterRef("pk"), status__in=OPEN_CASES)),
    ]


def is_receiving_paused(order: Order) -> bool:
    """Say whether something is in dispute, so that the order must not complete by itself."""
    return any(Order.objects.filter(dispute, pk=order.pk).exists() for dispute in disputes())


def orders_to_receive(now: datetime) -> QuerySet[Order]:
    """Return paid orders that have arrived, or were sent untracked, long enough ago, with no dispute."""
    orders = Order.objects.filter(captured_fen__gt=0).filter(
        Q(status=OrderStatus.DELIVERED) & _is_due("delivered_at", settings.AUTO_RECEIVE_DAYS, now)
        | Q(status=OrderStatus.SHIPPED)
        & _is_due("shipped_at", settings.AUTO_RECEIVE_UNTRACKED_DAYS, now)
        & ~Exists(_followed())
    )
    for dispute in disputes():
        orders = orders.exclude(dispute)
    return orders


def receive_due_at(order: Order) -> datetime | None:
    """Return when the order completes by itself; None when nothing is counting."""
    if order.is_cash_due or is_receiving_paused(order):
        return None
    if order.status == OrderStatus.DELIVERED:
        due = order.delivered_at + timedelta(days=settings.AUTO_RECEIVE_DAYS)
    elif order.status == OrderStatus.SHIPPED and not _followed(order.pk).exists():
        due = order.shipped_at + timedelta(days=settings.AUTO_RECEIVE_UNTRACKED_DAYS)
    else:
        return None
    more = settings.AUTO_RECEIVE_EXTENSION_DAYS if order.receive_extended_at else 0
    return due + timedelta(days=more)


def _is_due(since: str, days: int, now: datetime) -> Q:
    due = now - timedelta(days=days)
    extended = due - timedelta(days=settings.AUTO_RECEIVE_EXTENSION_DAYS)
    return Q(receive_extended_at=None, **{f"{since}__lte": due}) | Q(
        receive_extended_at__isnull=False, **{f"{since}__lte": extended}
    )


def _followed(order_id: int | OuterRef | None = None) -> QuerySet[TrackingEvent]:
    """Parcels under way that a carrier reports on: its word is worth more than a number of days."""
    return TrackingEvent.objects.filter(
        shipment__order=OuterRef("pk") if order_id is None else order_id,
        shipment__status=ShipmentStatus.SHIPPED,
    )
