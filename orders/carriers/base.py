"""What whoever follows parcels for us can do, in our words. No adapter touches the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class TrackerUnavailable(Exception):
    """There is no answer to trust: ask again later."""


@dataclass(frozen=True)
class Event:
    """One point of a parcel's way; `state` is one of orders.statuses.ParcelEvent."""

    state: str
    words: str
    happened_at: datetime


@dataclass(frozen=True)
class Report:
    """What is known of one parcel, oldest first; only built from what is signed, or what we asked for."""

    carrier: str
    tracking_number: str
    events: tuple[Event, ...]


class Tracker(Protocol):
    """Somebody who follows parcels of several carriers. Calls go over the network: never in a transaction.

    All raise TrackerUnavailable when there is no answer to trust, and may be repeated.
    """

    name: str
    carriers: frozenset[str]

    def follow(self, *, carrier: str, tracking_number: str, phone_tail: str) -> None:
        """Ask to be told about a parcel; `phone_tail` is what some carriers want to know it by."""

    def query(self, *, carrier: str, tracking_number: str, phone_tail: str) -> Report:
        """Ask how a parcel stands."""

    def parse_callback(self, *, headers: Mapping[str, str], body: bytes) -> Report:
        """Verify what was sent to us, then read it. BadTrackingSignature, BadTrackingReport."""
