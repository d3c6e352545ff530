"""Which gifts there are, and what a person gave."""

from collections.abc import Iterable
from datetime import datetime

from common.errors import NotFound
from livestreams.models import Gift, GiftKind
from livestreams.statuses import GiftStatus


def list_gift_kinds() -> list[GiftKind]:
    """Return what can be given, in the market's order."""
    return list(GiftKind.objects.filter(is_active=True))


def get_own_gift(*, user, gift_id: int) -> Gift:
    """Return a gift that the person chose; NotFound for a stranger."""
    gift = Gift.objects.select_related("session", "host", "kind").filter(giver=user, pk=gift_id).first()
    if gift is None:
        raise NotFound()
    return gift


def unpaid_gifts(*, now: datetime, limit: int = 100) -> list[int]:
    """Return gifts whose time to be paid is over, the oldest first."""
    over = Gift.objects.filter(status=GiftStatus.PENDING, expires_at__lte=now)
    return list(over.order_by("expires_at", "pk").values_list("pk", flat=True)[:limit])


def gifts_by_id(gift_ids: Iterable[int]) -> dict[int, Gift]:
    """Return these gifts by their numbers, each with its show."""
    return Gift.objects.select_related("session").in_bulk(list(gift_ids))
