"""What a granted case takes back from everybody's share of the sale, to the fen."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Sum

from common.money import split_largest_remainder
from ledger.services.posting import Posting, post
from ledger.statuses import Kind, OwnerKind, Purpose
from orders.models import (
    AfterSaleCase,
    AfterSaleLine,
    CommissionLine,
    CommissionReturn,
    LotAllocation,
    Order,
)
from orders.services.discounting import cost_posting
from orders.services.sharing import freeze_lot_returns, parts_of, return_postings
from orders.statuses import GRANTED_CASES, CommissionKind, CostBearer


@dataclass(frozen=True)
class Loss:
    """A part of a refund, in fen: `kind` says whose (a bearer, host, platform, coupon, freight)."""

    kind: str
    name: str
    amount_fen: int


def freeze_returns(case: AfterSaleCase) -> None:
    """Write down what each line of a case that is being granted takes from each frozen commission.

    The money, and the part of the coupon that went with it, is split over what is left of every share, so
    that partial refunds add up to the whole: after the last unit, nothing is left of any of them.
    """
    for line in case.lines.select_related("order_line"):
        line.discount_fen, parts = _parts_of(line)
        line.save(update_fields=["discount_fen"])
        CommissionReturn.objects.bulk_create(
            CommissionReturn(line=line, commission=commission, amount_fen=part) for commission, part in parts
        )
        if line.order_line.term_sheet_id is not None:
            rest_fen = line.amount_fen + line.discount_fen - sum(part for _, part in parts)
            freeze_lot_returns(line, _grower_part(line, rest_fen))


def losses_of(case: AfterSaleCase, *, freight_fen: int) -> list[Loss]:
    """Return whose share the money of an open or granted case comes from, with the freight that goes back.

    The amounts add up to what the buyer gets; what a coupon's bearer gets back is negative.
    """
    losses: dict[tuple[str, str], int] = {}

    def add(kind: str, name: str, amount_fen: int) -> None:
        losses[kind, name] = losses.get((kind, name), 0) + amount_fen

    bearers = set()
    for line in case.lines.select_related("order_line__farmer"):
        bearers.add(line.cost_bearer)
        if case.status in GRANTED_CASES:
            discount_fen = line.discount_fen
            parts = [(one.commission, one.amount_fen) for one in line.commission_returns.all()]
        else:
            discount_fen, parts = _parts_of(line)
        for commission, part in parts:
            is_host = commission.kind == CommissionKind.HOST
            add(commission.kind, commission.host.name if is_host else "", part)
        rest_fen = line.amount_fen + discount_fen - sum(part for _, part in parts)
        grower_fen = _grower_part(line, rest_fen)
        farmer = line.order_line.farmer
        if line.order_line.term_sheet_id is not None:
            for allocation, part in _lot_parts(case, line, grower_fen):
                name = allocation.farmer.name if allocation.farmer else ""
                add(CostBearer.FARMER if allocation.farmer else CostBearer.SHOP, name, part)
        elif farmer is not None:
            add(CostBearer.FARMER, farmer.name, grower_fen)
        else:
            add(CostBearer.SHOP, "", grower_fen)
        add(line.cost_bearer, "", rest_fen - grower_fen)
        add("coupon", "", -discount_fen)
    bearer = bearers.pop() if len(bearers) == 1 else CostBearer.SHOP
    add("freight", bearer if _owner_of_loss(bearer) else CostBearer.SHOP, freight_fen)
    return [Loss(kind, name, amount) for (kind, name), amount in losses.items() if amount]


def _lot_parts(case: AfterSaleCase, line: AfterSaleLine, rest_fen: int) -> list[tuple[LotAllocation, int]]:
    if case.status in GRANTED_CASES:
        returned = line.lot_returns.select_related("allocation__farmer")
        return [(one.allocation, one.amount_fen) for one in returned]
    return parts_of(line, rest_fen)


def _parts_of(line: AfterSaleLine) -> tuple[int, list[tuple[CommissionLine, int]]]:
    """Return the coupon's part of a line that is not granted yet, and what each frozen share gives back."""
    sold = line.order_line
    earlier = AfterSaleLine.objects.filter(order_line=sold, case__status__in=GRANTED_CASES)
    sums = earlier.exclude(pk=line.pk).aggregate(paid=Sum("amount_fen"), off=Sum("discount_fen"))
    paid_before, off_before = sums["paid"] or 0, sums["off"] or 0
    discount_fen = (sold.discount_fen - off_before) * line.amount_fen // (sold.paid_fen - paid_before)

    commissions = list(sold.commissions.select_related("host").order_by("pk"))
    given = dict(
        CommissionReturn.objects.filter(commission__in=commissions)
        .values_list("commission")
        .annotate(Sum("amount_fen"))
    )
    left = [commission.amount_fen - given.get(commission.pk, 0) for commission in commissions]
    rest = sold.total_fen - paid_before - off_before - sum(left)
    parts = split_largest_remainder(line.amount_fen + discount_fen, [*left, rest])
    return discount_fen, list(zip(commissions, parts, strict=False))


def post_returns_of(order: Order, now: datetime) -> None:
    """Post what granted cases of a completed order take back; each case once, however often it is called."""
    for case in AfterSaleCase.objects.filter(order=order, status__in=GRANTED_CASES).order_by("pk"):
        post(
            kind=Kind.AFTER_SALE,
            key=f"after_sale:{case.pk}",
            source=f"aftersalecase:{case.pk}",
            postings=_postings(case, order),
            now=now,
        )


def _postings(case: AfterSaleCase, order: Order) -> list[Posting]:
    source = f"order:{order.pk}"
    postings = [Posting(Purpose.BUYER_HELD, -case.total_fen, source)]
    bearers = set()
    lines = case.lines.select_related("order_line").prefetch_related("commission_returns__commission")
    for line in lines:
        postings += _line_postings(line, case, order)
        bearers.add(line.cost_bearer)
    freight_bearer = bearers.pop() if len(bearers) == 1 else CostBearer.SHOP
    owner = _owner_of_loss(freight_bearer)
    if owner is None:
        owner = (Purpose.FREIGHT_PAYABLE, OwnerKind.SHOP, order.shop_id)
    purpose, kind, pk = owner
    postings.append(Posting(purpose, case.freight_fen, source, kind, pk))
    return postings


def _line_postings(line: AfterSaleLine, case: AfterSaleCase, order: Order) -> list[Posting]:
    sold = line.order_line
    source = f"order_line:{sold.pk}"
    postings = []
    rest_fen = line.amount_fen + line.discount_fen
    if line.discount_fen:
        postings.append(cost_posting(order.coupon.campaign, sold, -line.discount_fen))
    for part in line.commission_returns.all():
        rest_fen -= part.amount_fen
        if part.commission.kind == CommissionKind.HOST:
            host_id = part.commission.host_id
            postings.append(Posting(Purpose.HOST_PAYABLE, part.amount_fen, source, OwnerKind.HOST, host_id))
        else:
            postings.append(Posting(Purpose.PLATFORM_FEE, part.amount_fen, source))
    grower_fen = _grower_part(line, rest_fen)
    if sold.term_sheet_id is not None:
        postings += return_postings(line) if grower_fen else []
    elif sold.farmer_id:
        postings.append(Posting(Purpose.FARMER_PAYABLE, grower_fen, source, OwnerKind.FARMER, sold.farmer_id))
    else:
        postings.append(Posting(Purpose.SHOP_PAYABLE, grower_fen, source, OwnerKind.SHOP, order.shop_id))
    owner = _owner_of_loss(line.cost_bearer) or (Purpose.SHOP_PAYABLE, OwnerKind.SHOP, order.shop_id)
    purpose, kind, pk = owner
    postings.append(Posting(purpose, rest_fen - grower_fen, source, kind, pk))
    return postings


def _grower_part(line: AfterSaleLine, rest_fen: int) -> int:
    """Return how much the grower gives back: all of a loss of theirs, and of goods on the shelf again.

    Those can be sold again, so nobody carries a loss: the sale is undone. The rest is the cost bearer's.
    """
    if line.cost_bearer == CostBearer.FARMER or not line.quantity:
        return rest_fen
    return split_largest_remainder(rest_fen, [line.shelf_units, line.quantity - line.shelf_units])[0]


def _owner_of_loss(bearer: str) -> tuple[str, str, int] | None:
    """Return the account of a bearer outside the shop and its farmers, else None."""
    if bearer == CostBearer.PLATFORM:
        return (Purpose.PLATFORM_FEE, OwnerKind.SYSTEM, 0)
    if bearer == CostBearer.CARRIER:
        return (Purpose.CARRIER_CLAIM, OwnerKind.SYSTEM, 0)
    return None
