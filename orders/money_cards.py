"""How a page shows where a buyer's money goes."""

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from orders.models import Order
from orders.selectors.splitting import OrderPart, order_parts
from orders.statuses import CouponBearer
from shops.models import Product, Variant
from shops.pricing import split_price
from shops.selectors import is_pooled


@dataclass(frozen=True)
class MoneyPart:
    """One part of the bar."""

    label: str
    amount_fen: int
    kind: str


@dataclass(frozen=True)
class MoneyBox:
    """The parts of goods and freight, and who gave the coupon, if there was one."""

    parts: list[MoneyPart]
    coupon_fen: int
    coupon_bearer: str


def money_box(order: Order) -> MoneyBox:
    """Return the box of an order; the parts add up to what was paid plus the coupon."""
    return MoneyBox(
        parts=[_part(part) for part in order_parts(order)],
        coupon_fen=order.discount_fen,
        coupon_bearer=_bearer(order) if order.discount_fen else "",
    )


def plain_sale_parts(product: Product, variant: Variant) -> list[MoneyPart]:
    """Return where the money of one piece goes; only a live host's source adds a host's share."""
    split = split_price(
        total_fen=variant.price_fen, host_commission_bp=0, platform_fee_bp=settings.PLATFORM_FEE_BP
    )
    if product.farmer is not None:
        grower = OrderPart("farmer", product.farmer.name, split.farmer_fen)
    elif is_pooled(variant):
        grower = OrderPart("pool", "", split.farmer_fen)
    else:
        grower = OrderPart("shop", product.shop.name, split.farmer_fen)
    return [_part(grower), _part(OrderPart("platform", "", split.platform_fen))]


def _part(part: OrderPart) -> MoneyPart:
    labels = {
        "pool": _("The farmers of the lots"),
        "platform": _("Market"),
        "freight": _("Freight"),
    }
    colours = {"pool": "farmer", "shop": "farmer"}
    return MoneyPart(
        label=labels.get(part.kind, part.name),
        amount_fen=part.amount_fen,
        kind=colours.get(part.kind, part.kind),
    )


def _bearer(order: Order) -> str:
    campaign = order.coupon.campaign
    if campaign.cost_bearer == CouponBearer.SHOP:
        return order.shop.name
    return campaign.host.name if campaign.cost_bearer == CouponBearer.HOST else _("Market")
