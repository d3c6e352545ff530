"""What a coupon takes off which line, and who pays for it. Arithmetic: nothing is written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from common.money import split_largest_remainder
from ledger.services.posting import Posting
from ledger.statuses import OwnerKind, Purpose
from livestreams.sources import Source
from orders.errors import CouponNotUsable
from orders.models import CouponCampaign, Order, OrderLine
from orders.services.pricing import PricedLine, usable_source
from orders.services.quoting import Quote
from orders.statuses import CouponBearer


@dataclass(frozen=True)
class Goods:
    """As much of a line as a coupon asks for; `total_fen` is price times quantity."""

    variant_id: int
    shop_id: int
    total_fen: int
    source: Source | None


def goods_of_lines(lines: Iterable[PricedLine]) -> list[Goods]:
    """Return the goods of lines that are being ordered."""
    return [
        Goods(line.variant.pk, line.variant.product.shop_id, line.total_fen, line.source) for line in lines
    ]


def goods_of_quote(quote: Quote) -> list[Goods]:
    """Return the goods of a quote that can be ordered now."""
    return [
        Goods(
            variant_id=good.line.variant_id,
            shop_id=good.line.variant.product.shop_id,
            total_fen=good.total_fen,
            source=usable_source(good.source, variant_id=good.line.variant_id),
        )
        for good in quote.good_lines
    ]


def discounts(campaign: CouponCampaign, goods: Sequence[Goods]) -> dict[int, int]:
    """Return what the coupon takes off each variant, in fen, in proportion and by largest remainder.

    CouponNotUsable when it holds for none of the goods, they cost too little, or nothing would come off.
    """
    fitting = [one for one in goods if _holds_for(campaign, one)]
    sum_fen = sum(one.total_fen for one in fitting)
    off_fen = _off(campaign, sum_fen) if fitting and sum_fen >= campaign.minimum_fen else 0
    if off_fen <= 0:
        raise CouponNotUsable()
    shares = split_largest_remainder(off_fen, [one.total_fen for one in fitting])
    return {one.variant_id: share for one, share in zip(fitting, shares, strict=True) if share}


def saving(campaign: CouponCampaign, goods: Sequence[Goods]) -> int:
    """Return what the coupon would save, in fen; 0 when it cannot be used for these goods."""
    try:
        return sum(discounts(campaign, goods).values())
    except CouponNotUsable:
        return 0


def _holds_for(campaign: CouponCampaign, goods: Goods) -> bool:
    if campaign.shop_id is not None and goods.shop_id != campaign.shop_id:
        return False
    if not campaign.is_live_only:
        return True
    if goods.source is None or not goods.source.is_on_air:
        return False
    return campaign.live_session_id in (None, goods.source.session.pk)


def _off(campaign: CouponCampaign, sum_fen: int) -> int:
    if campaign.amount_off_fen is not None:
        return campaign.amount_off_fen
    return min(sum_fen * campaign.percent_off // 100, campaign.cap_fen)


def cost_postings(order: Order) -> list[Posting]:
    """Return what the bearer of an order's coupon pays, line by line: debits beside the buyer's money."""
    if order.coupon_id is None:
        return []
    lines = order.lines.filter(discount_fen__gt=0)
    return [cost_posting(order.coupon.campaign, line, line.discount_fen) for line in lines]


def cost_posting(campaign: CouponCampaign, line: OrderLine, amount_fen: int) -> Posting:
    """Return the bearer's part of a line's discount; a refund gives it back with the sign turned."""
    source = f"order_line:{line.pk}"
    if campaign.cost_bearer == CouponBearer.SHOP:
        return Posting(Purpose.COUPON_COST, amount_fen, source, OwnerKind.SHOP, campaign.shop_id)
    if campaign.cost_bearer == CouponBearer.HOST:
        return Posting(Purpose.COUPON_COST, amount_fen, source, OwnerKind.HOST, campaign.host_id)
    return Posting(Purpose.PLATFORM_COUPON, amount_fen, source)
