"""A coupon and its purchase: held when placed, used when paid, released or given back when called off.

When a coupon comes back:
- the purchase was not paid (run out, called off): released, as if it had never been used;
- every order of the purchase that it made cheaper was called off before it was shipped: given back; when the
  shop or an operator called off the last one, it is good for COUPON_GRACE more, even if its time had run out;
- goods are refunded after they were shipped, or the parcel was refused at the door: it stays used. The buyer
  gets back what was paid for the goods, and the bearer the share of the coupon that goes with them.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection

from accounts.models import User
from common.errors import NotFound
from orders.errors import CouponExpired, CouponNotUsable, CouponUsed
from orders.models import CouponClaim, Order, OrderGroup
from orders.services.discounting import discounts, goods_of_lines
from orders.services.pricing import PricedLine
from orders.statuses import CouponStatus, OrderStatus

COUPON_GRACE = timedelta(days=7)

# The row's own state and the database's own clock decide, whatever was read before.
HOLD = """
UPDATE orders_couponclaim AS coupon SET status = 'held', group_id = %(group)s
FROM orders_couponcampaign AS campaign
WHERE coupon.id = %(coupon)s AND campaign.id = coupon.campaign_id
  AND coupon.status IN ('claimed', 'returned') AND coupon.group_id IS NULL
  AND campaign.starts_at <= clock_timestamp() AND clock_timestamp() < coupon.valid_until
"""
EXPIRE = """
UPDATE orders_couponclaim SET status = 'expired'
WHERE id IN (
  SELECT id FROM orders_couponclaim
  WHERE status IN ('claimed', 'returned') AND valid_until <= clock_timestamp()
  ORDER BY valid_until LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
"""


def lock_coupon(*, buyer: User, coupon_id: int | None) -> CouponClaim | None:
    """Lock the buyer's coupon before everything a purchase locks (rules.md 2); None without one.

    NotFound when it is not theirs, CouponUsed when another purchase has it, CouponExpired.
    """
    if coupon_id is None:
        return None
    mine = CouponClaim.objects.for_user(buyer).select_for_update(of=["self"]).select_related("campaign")
    coupon = mine.filter(pk=coupon_id).first()
    if coupon is None:
        raise NotFound()
    _check_free(coupon)
    return coupon


def discounts_for(coupon: CouponClaim | None, lines: Sequence[PricedLine]) -> dict[int, int]:
    """Return what comes off each variant, in fen; CouponNotUsable, also when a shop would get nothing."""
    if coupon is None:
        return {}
    off = discounts(coupon.campaign, goods_of_lines(lines))
    rest: dict[int, int] = {}
    for line in lines:
        shop_id = line.variant.product.shop_id
        rest[shop_id] = rest.get(shop_id, 0) + line.total_fen - off.get(line.variant.pk, 0)
    if min(rest.values()) <= 0:
        raise CouponNotUsable()
    return off


def hold_coupon(*, coupon: CouponClaim | None, group: OrderGroup) -> None:
    """Bind a coupon to the one purchase that may use it; CouponUsed, CouponExpired."""
    if coupon is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(HOLD, {"coupon": coupon.pk, "group": group.pk})
        if cursor.rowcount:
            return
    coupon.refresh_from_db(fields=["status"])
    _check_free(coupon)
    raise CouponExpired()


def lock_coupon_of(orders: Sequence[Order]) -> CouponClaim | None:
    """Lock the coupon that orders of one purchase were placed with; None without one."""
    pk = next((order.coupon_id for order in orders if order.coupon_id), None)
    if pk is None:
        return None
    return CouponClaim.objects.select_for_update(of=["self"]).get(pk=pk)


def spend_coupon(*, coupon: CouponClaim | None, group_id: int, now: datetime) -> bool:
    """Use up the locked coupon of a purchase that is being paid or confirmed.

    After it was released, late money takes it again; False when another purchase has it by then.
    """
    if coupon is None or (coupon.status, coupon.group_id) == (CouponStatus.USED, group_id):
        return True
    if coupon.group_id not in (None, group_id):
        return False
    coupon.status = CouponStatus.USED
    coupon.group_id = group_id
    coupon.used_at = now
    coupon.save(update_fields=["status", "group", "used_at"])
    return True


def release_coupon(*, coupon: CouponClaim | None, group_id: int) -> None:
    """Let go of the locked coupon of a purchase that was never paid; repeating it changes nothing."""
    if coupon is None or (coupon.status, coupon.group_id) != (CouponStatus.HELD, group_id):
        return
    coupon.status = CouponStatus.CLAIMED
    coupon.group = None
    coupon.save(update_fields=["status", "group"])


def give_back_coupon(*, order: Order, is_sellers_doing: bool, now: datetime) -> None:
    """Give the coupon back once the last order that it made cheaper is called off: this one may be it."""
    coupon = lock_coupon_of([order])
    if coupon is None or (coupon.status, coupon.group_id) != (CouponStatus.USED, order.group_id):
        return
    # Read after the lock: of two orders that are called off at once, the second sees the first.
    others = Order.objects.filter(coupon=coupon, group=order.group_id)
    # A parcel that was on its way keeps the coupon used, even one that came back from the door.
    if others.exclude(status=OrderStatus.CANCELLED, shipped_at=None).exists():
        return
    coupon.status = CouponStatus.RETURNED
    coupon.group = None
    coupon.used_at = None
    if is_sellers_doing:
        coupon.valid_until = max(coupon.valid_until, now + COUPON_GRACE)
    coupon.save(update_fields=["status", "group", "used_at", "valid_until"])


def expire_coupons(*, limit: int = 1000) -> int:
    """Mark coupons whose time has run out; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(EXPIRE, {"limit": limit})
        return cursor.rowcount


def _check_free(coupon: CouponClaim) -> None:
    if coupon.status in (CouponStatus.HELD, CouponStatus.USED):
        raise CouponUsed()
    if coupon.status == CouponStatus.EXPIRED:
        raise CouponExpired()
