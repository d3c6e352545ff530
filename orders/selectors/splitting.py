"""Where a buyer's money goes: the parts that were frozen at the sale, the same that completion posts."""

from dataclasses import dataclass

from orders.models import Order
from orders.statuses import CommissionKind


@dataclass(frozen=True)
class OrderPart:
    """One part of goods and freight, in fen: farmer, pool (its farmers), shop, host, platform or freight."""

    kind: str
    name: str
    amount_fen: int


def order_parts(order: Order) -> list[OrderPart]:
    """Return the parts of an order's goods and freight; they add up to what was paid plus the coupon.

    Sums of a kind and a name stand together, whatever the number of lines.
    """
    sums: dict[tuple[str, str], int] = {}

    def add(kind: str, name: str, amount_fen: int) -> None:
        sums[kind, name] = sums.get((kind, name), 0) + amount_fen

    lines = list(order.lines.select_related("farmer").prefetch_related("commissions__host").order_by("pk"))
    for line in lines:
        rest_fen = line.total_fen - sum(one.amount_fen for one in line.commissions.all())
        if line.term_sheet_id is not None:
            add("pool", "", rest_fen)
        elif line.farmer is not None:
            add("farmer", line.farmer.name, rest_fen)
        else:
            add("shop", order.shop.name, rest_fen)
    for kind in (CommissionKind.HOST, CommissionKind.PLATFORM):
        for line in lines:
            for one in line.commissions.all():
                if one.kind == kind:
                    add(str(kind), one.host.name if one.host else "", one.amount_fen)
    add("freight", "", order.freight_fen)
    return [OrderPart(kind, name, amount) for (kind, name), amount in sums.items() if amount]
