"""What it costs to send goods of one shop to a region. Pure arithmetic in integer fen, no database.

A template is one parcel: its zone is the most exact one that names the region (county, then prefecture, then
province, then the zone without codes). Units are grams, or pieces. Lines of several templates are several
parcels; lines without a template share the market's flat parcel.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

Measure = Literal["weight", "piece"]


@dataclass(frozen=True)
class Zone:
    """A fee for the regions of `codes` (GB/T 2260; none: all others): first units, then each step begun."""

    codes: tuple[str, ...] = ()
    is_deliverable: bool = True
    first_units: int = 1
    first_fen: int = 0
    step_units: int = 1
    step_fen: int = 0


@dataclass(frozen=True)
class Terms:
    """A freight template. From `free_above_fen` of its own goods on, freight and cold chain are free."""

    pk: int
    measure: Measure
    zones: tuple[Zone, ...]
    free_above_fen: int | None = None
    cold_chain_fen: int = 0

    @property
    def needs_region(self) -> bool:
        """Whether the fee cannot be told without a region."""
        return any(zone.codes for zone in self.zones)

    def zone_of(self, region_code: str) -> Zone | None:
        """Return the zone of a region; None where the goods are not sent."""
        for code in _widening(region_code):
            for zone in self.zones:
                if code in zone.codes:
                    return zone if zone.is_deliverable else None
        rest = next((zone for zone in self.zones if not zone.codes), None)
        return rest if rest is not None and rest.is_deliverable else None


@dataclass(frozen=True)
class Load:
    """What is sent of one variant, `key` to the caller; an unknown weight counts as one first weight."""

    key: int
    terms: Terms | None
    quantity: int
    weight_g: int | None
    total_fen: int


@dataclass(frozen=True)
class Freight:
    """The freight of one shop's loads but those `undeliverable` or `unknown` (their region is missing)."""

    freight_fen: int
    undeliverable: frozenset[int] = field(default_factory=frozenset)
    unknown: frozenset[int] = field(default_factory=frozenset)


def freight_of(loads: Iterable[Load], *, region_code: str, flat_fen: int) -> Freight:
    """Return what one shop's loads cost to send to a county, and what cannot be sent there."""
    parcels: dict[int, list[Load]] = {}
    is_flat = False
    for load in loads:
        if load.terms is None:
            is_flat = True
        else:
            parcels.setdefault(load.terms.pk, []).append(load)
    fen = flat_fen if is_flat else 0
    undeliverable: set[int] = set()
    unknown: set[int] = set()
    for parcel in parcels.values():
        terms = parcel[0].terms
        if terms.needs_region and not region_code:
            unknown.update(load.key for load in parcel)
        elif (zone := terms.zone_of(region_code)) is None:
            undeliverable.update(load.key for load in parcel)
        else:
            fen += _parcel_fen(terms, zone, parcel)
    return Freight(fen, frozenset(undeliverable), frozenset(unknown))


def _parcel_fen(terms: Terms, zone: Zone, parcel: Sequence[Load]) -> int:
    goods_fen = sum(load.total_fen for load in parcel)
    if terms.free_above_fen is not None and goods_fen >= terms.free_above_fen:
        return 0
    units = sum(_units(terms, zone, load) for load in parcel)
    further = max(0, units - zone.first_units)
    steps = -(-further // zone.step_units)
    return zone.first_fen + steps * zone.step_fen + terms.cold_chain_fen


def _units(terms: Terms, zone: Zone, load: Load) -> int:
    if terms.measure == "piece":
        return load.quantity
    return load.quantity * (load.weight_g or zone.first_units)


def _widening(region_code: str) -> tuple[str, ...]:
    if len(region_code) != 6:
        return ()
    return (region_code, f"{region_code[:4]}00", f"{region_code[:2]}0000")
