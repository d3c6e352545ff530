"""Whose goods a paid line takes. Pure arithmetic over what is written down, so that anybody can repeat it."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace

from common.money import split_largest_remainder
from shops.statuses import AllocationRule

MICRO = 1_000_000


@dataclass(frozen=True)
class Offer:
    """A lot as it stood when a line was allotted; `came_on` is the ISO date of its harvest or delivery."""

    lot: int
    brought: int
    left: int
    deficit_micro: int
    came_on: str


@dataclass(frozen=True)
class Share:
    """Units that a line takes from a lot, and the lot's deficit afterwards."""

    lot: int
    units: int
    deficit_micro: int


def share_out(*, rule: str, wanted: int, offers: Sequence[Offer]) -> list[Share]:
    """Give a line its units by a rule; the shares of all lots that moved, in ascending lot.

    `pro_rata` entitles each lot to its part of what is left and lets the one go first that is furthest behind
    what it was entitled to so far; ties go to the lower lot. Fewer units than wanted when there are fewer.
    """
    offers = sorted((offer for offer in offers if offer.left > 0), key=lambda offer: offer.lot)
    wanted = min(wanted, sum(offer.left for offer in offers))
    if wanted <= 0:
        return []
    if rule == AllocationRule.PRO_RATA:
        return _in_proportion(wanted, offers)
    if rule == AllocationRule.SMALLEST_FIRST:
        queue = sorted(offers, key=lambda offer: (offer.brought, offer.lot))
    else:
        queue = sorted(offers, key=lambda offer: (offer.came_on, offer.lot))
    shares = []
    for offer in queue:
        units = min(offer.left, wanted)
        wanted -= units
        if units:
            shares.append(Share(offer.lot, units, offer.deficit_micro))
    return sorted(shares, key=lambda share: share.lot)


def written(offers: Iterable[Offer]) -> list[dict]:
    """Return offers as they are stored."""
    return [asdict(offer) for offer in sorted(offers, key=lambda offer: offer.lot)]


def read(stored: Iterable[dict]) -> list[Offer]:
    """Return stored offers."""
    return [Offer(**offer) for offer in stored]


def _in_proportion(wanted: int, offers: list[Offer]) -> list[Share]:
    entitled = split_largest_remainder(wanted * MICRO, [offer.left for offer in offers])
    states = [
        replace(offer, deficit_micro=offer.deficit_micro + part)
        for offer, part in zip(offers, entitled, strict=True)
    ]
    given = dict.fromkeys((offer.lot for offer in offers), 0)
    for _unit in range(wanted):
        behind = max(
            (i for i, offer in enumerate(states) if offer.left > 0),
            key=lambda i: (states[i].deficit_micro, -states[i].lot),
        )
        first = states[behind]
        states[behind] = replace(first, left=first.left - 1, deficit_micro=first.deficit_micro - MICRO)
        given[first.lot] += 1
    return [Share(offer.lot, given[offer.lot], offer.deficit_micro) for offer in states]
