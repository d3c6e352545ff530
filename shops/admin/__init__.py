"""Places, people of the market and goods, for operators."""

from shops.admin import freight, goods, people

__all__ = ["freight", "goods", "people"]
