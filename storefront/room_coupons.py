"""What a room's page starts from of coupons: those held up, and the person's own."""

from django.http import HttpRequest
from django.utils.translation import gettext as _

from common.clock import database_now
from livestreams.models import LiveSession
from orders.coupon_cards import condition_of, coupon_data, promise_of
from orders.coupon_selectors import room_coupons, usable_coupons
from orders.coupon_shapes import CouponSerializer


def coupons_of_room(request: HttpRequest, session: LiveSession) -> dict:
    """Return the coupon on the page (`first`) and the data of its module."""
    now = database_now()
    mine = usable_coupons(request.user, now=now) if request.user.is_authenticated else []
    offered = room_coupons(session.pk, now=now)
    owned = {coupon.campaign_id for coupon in mine}
    first = next((one for one in offered if one.left and one.pk not in owned), None)
    return {
        "first": first
        and {"campaign": first, "promise": promise_of(first), "condition": condition_of(first)},
        "data": {
            "offered": [coupon_data(campaign) for campaign in offered],
            "mine": CouponSerializer(mine, many=True).data,
        },
    }


def coupon_words() -> dict[str, str]:
    """Return the words of the coupons' modules, in the reader's language."""
    return {
        "coupon_off": _("¥{off} off"),
        "coupon_percent": _("{percent} percent off, at most ¥{cap}"),
        "coupon_from": _("from ¥{minimum} on"),
        "coupon_left": _("{count} coupons left"),
        "coupon_yours": _("The coupon is yours. It is used by itself when you order."),
    }
