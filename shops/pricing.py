"""How the price of goods is shared. Pure arithmetic, no database (rules.md 6)."""

from dataclasses import dataclass

from common.money import BASIS_POINTS, split_largest_remainder


@dataclass(frozen=True)
class PriceSplit:
    """The parts of an amount, in fen; they add up to it. Without a farmer the first part is the shop's."""

    farmer_fen: int
    host_fen: int
    platform_fen: int


def split_price(*, total_fen: int, host_commission_bp: int, platform_fee_bp: int) -> PriceSplit:
    """Split an amount by the two rates in basis points, the rest being the farmer's.

    Largest remainder, ties to the farmer; ValueError for rates below zero or above 100 % together.
    """
    farmer_bp = BASIS_POINTS - host_commission_bp - platform_fee_bp
    return PriceSplit(*split_largest_remainder(total_fen, [farmer_bp, host_commission_bp, platform_fee_bp]))
