"""Places, people of the market and goods, for operators."""

from shops.admin import goods, people

__all__ = ["goods", "people"]
