"""Paid lines take lots, and give them back (decisions.md 11).

Every function here runs after the stock rows of its variants are locked; that is the lock per variant.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F

from accounts.models import User
from common.money import split_largest_remainder
from orders.models import Allotment, LotAllocation, OrderLine
from shops.allotting import Offer, Share, share_out, written
from shops.errors import SoldOut
from shops.models import AllocationPolicy, Lot
from shops.services import lots, stock
from shops.statuses import AllocationRule


@dataclass(frozen=True)
class _Decision:
    line: OrderLine
    rule: str
    version: int
    wanted: int
    offers: list[Offer]
    shares: list[Share]

    @property
    def units(self) -> int:
        return sum(share.units for share in self.shares)


@transaction.atomic
def allocate_lines(*, lines: Sequence[OrderLine], reason: str, now: datetime) -> None:
    """Give each line of a purchase its lots by the published policy of its variant, and keep why.

    The units have been sold out of the stock in this transaction. SoldOut when the lots of a pool have fewer:
    some were put aside meanwhile. A simple listing takes what its lots have.
    """
    variants = {line.variant_id for line in lines}
    policies = lots.policies_of(variants)
    offers = lots.offers_of(variants)
    _take(
        [
            _decide(line, policies.get(line.variant_id), offers.get(line.variant_id, []), line.quantity)
            for line in lines
        ],
        reason,
        now,
    )


def allot_again(*, line: OrderLine, units: int, reason: str, without: int, now: datetime) -> None:
    """Give a line other lots, of farmers who agreed to its price, for units that it lost; SoldOut."""
    policy = lots.policies_of([line.variant_id]).get(line.variant_id)
    offers = lots.offers_of([line.variant_id], most_floor_fen=line.price_fen, without=without)
    offers = offers.get(line.variant_id, [])
    decision = _decide(line, policy, offers, units)
    if decision.units < units:
        raise SoldOut()
    _take([decision], reason, now)


def return_to_shelf(
    *,
    line: OrderLine,
    quantity: int,
    reference: str,
    actor: User | None,
    now: datetime,
    lot_id: int | None = None,
) -> None:
    """Put sold units of a line back on the shelf and into the lots that they came from, in proportion.

    With `lot_id` out of that lot. What came from a lot that is put aside is not sold again.
    """
    stock.return_units(
        variant_id=line.variant_id, quantity=quantity, reference=reference, actor=actor, now=now
    )
    kept = list(line.allocations.filter(quantity__gt=F("moved") + F("returned")))
    if lot_id is not None:
        kept = [one for one in kept if one.lot_id == lot_id]
    back: dict[int, int] = {}
    for one, units in spread(quantity, kept):
        LotAllocation.objects.filter(pk=one.pk).update(returned=F("returned") + units)
        back[one.lot_id] = back.get(one.lot_id, 0) + units
    lots.put_back(back)
    rest = quantity - sum(back.values())
    if rest:  # sold before there were lots to take
        lots.note_found(variant_id=line.variant_id, units=rest)
    lots.match_all(variant_ids=[line.variant_id], now=now)


def spread(quantity: int, kept: Sequence[LotAllocation]) -> list[tuple[LotAllocation, int]]:
    """Spread units over what a line has of its lots, in proportion, never more than it has."""
    total = sum(one.kept for one in kept)
    if not total:
        return []
    parts = split_largest_remainder(min(quantity, total), [one.kept for one in kept])
    return [(one, units) for one, units in zip(kept, parts, strict=True) if units]


def _decide(line: OrderLine, policy: AllocationPolicy | None, offers: list[Offer], units: int) -> _Decision:
    rule = policy.rule if policy else AllocationRule.OLDEST_FIRST
    shares = share_out(rule=rule, wanted=units, offers=offers)
    decision = _Decision(line, rule, policy.version if policy else 0, units, offers, shares)
    # What was sold before the stock was shared has no terms to pay its farmers by.
    if policy is not None and (line.term_sheet_id is None or decision.units < units):
        raise SoldOut()
    return decision


def _take(decisions: Sequence[_Decision], reason: str, now: datetime) -> None:
    decisions = [one for one in decisions if one.units]
    if not decisions:
        return
    lots.take_shares(share for one in decisions for share in one.shares)
    allotments = Allotment.objects.bulk_create(
        Allotment(
            order_line=one.line,
            rule=one.rule,
            policy_version=one.version,
            reason=reason,
            wanted=one.wanted,
            offers=written(one.offers),
            made_at=now,
        )
        for one in decisions
    )
    taken = {share.lot for one in decisions for share in one.shares if share.units}
    farmers = dict(Lot.objects.filter(pk__in=taken).values_list("pk", "farmer_id"))
    LotAllocation.objects.bulk_create(
        LotAllocation(
            allotment=allotment,
            order_line=one.line,
            lot_id=share.lot,
            farmer_id=farmers[share.lot],
            quantity=share.units,
        )
        for allotment, one in zip(allotments, decisions, strict=True)
        for share in one.shares
        if share.units
    )
