"""The host holds a coupon up: everybody in the room sees it with a button."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from common.errors import NotFound
from livestreams.selectors import get_presented_session
from livestreams.services.telling_room import tell
from livestreams.statuses import ON_AIR
from orders.coupon_cards import coupon_data
from orders.errors import CouponClosed, CouponGone
from orders.models import CouponCampaign


@transaction.atomic
def offer_in_room(*, actor: User, campaign_id: int, now: datetime) -> CouponCampaign:
    """Show a coupon of a show in its room, to those there and those who come; again shows it again.

    For those who present the show (NotFound for others). CouponClosed when the show is not on air or nothing
    may be taken, CouponGone when all are.
    """
    campaign = CouponCampaign.objects.select_for_update().filter(pk=campaign_id).first()
    if campaign is None or campaign.live_session_id is None:
        raise NotFound()
    session = get_presented_session(actor, campaign.live_session_id)
    is_open = campaign.stopped_at is None and campaign.starts_at <= now < campaign.ends_at
    if session.status not in ON_AIR or not is_open:
        raise CouponClosed()
    if campaign.left <= 0:
        raise CouponGone()
    campaign.offered_at = now
    campaign.save(update_fields=["offered_at"])
    tell(session.pk, "coupon", {"coupon": coupon_data(campaign)})
    return campaign
