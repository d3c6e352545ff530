"""What each lot of a pooled line sold for, to the fen."""

from dataclasses import dataclass

from common.money import split_largest_remainder
from orders.models import LotAllocation, OrderLine
from orders.statuses import CommissionKind


@dataclass(frozen=True)
class LotShare:
    """What one lot's part of a line sold for, and what of it is whose, in fen."""

    allocation: LotAllocation
    farmer_fen: int
    host_fen: int
    platform_fen: int

    @property
    def gross_fen(self) -> int:
        """Return the part of the price."""
        return self.farmer_fen + self.host_fen + self.platform_fen


def shares_of(line: OrderLine) -> list[LotShare]:
    """Split a pooled line over its lots by units: each frozen commission, and the farmers' rest.

    What went back with the money is still counted: the case takes it back from the same shares.
    """
    allocations = [one for one in line.allocations.all() if one.quantity > one.moved]
    weights = [one.quantity - one.moved for one in allocations]
    frozen = {one.kind: one.amount_fen for one in line.commissions.all()}
    host_fen = frozen.get(CommissionKind.HOST, 0)
    platform_fen = frozen.get(CommissionKind.PLATFORM, 0)
    parts = [
        split_largest_remainder(amount, weights)
        for amount in (line.total_fen - host_fen - platform_fen, host_fen, platform_fen)
    ]
    return [LotShare(one, *amounts) for one, *amounts in zip(allocations, *parts, strict=True)]
