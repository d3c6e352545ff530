"""Places, people of the market and goods, for operators."""

from shops.admin import freight, goods, lots, people

__all__ = ["freight", "goods", "lots", "people"]
