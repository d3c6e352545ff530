"""Coupons as pages and rooms show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from common.money import yuan_text
from orders.coupon_selectors import TO_USE
from orders.models import CouponCampaign, CouponClaim
from orders.statuses import CouponStatus


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
    """A coupon of a person. `reason` says what it waits for, `pay_group` is the purchase that holds it."""

    coupon: CouponClaim
    promise: str
    condition: str
    is_past: bool
    label: str
    tone: str
    reason: str = ""
    pay_group: int | None = None


@dataclass(frozen=True)
class CouponShelf:
    """A person's coupons: to use now, waiting for something, and used or run out."""

    usable: list[CouponCard]
    waiting: list[CouponCard]
    past: list[CouponCard]


def coupon_shelf(coupons: Sequence[CouponClaim], *, now: datetime, past_most: int) -> CouponShelf:
    """Sort a person's coupons: what runs out first first, then what waits and why, then the newest past."""
    usable, waiting, past = [], [], []
    for coupon in coupons:
        starts_at = coupon.campaign.starts_at
        if coupon.status == CouponStatus.HELD:
            until = timezone.localtime(coupon.group.expires_at).strftime("%H:%M")
            words = _("A purchase to be paid holds it. Pay until %(time)s, or call the purchase off.")
            reason = words % {"time": until}
            waiting.append(_card(coupon, "wait", reason=reason, pay_group=coupon.group_id))
        elif coupon.status not in TO_USE or coupon.valid_until <= now:
            past.append(_card(coupon, "off", is_past=True))
        elif starts_at > now:
            day = date_format(timezone.localtime(starts_at), "DATETIME_FORMAT")
            waiting.append(_card(coupon, "wait", reason=_("It holds from %(day)s on.") % {"day": day}))
        else:
            usable.append(_card(coupon, "done"))
    usable.sort(key=lambda card: (card.coupon.valid_until, card.coupon.pk))
    return CouponShelf(usable, waiting, past[:past_most])


def _card(
    coupon: CouponClaim, tone: str, *, is_past: bool = False, reason: str = "", pay_group: int | None = None
) -> CouponCard:
    # What ran out a moment ago is not marked yet.
    has_run_out = is_past and coupon.status in TO_USE
    label = CouponStatus.EXPIRED.label if has_run_out else coupon.get_status_display()
    return CouponCard(
        coupon=coupon,
        promise=promise_of(coupon.campaign),
        condition=condition_of(coupon.campaign),
        is_past=is_past,
        label=str(label),
        tone=tone,
        reason=reason,
        pay_group=pay_group,
    )


def offer_card(campaign: CouponCampaign) -> dict:
    """Return what a page shows of a coupon that can be taken."""
    return {"campaign": campaign, "promise": promise_of(campaign), "condition": condition_of(campaign)}
