"""Taking a coupon: one statement decides, on the database's clock (A5)."""

from datetime import datetime

from django.db import connection, transaction

from accounts.models import User
from common.errors import NotFound
from orders.errors import CouponClosed, CouponGone, CouponLimitReached
from orders.models import CouponCampaign, CouponClaim

# A coupon bound to a show is taken while that show is on air, interrupted or not.
TAKE = """
UPDATE orders_couponcampaign AS campaign SET claimed = claimed + 1
WHERE id = %(campaign)s AND claimed < total AND stopped_at IS NULL
  AND starts_at <= clock_timestamp() AND clock_timestamp() < ends_at
  AND (live_session_id IS NULL OR EXISTS (
    SELECT 1 FROM livestreams_livesession AS show
    WHERE show.id = campaign.live_session_id AND show.status IN ('live', 'interrupted')))
"""
# Why it took none: asked afterwards, only to choose the words.
IS_GONE = "SELECT claimed >= total AND stopped_at IS NULL FROM orders_couponcampaign WHERE id = %(campaign)s"


@transaction.atomic
def claim_coupon(*, user: User, campaign_id: int, now: datetime) -> CouponClaim:
    """Give the person one coupon of a campaign while there are some.

    NotFound, CouponClosed (not begun, over, stopped, its show not on air), CouponGone, CouponLimitReached;
    then nothing is kept.
    """
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"campaign": campaign_id})
        if not cursor.rowcount:
            _refuse(campaign_id)
    # The campaign's row is locked now: two taps of one person see each other.
    campaign = CouponCampaign.objects.get(pk=campaign_id)
    taken = CouponClaim.objects.filter(campaign=campaign, user=user).count()
    if taken >= campaign.per_person:
        raise CouponLimitReached()
    return CouponClaim.objects.create(
        campaign=campaign, user=user, number=taken + 1, claimed_at=now, valid_until=campaign.ends_at
    )


def _refuse(campaign_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(IS_GONE, {"campaign": campaign_id})
        row = cursor.fetchone()
    if row is None:
        raise NotFound()
    raise CouponGone() if row[0] else CouponClosed()
