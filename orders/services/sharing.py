"""The farmers of a pooled line share its price by the units of their lots, to the fen."""

from django.db.models import Sum

from common.money import split_largest_remainder
from ledger.services.posting import Posting
from ledger.statuses import OwnerKind, Purpose
from orders.models import AfterSaleLine, LotAllocation, LotReturn, OrderLine
from orders.selectors.lot_shares import shares_of


def freeze_shares(line: OrderLine) -> list[Posting]:
    """Write down what each lot of a completed line earned; return what to post for its farmers."""
    earned: dict[int | None, int] = {}
    shares = shares_of(line)
    for share in shares:
        one = share.allocation
        one.gross_fen, one.host_fen, one.platform_fen = share.gross_fen, share.host_fen, share.platform_fen
        earned[one.farmer_id] = earned.get(one.farmer_id, 0) + share.farmer_fen
    LotAllocation.objects.bulk_update(
        [share.allocation for share in shares], ["gross_fen", "host_fen", "platform_fen"]
    )
    return [_posting(line, farmer_id, -amount_fen) for farmer_id, amount_fen in earned.items()]


def freeze_lot_returns(line: AfterSaleLine, rest_fen: int) -> None:
    """Write down what a case that is being granted takes back from each lot of a pooled line.

    It is split over what is left of every share, so that partial refunds add up to the whole; of units that
    the shop knows the lot of, first from that lot.
    """
    LotReturn.objects.bulk_create(
        LotReturn(line=line, allocation=one, amount_fen=part) for one, part in parts_of(line, rest_fen)
    )


def parts_of(line: AfterSaleLine, rest_fen: int) -> list[tuple[LotAllocation, int]]:
    """Return what a case would take back from the share of each lot of a pooled line."""
    shares = shares_of(line.order_line)
    given = dict(
        LotReturn.objects.filter(allocation__order_line=line.order_line)
        .exclude(line=line)
        .values_list("allocation")
        .annotate(Sum("amount_fen"))
    )
    left = [max(share.farmer_fen - given.get(share.allocation.pk, 0), 0) for share in shares]
    parts = [0] * len(shares)
    if line.lot_id is not None:
        own = [i for i, share in enumerate(shares) if share.allocation.lot_id == line.lot_id]
        first = min(rest_fen, sum(left[i] for i in own))
        if first:
            for i, part in zip(own, split_largest_remainder(first, [left[i] for i in own]), strict=True):
                parts[i] += part
    rest = rest_fen - sum(parts)
    free = [amount - part for amount, part in zip(left, parts, strict=True)]
    if rest > 0 and sum(free) == 0:  # by a fen of rounding
        free = [1] * len(parts)
    if rest > 0:
        parts = [a + b for a, b in zip(parts, split_largest_remainder(rest, free), strict=True)]
    return [(share.allocation, part) for share, part in zip(shares, parts, strict=True) if part]


def return_postings(line: AfterSaleLine) -> list[Posting]:
    """Return what to post against the farmers of a granted case's pooled line."""
    taken: dict[int | None, int] = {}
    for one in line.lot_returns.select_related("allocation"):
        farmer_id = one.allocation.farmer_id
        taken[farmer_id] = taken.get(farmer_id, 0) + one.amount_fen
    return [_posting(line.order_line, farmer_id, amount_fen) for farmer_id, amount_fen in taken.items()]


def _posting(line: OrderLine, farmer_id: int | None, amount_fen: int) -> Posting:
    source = f"order_line:{line.pk}"
    if farmer_id is None:
        return Posting(Purpose.SHOP_PAYABLE, amount_fen, source, OwnerKind.SHOP, line.order.shop_id)
    return Posting(Purpose.FARMER_PAYABLE, amount_fen, source, OwnerKind.FARMER, farmer_id)
