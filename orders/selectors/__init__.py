"""Reads of carts and orders, each from a person's scope."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, Q, QuerySet
from django.db.models.functions import Coalesce

from accounts.models import User
from common.errors import NotFound
from orders.models import Cart, CartLine, Order, OrderGroup, OrderLine
from orders.selectors.lot_shares import shares_of
from orders.statuses import CancelReason, OrderStatus
from shops.models import Farmer

TABS: dict[str, tuple[str, ...]] = {
    "to_pay": (OrderStatus.PENDING_PAYMENT,),
    "to_ship": (OrderStatus.CONFIRMED, OrderStatus.PAID),
    "on_the_way": (OrderStatus.SHIPPED, OrderStatus.DELIVERED),
    "completed": (OrderStatus.COMPLETED,),
    "cancelled": (OrderStatus.CANCELLING, OrderStatus.CANCELLED),
}
PAID_FOR = (
    OrderStatus.CONFIRMED,
    OrderStatus.PAID,
    OrderStatus.SHIPPED,
    OrderStatus.DELIVERED,
    OrderStatus.COMPLETED,
)


# What a shop may see: paid, or to be paid in cash on delivery.
SOLD = Q(captured_fen__gt=0) | Q(confirmed_at__isnull=False)


@dataclass(frozen=True)
class FarmerShare:
    """What one farmer earns from an order, in fen, and the goods in words."""

    farmer: Farmer
    goods: str
    amount_fen: int


def _with_parts(orders: QuerySet) -> QuerySet:
    lines = OrderLine.objects.select_related(
        "variant__product__village",
        "farmer__village",
        "farmer__portrait",
        "live_session__host",
        "weighing__case",
    ).prefetch_related("commissions", "variant__product__photos", "allocations__lot", "allocations__farmer")
    return orders.select_related("shop__village", "group").prefetch_related(
        Prefetch("lines", queryset=lines),
        "shipments__lines",
        "shipments__events",
        "refund_requests",
        "cases__lines",
    )


def list_orders(*, user: User, tab: str = "") -> QuerySet:
    """Return the person's own purchases, newest first; `tab` is a key of TABS, or empty for all."""
    orders = Order.objects.for_buyer(user)
    if tab in TABS:
        orders = orders.filter(status__in=TABS[tab])
    return _with_parts(orders).order_by("-pk")


def list_shop_orders(*, user: User, tab: str = "") -> QuerySet:
    """Return paid orders of the person's shops: to ship the oldest first, others the newest first."""
    orders = Order.objects.for_member(user).filter(status__in=TABS.get(tab, PAID_FOR))
    if tab in ("cancelled", "to_pay"):
        orders = orders.filter(SOLD)
    return _with_parts(orders).order_by(
        Coalesce("paid_at", "confirmed_at") if tab == "to_ship" else "-pk", "pk"
    )


def list_visible_orders(*, user: User) -> QuerySet:
    """Return what the person bought, and what the person's shops sold: paid, or to be paid on delivery."""
    bought = Order.objects.for_buyer(user).values("pk")
    sold = Order.objects.for_member(user).filter(SOLD).values("pk")
    return _with_parts(Order.objects.filter(pk__in=bought) | Order.objects.filter(pk__in=sold)).order_by(
        "-pk"
    )


def get_order(*, user: User, number: str) -> Order:
    """Return the buyer's own order; NotFound for a stranger."""
    return _one(_with_parts(Order.objects.for_buyer(user)), number)


def get_shop_order(*, user: User, number: str) -> Order:
    """Return an order of the member's shop; NotFound for a stranger."""
    return _one(_with_parts(Order.objects.for_member(user)), number)


def get_visible_order(*, user: User, number: str) -> Order:
    """Return an order that the person bought, or that their shop sold; NotFound for a stranger."""
    return _one(list_visible_orders(user=user), number)


def get_group(*, user: User, group_id: int) -> OrderGroup:
    """Return the buyer's own purchase; NotFound for a stranger."""
    group = OrderGroup.objects.filter(buyer=user, pk=group_id).first()
    if group is None:
        raise NotFound()
    return group


def group_orders(group: OrderGroup) -> list[Order]:
    """Return the orders of a purchase with their lines."""
    return list(_with_parts(group.orders.all()).order_by("pk"))


def list_expired_groups(*, now: datetime, limit: int = 200) -> list[int]:
    """Return purchases that are still to pay though their time has run out."""
    expired = OrderGroup.objects.filter(orders__status=OrderStatus.PENDING_PAYMENT, expires_at__lte=now)
    return list(expired.order_by("expires_at").values_list("pk", flat=True).distinct()[:limit])


def count_cash_orders(buyer: User) -> int:
    """Return how many purchases of a person are under way to be paid in cash."""
    due = Order.objects.for_buyer(buyer).filter(confirmed_at__isnull=False, captured_fen=0)
    return due.exclude(status=OrderStatus.CANCELLED).values("group").distinct().count()


def list_cancelling_groups(*, limit: int = 200) -> list[int]:
    """Return purchases whose payment is being closed at the provider."""
    closing = OrderGroup.objects.filter(orders__status=OrderStatus.CANCELLING)
    return list(closing.order_by("pk").values_list("pk", flat=True).distinct()[:limit])


def cart_lines(user: User) -> list[CartLine]:
    """Return what the person has put aside, shop by shop."""
    lines = CartLine.objects.filter(cart__user=user).select_related(
        "variant__product__shop", "variant__product__farmer__village", "variant__product__village",
        "variant__stock",
    ).prefetch_related("variant__product__photos")  # fmt: skip
    return list(lines.order_by("variant__product__shop_id", "pk"))


def cart_count(user: User) -> int:
    """Return how many lines the cart holds."""
    cart = Cart.objects.filter(user=user).first() if user.is_authenticated else None
    return cart.lines.count() if cart else 0


def farmer_shares(order: Order) -> list[FarmerShare]:
    """Return what each farmer of an order earns: line totals less the frozen commissions."""
    goods: dict[int, list[str]] = {}
    fen: dict[int, int] = {}
    farmers: dict[int, Farmer] = {}
    lines = order.lines.exclude(farmer=None).select_related("farmer__contact").prefetch_related("commissions")
    for line in lines:
        farmers[line.farmer_id] = line.farmer
        goods.setdefault(line.farmer_id, []).append(f"{line.title} {line.variant_name} × {line.quantity}")
        taken = sum(commission.amount_fen for commission in line.commissions.all())
        fen[line.farmer_id] = fen.get(line.farmer_id, 0) + line.total_fen - taken
    shared = order.lines.exclude(term_sheet=None).prefetch_related(
        "commissions", "allocations__farmer__contact"
    )
    for line in shared:
        for share in shares_of(line):
            farmer, units = share.allocation.farmer, share.allocation.kept
            if farmer is None:
                continue
            farmers[farmer.pk] = farmer
            goods.setdefault(farmer.pk, []).append(f"{line.title} {line.variant_name} × {units}")
            fen[farmer.pk] = fen.get(farmer.pk, 0) + share.farmer_fen
    return [FarmerShare(farmer=farmers[pk], goods=", ".join(goods[pk]), amount_fen=fen[pk]) for pk in farmers]


def cancel_words(order: Order) -> str:
    """Return why an order was called off, in words for a person."""
    if order.cancel_reason in CancelReason.values:
        return str(CancelReason(order.cancel_reason).label)
    return order.cancel_reason


def _one(orders: QuerySet, number: str) -> Order:
    order = orders.filter(number=number).first()
    if order is None:
        raise NotFound()
    return order
