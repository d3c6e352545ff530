"""Parcels as pages show them: what lies in them, their way, and what happens next when one is in trouble."""

from collections.abc import Callable
from dataclasses import dataclass

from orders.carriers.catalogue import tracking_link
from orders.models import Order, Shipment, TrackingEvent
from orders.services.telling_parcels import next_for_buyer, next_for_shop

EVENTS_SHOWN = 12


@dataclass(frozen=True)
class ParcelCard:
    """One parcel; `events` are the newest first, `next_words` is empty unless something is wrong."""

    shipment: Shipment
    link: str
    goods: list[str]
    events: list[TrackingEvent]
    next_words: str


def parcels_for_buyer(order: Order) -> list[ParcelCard]:
    """Return the parcels of an order, with words for its buyer."""
    return _cards(order, next_for_buyer)


def parcels_for_shop(order: Order) -> list[ParcelCard]:
    """Return the parcels of an order, with words for its shop."""
    return _cards(order, next_for_shop)


def _cards(order: Order, words: Callable[[str], str]) -> list[ParcelCard]:
    lines = {line.pk: line for line in order.lines.all()}
    return [
        ParcelCard(
            shipment=parcel,
            link=tracking_link(parcel.carrier, parcel.tracking_number),
            goods=[
                f"{lines[one.line_id].title} {lines[one.line_id].variant_name} × {one.quantity}"
                for one in parcel.lines.all()
            ],
            events=list(reversed(parcel.events.all()))[:EVENTS_SHOWN],
            next_words=words(parcel.problem) if parcel.problem else "",
        )
        for parcel in order.shipments.all()
    ]
