"""What the room is told of the goods being shown and of flash deals."""

from datetime import datetime

import redis
from django.db import transaction

from livestreams import selectors
from livestreams.models import FlashDeal, LiveSession
from livestreams.services.telling_room import channel_of
from livestreams.statuses import DEAL_OPEN, ON_AIR, SessionStatus
from realtime.services.publishing import hub_client, publish
from shops.models import VariantStock

# A crowd changes a number hundreds of times a second; nobody reads more than a few (speed.md).
PAUSE_MS = 250
# Told again after this long without news: heals a number that two processes sent in the wrong order, and
# keeps the phones' idea of our clock fresh.
AGAIN_SECONDS = 3
LATE_STOCK = "stock:late"


def tell_pin(session: LiveSession) -> None:
    """Tell the room what is shown now, as it is once the current transaction has committed."""
    transaction.on_commit(lambda: _tell_pin(session), robust=True)


def _tell_pin(session: LiveSession) -> None:
    pin = selectors.get_open_pin(session)
    data = {"pinned": selectors.pin_data(pin) if pin is not None else None}
    publish(channel=channel_of(session.pk), event="pin", data=data)


def tell_deal(deal: FlashDeal, *, now: datetime) -> None:
    """Tell the room how a deal stands at `now`, at most every 250 ms unless its state or time changed.

    Call after commit, with a fresh deal. Without a hub nobody is told, and nothing fails.
    """
    data = selectors.deal_data(deal, now=now)
    if _is_news(data):
        publish(channel=channel_of(deal.session_id), event="deal", data={"deal": data})


def _is_news(data: dict) -> bool:
    shown_key = f"deal:{data['id']}:shown"
    standing = f"{data['status']}|{data['starts_at']}|{data['ends_at']}"
    try:
        hub = hub_client()
        shown, _sep, remaining = (hub.get(shown_key) or "").rpartition("|")
        if shown == standing:
            if remaining == str(data["remaining"]):
                return False
            if not hub.set(f"deal:{data['id']}:pause", 1, nx=True, px=PAUSE_MS):
                return False
        kept = AGAIN_SECONDS if data["status"] in DEAL_OPEN else 3600
        hub.set(shown_key, f"{standing}|{data['remaining']}", ex=kept)
    except redis.RedisError:
        return False
    return True


def tell_stock(variant_id: int) -> None:
    """Tell the rooms that show a variant how many are free, at most every 250 ms unless none is left.

    Call after commit. What was left out comes with tell_late_stock within a second.
    """
    available = _available(variant_id)
    try:
        hub = hub_client()
        hub.sadd(LATE_STOCK, variant_id)
        if available and not hub.set(f"stock:{variant_id}:pause", 1, nx=True, px=PAUSE_MS):
            return
    except redis.RedisError:
        return
    _publish_stock(variant_id, available)


def tell_late_stock() -> int:
    """Tell once more what was told or left out since the last call: the last number is the true one."""
    try:
        late = hub_client().spop(LATE_STOCK, 500)
    except redis.RedisError:
        return 0
    for variant_id in sorted(map(int, late)):
        _publish_stock(variant_id, _available(variant_id))
    return len(late)


def _available(variant_id: int) -> int:
    found = VariantStock.objects.filter(variant=variant_id).values_list("available", flat=True).first()
    return found or 0


def _publish_stock(variant_id: int, available: int) -> None:
    rooms = LiveSession.objects.filter(
        rundown__variant=variant_id, status__in=ON_AIR | {SessionStatus.SCHEDULED}
    ).values_list("pk", flat=True)
    for session_id in rooms:
        publish(
            channel=channel_of(session_id),
            event="stock",
            data={"variant": variant_id, "available": available},
        )
