"""Take units of a flash deal: the one statement in which the crowd meets (PR1, decisions.md 10)."""

from datetime import datetime

from django.db import connection, transaction

from livestreams.errors import DealClosed
from livestreams.models import FlashDeal
from shops.errors import SoldOut
from shops.models import StockReservation

# The database's own clock and the row's own counter decide, whatever a web process believes: a deal that is
# over but not yet swept sells nothing more. The deal's row is only read, so that buyers do not wait for it.
TAKE = """
UPDATE shops_dealstock AS stock
SET available = stock.available - %(units)s, reserved = stock.reserved + %(units)s
FROM livestreams_flashdeal AS deal
WHERE deal.id = %(deal)s AND stock.id = deal.stock_id AND stock.is_open AND stock.available >= %(units)s
  AND deal.starts_at <= clock_timestamp() AND clock_timestamp() < deal.ends_at
"""
IS_ON = """
SELECT 1 FROM livestreams_flashdeal AS deal JOIN shops_dealstock AS stock ON stock.id = deal.stock_id
WHERE deal.id = %(deal)s AND stock.is_open
  AND deal.starts_at <= clock_timestamp() AND clock_timestamp() < deal.ends_at
"""


@transaction.atomic
def take_from_deal(
    *, deal: FlashDeal, variant_id: int, quantity: int, reference: str, expires_at: datetime, now: datetime
) -> StockReservation:
    """Hold units of a running deal for one document; DealClosed before and after it, SoldOut when too few."""
    take_units(deal_id=deal.pk, quantity=quantity)
    return StockReservation.objects.create(
        variant_id=variant_id,
        deal_stock_id=deal.stock_id,
        quantity=quantity,
        reference=reference,
        expires_at=expires_at,
        created_at=now,
    )


def take_units(*, deal_id: int, quantity: int) -> None:
    """Move units of a running deal from free to held, in one statement of the caller's transaction.

    The caller keeps the reservations that say for whom.
    """
    if quantity < 1:
        raise ValueError(quantity)
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"units": quantity, "deal": deal_id})
        if not cursor.rowcount:
            cursor.execute(IS_ON, {"deal": deal_id})
            raise SoldOut() if cursor.fetchone() else DealClosed()
