"""Units set aside for one flash deal (decisions.md 10).

The crowd of a deal meets on the deal's own row; the variant's row moves when the deal begins, when it ends,
and when an order is paid. Whoever moves several rows in one transaction locks the deals' rows first, in
ascending pk, and then the variants' (rules.md 2). How the counters relate is written in models/stock.py.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F

from shops.errors import SoldOut, StockTooLow
from shops.models import DealStock, StockReservation, VariantStock


@transaction.atomic
def set_aside(*, variant_id: int, quantity: int) -> DealStock:
    """Move free units of a variant into a deal; StockTooLow when fewer are free."""
    if quantity < 1:
        raise ValueError(quantity)
    moved = VariantStock.objects.filter(pk=variant_id, available__gte=quantity).update(
        available=F("available") - quantity, in_deals=F("in_deals") + quantity
    )
    if not moved:
        raise StockTooLow()
    return DealStock.objects.create(variant_id=variant_id, quantity=quantity, available=quantity)


@transaction.atomic
def give_back_rest(*, deal_stock_id: int) -> int:
    """Close a deal's stock and give the variant what nobody holds; return how many. Again: 0."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH rest AS (SELECT id, available FROM shops_dealstock WHERE id = %s AND is_open"
            " FOR NO KEY UPDATE)"
            " UPDATE shops_dealstock AS deal SET is_open = FALSE, available = 0 FROM rest"
            " WHERE deal.id = rest.id RETURNING rest.available, deal.variant_id",
            [deal_stock_id],
        )
        closed = cursor.fetchone()
    units, variant_id = closed or (0, None)
    if units:
        _return_to_variant(variant_id, units)
    return units


def lock_deal_stocks(deal_stock_ids: Iterable[int | None]) -> None:
    """Lock the rows of deals in ascending pk, before any row of a variant; needs a transaction."""
    wanted = {pk for pk in deal_stock_ids if pk is not None}
    if wanted:
        list(
            DealStock.objects.filter(pk__in=wanted)
            .order_by("pk")
            .select_for_update(no_key=True)
            .values_list("pk")
        )


def sell_held(*, deal_stock_id: int, variant_id: int, quantity: int) -> None:
    """Count units held of a deal as sold."""
    DealStock.objects.filter(pk=deal_stock_id).update(
        reserved=F("reserved") - quantity, sold=F("sold") + quantity
    )
    VariantStock.objects.filter(pk=variant_id).update(
        in_deals=F("in_deals") - quantity, sold=F("sold") + quantity
    )


def return_held(*, deal_stock_id: int, variant_id: int, quantity: int) -> None:
    """Give held units back to the deal while it is open, else to the variant."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE shops_dealstock SET reserved = reserved - %(units)s,"
            " available = available + CASE WHEN is_open THEN %(units)s ELSE 0 END"
            " WHERE id = %(deal)s RETURNING is_open",
            {"units": quantity, "deal": deal_stock_id},
        )
        is_open = cursor.fetchone()[0]
    if not is_open:
        _return_to_variant(variant_id, quantity)


@transaction.atomic
def take_late(
    *, deal_stock_id: int, quantity: int, reference: str, expires_at: datetime, now: datetime
) -> StockReservation:
    """Hold units again for money that came after the hold had run out; SoldOut when there are not enough.

    Of an open deal its own units; of one that is over the variant's, up to what the deal promised in all.
    """
    deal = DealStock.objects.select_for_update(no_key=True).get(pk=deal_stock_id)
    if deal.is_open:
        taken = deal.available >= quantity
        change = {"available": F("available") - quantity}
    else:
        taken = deal.quantity >= deal.reserved + deal.sold + quantity and VariantStock.objects.filter(
            pk=deal.variant_id, available__gte=quantity
        ).update(available=F("available") - quantity, in_deals=F("in_deals") + quantity)
        change = {}
    if not taken:
        raise SoldOut()
    DealStock.objects.filter(pk=deal.pk).update(reserved=F("reserved") + quantity, **change)
    return StockReservation.objects.create(
        variant_id=deal.variant_id,
        deal_stock=deal,
        quantity=quantity,
        reference=reference,
        expires_at=expires_at,
        created_at=now,
    )


def _return_to_variant(variant_id: int, units: int) -> None:
    VariantStock.objects.filter(pk=variant_id).update(
        in_deals=F("in_deals") - units, available=F("available") + units
    )
