"""Reads of coupons, each from a person's scope or of what everybody may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q, QuerySet

from accounts.models import User
from common.errors import NotFound
from livestreams.statuses import ON_AIR
from orders.models import CouponCampaign, CouponClaim
from orders.services.discounting import Goods, saving
from orders.statuses import CouponStatus

TO_USE = (CouponStatus.CLAIMED, CouponStatus.RETURNED)


@dataclass(frozen=True)
class CouponOffer:
    """A coupon that the buyer could use for these goods, and what it saves, in fen."""

    coupon: CouponClaim
    saving_fen: int


def list_campaigns(user: User) -> QuerySet[CouponCampaign]:
    """Return the campaigns of the person's shops, and those that they bear as host, newest first."""
    campaigns = CouponCampaign.objects.for_member(user)
    return campaigns.select_related("shop", "live_session", "host").order_by("-pk")


def list_coupons(user: User) -> QuerySet[CouponClaim]:
    """Return the coupons that the person took, newest first."""
    mine = CouponClaim.objects.for_user(user)
    return mine.select_related("campaign__shop", "campaign__live_session").order_by("-pk")


def usable_coupons(user: User, *, now: datetime) -> list[CouponClaim]:
    """Return the coupons that the person could use now, those that run out first first."""
    mine = list_coupons(user).filter(status__in=TO_USE, valid_until__gt=now, campaign__starts_at__lte=now)
    return list(mine.order_by("valid_until", "pk"))


def get_coupon(*, user: User, coupon_id: int) -> CouponClaim:
    """Return the person's own coupon; NotFound for a stranger."""
    coupon = list_coupons(user).filter(pk=coupon_id).first()
    if coupon is None:
        raise NotFound()
    return coupon


def offers_for(user: User, goods: Sequence[Goods], *, now: datetime) -> list[CouponOffer]:
    """Return what the person's coupons would save on these goods, the best first, without useless ones."""
    offers = [CouponOffer(coupon, saving(coupon.campaign, goods)) for coupon in usable_coupons(user, now=now)]
    # Of two that save the same, the one that runs out first.
    return sorted((offer for offer in offers if offer.saving_fen), key=lambda offer: -offer.saving_fen)


def shop_coupons(shop_id: int, *, now: datetime) -> list[CouponCampaign]:
    """Return what a shop's page offers: coupons that are not bound to a show, while there are some."""
    campaigns = CouponCampaign.objects.filter(
        shop=shop_id, live_session=None, stopped_at=None, starts_at__lte=now, ends_at__gt=now,
        claimed__lt=F("total"),
    )  # fmt: skip
    return list(campaigns.select_related("shop").order_by("-pk")[:5])


def replay_coupons(shop_id: int, *, now: datetime) -> list[CouponCampaign]:
    """Return what a replay offers: coupons of its shop and of the market, never what is for shows alone."""
    campaigns = CouponCampaign.objects.filter(
        Q(shop=shop_id) | Q(shop=None), is_live_only=False, live_session=None, stopped_at=None,
        starts_at__lte=now, ends_at__gt=now, claimed__lt=F("total"),
    )  # fmt: skip
    return list(campaigns.select_related("shop").order_by("-pk")[:3])


def room_coupons(session_id: int, *, now: datetime, with_unoffered: bool = False) -> list[CouponCampaign]:
    """Return what a room on air offers now, the newest offer first; `with_unoffered` adds what it could."""
    campaigns = CouponCampaign.objects.filter(
        live_session=session_id, live_session__status__in=ON_AIR, stopped_at=None,
        starts_at__lte=now, ends_at__gt=now,
    )  # fmt: skip
    if not with_unoffered:
        campaigns = campaigns.filter(offered_at__isnull=False)
    return list(campaigns.select_related("shop").order_by(F("offered_at").desc(nulls_last=True), "-pk"))
