"""Coupons as pages and rooms show them."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from common.money import yuan_text
from orders.models import CouponCampaign, CouponClaim


def short_yuan(amount_fen: int) -> str:
    """Return yuan without needless zeros: 500 -> "5", 550 -> "5.50"."""
    return yuan_text(amount_fen).removesuffix(".00")


def promise_of(campaign: CouponCampaign) -> str:
    """Return what it takes off, as a villager says it."""
    if campaign.amount_off_fen is not None:
        return _("¥%(off)s off") % {"off": short_yuan(campaign.amount_off_fen)}
    return _("%(percent)s %% off, at most ¥%(cap)s") % {
        "percent": campaign.percent_off,
        "cap": short_yuan(campaign.cap_fen),
    }


def condition_of(campaign: CouponCampaign) -> str:
    """Return for what and from which amount on it holds."""
    where = campaign.shop.name if campaign.shop else _("every shop")
    words = _("from ¥%(minimum)s on · %(where)s") % {
        "minimum": short_yuan(campaign.minimum_fen),
        "where": where,
    }
    return words + (" · " + _("only during the show") if campaign.is_live_only else "")


def coupon_data(campaign: CouponCampaign) -> dict:
    """Return a campaign as the room is told of it: numbers, for everybody reads their own language."""
    return {
        "id": campaign.pk,
        "title": campaign.title,
        "shop": campaign.shop_id,
        "amount_off_fen": campaign.amount_off_fen,
        "percent_off": campaign.percent_off,
        "cap_fen": campaign.cap_fen,
        "minimum_fen": campaign.minimum_fen,
        "total": campaign.total,
        "left": campaign.left,
        "is_live_only": campaign.is_live_only,
        "live_session": campaign.live_session_id,
        "ends_at": campaign.ends_at.isoformat().replace("+00:00", "Z"),
        "is_offered": campaign.offered_at is not None,
    }


@dataclass(frozen=True)
class CouponCard:
    """A coupon of a person; `tone` is the badge's colour."""

    coupon: CouponClaim
    promise: str
    condition: str
    is_usable: bool
    tone: str


def coupon_card(coupon: CouponClaim, *, is_usable: bool) -> CouponCard:
    """Return a coupon in words."""
    tone = "done" if is_usable else "off"
    return CouponCard(
        coupon, promise_of(coupon.campaign), condition_of(coupon.campaign), is_usable=is_usable, tone=tone
    )


def offer_card(campaign: CouponCampaign) -> dict:
    """Return what a page shows of a coupon that can be taken."""
    return {"campaign": campaign, "promise": promise_of(campaign), "condition": condition_of(campaign)}
