"""Coupons, as rows and through the real service."""

from datetime import timedelta

from accounts.models import User
from common.clock import database_now
from orders.models import CouponCampaign, CouponClaim
from orders.services.claiming import claim_coupon
from shops.models import Shop


def make_campaign(*, shop: Shop | None, by: User, **fields) -> CouponCampaign:
    """Make an open campaign: ¥5 off from ¥50 on, at the cost of the shop, or of the market without one."""
    now = database_now()
    if "percent_off" not in fields:
        fields.setdefault("amount_off_fen", 500)
    fields = {
        "title": "满 50 减 5",
        "cost_bearer": "shop" if shop else "platform",
        "minimum_fen": 5000,
        "total": 100,
        "starts_at": now - timedelta(hours=1),
        "ends_at": now + timedelta(days=3),
        "created_at": now,
    } | fields
    return CouponCampaign.objects.create(shop=shop, created_by=by, **fields)


def make_coupon(*, user: User, campaign: CouponCampaign) -> CouponClaim:
    """Let a person take a coupon."""
    return claim_coupon(user=user, campaign_id=campaign.pk, now=database_now())
