"""Coupon campaigns: made once, never edited, stopped when nobody shall take more."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from common.audit import actor_of, record
from common.errors import Invalid, NotAllowed, NotFound
from livestreams.models import LiveSession
from livestreams.statuses import SessionStatus
from orders.models import CouponCampaign
from orders.statuses import CouponBearer
from shops.models import Shop
from shops.statuses import HostStatus

MOST_FEN = 10_000_000  # ¥100,000
MOST_COUPONS = 1_000_000
LONGEST = timedelta(days=366)


@dataclass(frozen=True)
class CouponTerms:
    """What a coupon promises: `amount_off_fen`, or `percent_off` percent up to `cap_fen`."""

    title: str
    minimum_fen: int
    total: int
    starts_at: datetime
    ends_at: datetime
    amount_off_fen: int | None = None
    percent_off: int | None = None
    cap_fen: int | None = None
    per_person: int = 1
    is_live_only: bool = False


@transaction.atomic
def create_campaign(
    *,
    actor: User,
    terms: CouponTerms,
    cost_bearer: str,
    now: datetime,
    shop_id: int | None = None,
    session_id: int | None = None,
) -> CouponCampaign:
    """Offer a coupon: a member at the cost of their shop, a host at their own in their show, an operator at
    the market's. Nobody can make another pay (NotAllowed).

    A session binds it to what that show sells on air. NotFound for a shop or a session that is not theirs,
    Invalid for terms that make no sense.
    """
    _check(terms, now)
    shop = _shop(actor, shop_id, cost_bearer)
    session = _session(session_id, shop_id)
    host = None
    if cost_bearer == CouponBearer.HOST:
        if session is None:
            raise Invalid(fields={"live_session": _("A host pays for coupons in a show. Please choose it.")})
        host = session.host
        if host.user_id != actor.pk or host.status != HostStatus.ACTIVE:
            raise NotAllowed()
        shop = session.shop
    elif cost_bearer == CouponBearer.PLATFORM:
        if not (actor.is_active and actor.is_staff):
            raise NotAllowed()
    elif cost_bearer != CouponBearer.SHOP or shop is None:
        raise Invalid(fields={"cost_bearer": _("Please say who pays: the shop, the host or the market.")})
    campaign = CouponCampaign.objects.create(
        shop=shop,
        host=host,
        live_session=session,
        title=terms.title.strip(),
        cost_bearer=cost_bearer,
        amount_off_fen=terms.amount_off_fen,
        percent_off=terms.percent_off,
        cap_fen=terms.cap_fen,
        minimum_fen=terms.minimum_fen,
        total=terms.total,
        per_person=terms.per_person,
        is_live_only=terms.is_live_only or session is not None,
        starts_at=terms.starts_at,
        ends_at=terms.ends_at,
        created_by=actor,
        created_at=now,
    )
    after = {"bearer": cost_bearer, "total": terms.total, "amount_off_fen": terms.amount_off_fen}
    after |= {"percent_off": terms.percent_off, "cap_fen": terms.cap_fen}
    record(
        actor=actor_of(actor), action="coupons.create", target=f"couponcampaign:{campaign.pk}", after=after,
        now=now,
    )  # fmt: skip
    return campaign


@transaction.atomic
def stop_campaign(*, actor: User, campaign_id: int, now: datetime) -> CouponCampaign:
    """Let nobody take more of a campaign of one's own; what people hold stays good. Again: no effect."""
    return _stop(CouponCampaign.objects.for_member(actor), campaign_id, actor, "", now)


@transaction.atomic
def stop_by_operator(*, actor: User, campaign_id: int, reason: str, now: datetime) -> CouponCampaign:
    """Stop any campaign with a reason that is kept. NotAllowed, NotFound, Invalid without a reason."""
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()
    if not reason.strip():
        raise Invalid(fields={"reason": Invalid.message})
    return _stop(CouponCampaign.objects.all(), campaign_id, actor, reason.strip(), now)


def _stop(campaigns, campaign_id: int, actor: User, reason: str, now: datetime) -> CouponCampaign:
    if not campaigns.filter(pk=campaign_id).exists():
        raise NotFound()
    campaign = CouponCampaign.objects.select_for_update().get(pk=campaign_id)
    if campaign.stopped_at is None:
        campaign.stopped_at = now
        campaign.save(update_fields=["stopped_at"])
        record(
            actor=actor_of(actor),
            action="coupons.stop",
            target=f"couponcampaign:{campaign.pk}",
            after={"claimed": campaign.claimed},
            reason=reason,
            now=now,
        )
    return campaign


def _shop(actor: User, shop_id: int | None, cost_bearer: str) -> Shop | None:
    if shop_id is None:
        return None
    shops = Shop.objects.all()
    if cost_bearer == CouponBearer.SHOP:
        shops = shops.filter(memberships__user=actor)
    shop = shops.filter(pk=shop_id).first()
    if shop is None:
        raise NotFound()
    return shop


def _session(session_id: int | None, shop_id: int | None) -> LiveSession | None:
    if session_id is None:
        return None
    session = LiveSession.objects.select_related("host", "shop").filter(pk=session_id).first()
    if session is None or shop_id not in (None, session.shop_id):
        raise NotFound()
    if session.status in (SessionStatus.ENDED, SessionStatus.CANCELLED):
        raise Invalid(fields={"live_session": _("This show is over.")})
    return session


def _check(terms: CouponTerms, now: datetime) -> None:
    wrong: dict[str, str] = {}
    if not terms.title.strip() or len(terms.title.strip()) > 40:
        wrong["title"] = _("Please give it a short name.")
    if not 1 <= terms.minimum_fen <= MOST_FEN:
        wrong["minimum_fen"] = _("Please say from which amount on it holds.")
    if (terms.amount_off_fen is None) == (terms.percent_off is None):
        wrong["amount_off_fen"] = _("Please give an amount or a percentage, one of the two.")
    elif terms.amount_off_fen is not None:
        if not 1 <= terms.amount_off_fen < terms.minimum_fen:
            wrong["amount_off_fen"] = _("It must take off less than the least purchase.")
    else:
        if not 1 <= (terms.percent_off or 0) <= 90:
            wrong["percent_off"] = _("Between 1 and 90 percent.")
        if not 1 <= (terms.cap_fen or 0) <= MOST_FEN:
            wrong["cap_fen"] = _("Please say how much it takes off at most.")
    if not 1 <= terms.total <= MOST_COUPONS:
        wrong["total"] = _("Please say how many there are.")
    if not 1 <= terms.per_person <= 20:
        wrong["per_person"] = _("Between 1 and 20 for one person.")
    if terms.ends_at <= max(terms.starts_at, now) or terms.ends_at - terms.starts_at > LONGEST:
        wrong["ends_at"] = _("The end must come after the beginning, within a year.")
    if wrong:
        raise Invalid(fields=wrong)
