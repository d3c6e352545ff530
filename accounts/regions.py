"""Provinces, prefectures and counties of GB/T 2260. Pure reads of accounts/data/regions.csv."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

DATA = Path(__file__).resolve().parent / "data" / "regions.csv"
# What stands for "no prefecture" between a province and its counties: nobody writes it in an address.
UNNAMED = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"})


@dataclass(frozen=True)
class Region:
    """A place by its six digits."""

    code: str
    name: str


@cache
def _names() -> dict[str, str]:
    lines = DATA.read_text(encoding="utf-8").splitlines()
    return dict(line.split(",", 1) for line in lines if line and not line.startswith("#"))


@cache
def provinces() -> tuple[Region, ...]:
    """Return every province, by code."""
    return tuple(Region(code, name) for code, name in _names().items() if code.endswith("0000"))


@cache
def regions_under(code: str) -> tuple[Region, ...]:
    """Return the prefectures of a province or the counties of a prefecture; none for anything else.

    A prefecture without counties is its own county, a province without prefectures its own prefecture; a
    prefecture without a name is called as its province.
    """
    names = _names()
    if code not in names:
        return ()
    if code.endswith("0000"):
        cities = [one for one in names if one[:2] == code[:2] and one[4:] == "00" and one != code]
        return tuple(Region(one, _city_name(one)) for one in cities or [code])
    if not code.endswith("00"):
        return ()
    counties = [one for one in names if one[:4] == code[:4] and one != code]
    return tuple(Region(one, names[one]) for one in counties or [code])


def _city_name(code: str) -> str:
    names = _names()
    if names[code] not in UNNAMED:
        return names[code]
    province = names[f"{code[:2]}0000"]
    return province if names[code] == "市辖区" else f"{province} · {names[code]}"


def is_region(code: str) -> bool:
    """Whether this is the code of a province, prefecture or county."""
    return code in _names()


def is_county(code: str) -> bool:
    """Whether a parcel can be addressed by this code."""
    return code in _names() and any(one.code == code for one in regions_under(f"{code[:4]}00"))


def region_name(code: str) -> str:
    """Return "province prefecture county" as people write it; empty for an unknown code."""
    names = _names()
    steps = dict.fromkeys((f"{code[:2]}0000", f"{code[:4]}00", code))
    found = [names[step] for step in steps if step in names and names[step] not in UNNAMED]
    return " ".join(dict.fromkeys(found)) if code in names else ""
