"""What the console offers for coupons, and what their module says, in the host's language."""

from django.utils.translation import gettext as _

from accounts.models import User
from livestreams.models import LiveSession
from orders.statuses import CouponBearer
from shops.selectors import shops_of


def coupon_bearers(user: User, session: LiveSession) -> list[tuple[str, str]]:
    """Return who may pay for a coupon that this person makes in this show: never anybody else."""
    bearers = []
    if shops_of(user).filter(pk=session.shop_id).exists():
        bearers.append((CouponBearer.SHOP.value, str(CouponBearer.SHOP.label)))
    if session.host.user_id == user.pk:
        bearers.append((CouponBearer.HOST.value, str(CouponBearer.HOST.label)))
    return bearers


def coupon_words() -> dict[str, str]:
    """Return the words of the coupons' module."""
    return {
        "coupon_off": _("¥{off} off"),
        "coupon_percent": _("{percent} percent off, at most ¥{cap}"),
        "coupon_from": _("from ¥{minimum} on"),
        "coupon_offer": _("Hold up in the room"),
        "coupon_again": _("Hold up again"),
        "coupon_taken": _("{taken} of {total} taken"),
        "coupon_shown": _("Everybody in the room sees it now."),
    }
