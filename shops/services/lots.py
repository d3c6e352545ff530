"""Lots and what is sold of them.

Whoever moves a lot holds the row of its variant's stock: that is the lock per variant (decisions.md 11).
Always, for a variant: available + reserved + in_deals = Σ left of its sellable lots, but for units that were
put aside while somebody held them; these leave the stock as soon as they are free (`match_stock`).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F, QuerySet, Sum
from django.utils import timezone

from accounts.models import User
from common.audit import actor_of
from shops.allotting import MICRO, Offer, Share
from shops.errors import SoldOut
from shops.models import AllocationPolicy, DealStock, Lot, StockMovement, VariantStock
from shops.services import deal_stock
from shops.statuses import SELLABLE_LOTS, LotStatus, MovementKind

_TAKE = """
UPDATE shops_lot AS lot
SET taken = lot.taken + v.units, deficit_micro = v.deficit,
    status = CASE WHEN lot.quantity = lot.taken + lot.lost + v.units THEN 'depleted' ELSE 'available' END
FROM unnest(%s::bigint[], %s::int[], %s::bigint[]) AS v(id, units, deficit)
WHERE lot.id = v.id AND lot.status IN ('available', 'depleted')
  AND lot.quantity >= lot.taken + lot.lost + v.units
"""
_BACK = """
UPDATE shops_lot AS lot
SET taken = lot.taken - v.units, deficit_micro = lot.deficit_micro + v.units * %s,
    status = CASE WHEN lot.status = 'depleted' THEN 'available' ELSE lot.status END
FROM unnest(%s::bigint[], %s::int[]) AS v(id, units)
WHERE lot.id = v.id AND lot.taken >= v.units
"""


def lock_stock(variant_id: int) -> VariantStock:
    """Lock a variant's stock, and what its open deals have before it (rules.md 2); needs a transaction."""
    deal_stock.lock_deal_stocks(
        DealStock.objects.filter(variant_id=variant_id, is_open=True).values_list("pk", flat=True)
    )
    VariantStock.objects.get_or_create(pk=variant_id)
    return VariantStock.objects.select_for_update().get(pk=variant_id)


def policies_of(variant_ids: Iterable[int]) -> dict[int, AllocationPolicy]:
    """Return the policy in force of each variant that is pooled."""
    found = AllocationPolicy.objects.filter(variant__in=list(variant_ids)).order_by("version")
    return {policy.variant_id: policy for policy in found}


def offers_of(
    variant_ids: Iterable[int], *, most_floor_fen: int | None = None, without: int | None = None
) -> dict[int, list[Offer]]:
    """Lock the lots that can be sold of variants whose stock is locked; return them as they stand.

    `most_floor_fen` leaves out those whose farmers agreed to no such price, `without` one lot.
    """
    wanted = Lot.objects.filter(variant__in=list(variant_ids), status__in=SELLABLE_LOTS).exclude(pk=without)
    if most_floor_fen is not None:
        wanted = wanted.filter(floor_fen__lte=most_floor_fen)
    rows = wanted.filter(quantity__gt=F("taken") + F("lost")).order_by("pk").select_for_update(no_key=True)
    offers: dict[int, list[Offer]] = {}
    for lot in rows:
        came_on = lot.harvested_on or timezone.localdate(lot.declared_at)
        offers.setdefault(lot.variant_id, []).append(
            Offer(lot.pk, lot.quantity, lot.left, lot.deficit_micro, came_on.isoformat())
        )
    return offers


def take_shares(shares: Iterable[Share]) -> None:
    """Take units out of lots in one statement; SoldOut when one has less, and then nothing is taken."""
    shares = list(shares)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            _TAKE,
            [
                [share.lot for share in shares],
                [share.units for share in shares],
                [share.deficit_micro for share in shares],
            ],
        )
        if cursor.rowcount != len(shares):
            raise SoldOut()


def put_back(units: Mapping[int, int]) -> None:
    """Give lots (by pk) units back that they had sold; who lost a sale is first in line for the next."""
    wanted = {lot: count for lot, count in sorted(units.items()) if count}
    if not wanted:
        return
    with connection.cursor() as cursor:
        cursor.execute(_BACK, [MICRO, list(wanted), list(wanted.values())])
        if cursor.rowcount != len(wanted):
            raise ValueError(wanted)


def match_stock(
    *, variant_id: int, lot: Lot | None, kind: str, reference: str, actor: User | None, now: datetime
) -> int:
    """Make the sellable units of a locked variant what its lots hold; return the change.

    What is to go and nobody holds goes at once, out of open deals too; the rest when it is free again.
    """
    row = VariantStock.objects.get(pk=variant_id)
    sellable = Lot.objects.filter(variant=variant_id, status__in=SELLABLE_LOTS)
    sums = sellable.aggregate(brought=Sum("quantity"), taken=Sum("taken"), lost=Sum("lost"))
    target = (sums["brought"] or 0) - (sums["taken"] or 0) - (sums["lost"] or 0)
    change = target - (row.available + row.reserved + row.in_deals)
    if change > 0:
        VariantStock.objects.filter(pk=variant_id).update(available=F("available") + change)
    elif change < 0:
        change = -_withdraw(row, -change)
    if change:
        StockMovement.objects.create(
            variant_id=variant_id,
            lot=lot,
            kind=kind,
            quantity=change,
            reference=reference[:60],
            actor=actor_of(actor),
            at=now,
        )
    return change


def match_all(*, variant_ids: Iterable[int], now: datetime) -> None:
    """Let units that were released and that no lot has any more leave the stock of locked variants."""
    for variant_id in sorted(set(variant_ids)):
        if Lot.objects.filter(variant=variant_id).exclude(status__in=SELLABLE_LOTS).exists():
            match_stock(
                variant_id=variant_id,
                lot=None,
                kind=MovementKind.LOT,
                reference="released",
                actor=None,
                now=now,
            )


def note_lost(*, variant_id: int, units: int) -> None:
    """Write units of a recount off, the oldest lot first; what no lot has is nobody's."""
    for lot in _newest_last(variant_id).filter(quantity__gt=F("taken") + F("lost")):
        gone = min(units, lot.left)
        Lot.objects.filter(pk=lot.pk).update(
            lost=F("lost") + gone,
            status=LotStatus.DEPLETED if gone == lot.left else LotStatus.AVAILABLE,
        )
        units -= gone
        if not units:
            return


def note_found(*, variant_id: int, units: int) -> None:
    """Write units that turned up again down with the newest lot."""
    lot = _newest_last(variant_id).last()
    if lot is None:
        return
    again = min(units, lot.lost)
    Lot.objects.filter(pk=lot.pk).update(
        lost=F("lost") - again, quantity=F("quantity") + units - again, status=LotStatus.AVAILABLE
    )


def _newest_last(variant_id: int) -> QuerySet[Lot]:
    return (
        Lot.objects.filter(variant=variant_id, status__in=SELLABLE_LOTS)
        .order_by("declared_at", "pk")
        .select_for_update(no_key=True)
    )


def _withdraw(row: VariantStock, units: int) -> int:
    free = min(units, row.available)
    if free:
        VariantStock.objects.filter(pk=row.pk).update(available=F("available") - free)
    gone = free
    open_deals = DealStock.objects.filter(variant=row.pk, is_open=True, available__gt=0).order_by("pk")
    for deal in open_deals if gone < units else ():
        part = min(units - gone, deal.available)
        if DealStock.objects.filter(pk=deal.pk, available__gte=part).update(available=F("available") - part):
            VariantStock.objects.filter(pk=row.pk).update(in_deals=F("in_deals") - part)
            gone += part
    return gone
