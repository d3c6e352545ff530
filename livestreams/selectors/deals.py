"""Flash deals as they are by the clock: true at every read, however late the sweeper is."""

from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet, Sum

from common.errors import NotFound
from livestreams.models import FlashDeal, LiveSession, RundownItem
from livestreams.statuses import DEAL_OPEN, DealStatus
from shops.pricing import split_price
from shops.statuses import ReservationStatus


def _deals() -> QuerySet[FlashDeal]:
    return FlashDeal.objects.select_related("stock", "rundown_item__variant__product")


def get_deal(deal_id: int) -> FlashDeal:
    """Return a deal with its stock and goods, for a caller that has checked who asks."""
    return _deals().get(pk=deal_id)


def get_crew_deal(user, deal_id: int) -> FlashDeal:
    """Return a deal of a session that the person presents or moderates; NotFound otherwise."""
    sessions = LiveSession.objects.for_crew(user).values("pk")
    deal = _deals().filter(pk=deal_id, session__in=sessions).first()
    if deal is None:
        raise NotFound()
    return deal


def open_deals(session: LiveSession, *, now: datetime) -> list[FlashDeal]:
    """Return what counts down or is on sale by the clock, what ends first first; sold-out ones come last."""
    found = _deals().filter(session=session, status__in=DEAL_OPEN, ends_at__gt=now).order_by("ends_at", "pk")
    return sorted(found, key=lambda deal: state_at(deal, now) == DealStatus.SOLD_OUT)


def list_deals(session: LiveSession, *, limit: int = 100) -> list[FlashDeal]:
    """Return every deal of a session, for its crew, the newest first."""
    return list(_deals().filter(session=session).order_by("-pk")[:limit])


def state_at(deal: FlashDeal, now: datetime) -> str:
    """Return the state by the clock and the counter; the stored one follows within a second."""
    if deal.status not in DEAL_OPEN:
        return deal.status
    if now >= deal.ends_at:
        return DealStatus.ENDED
    if now < deal.starts_at:
        return DealStatus.COUNTDOWN
    return DealStatus.ACTIVE if deal.stock.available > 0 else DealStatus.SOLD_OUT


def deal_data(deal: FlashDeal, *, now: datetime) -> dict:
    """Return a deal as the room is told it; times are ISO-8601 UTC, to be read by the clock `server_now`."""
    state = state_at(deal, now)
    variant = deal.rundown_item.variant
    return {
        "id": deal.pk,
        "session": deal.session_id,
        "rundown_item": deal.rundown_item_id,
        "variant": variant.pk,
        "title": variant.product.title,
        "unit": variant.name,
        "status": state,
        "price_fen": deal.price_fen,
        "was_fen": variant.price_fen if variant.price_fen > deal.price_fen else None,
        "quantity": deal.quantity,
        "remaining": deal.stock.available if state in DEAL_OPEN else 0,
        "per_buyer": deal.per_buyer,
        "seconds": deal.seconds,
        "countdown": deal.countdown_seconds,
        "starts_at": _iso(deal.starts_at),
        "ends_at": _iso(deal.ends_at),
        "server_now": _iso(now),
    }


def crew_deal_data(deal: FlashDeal, *, now: datetime) -> dict:
    """Return a deal as its crew sees it: what was sold, and what the farmer gets of one (fen)."""
    stock = deal.stock
    share = split_price(
        total_fen=deal.price_fen,
        host_commission_bp=deal.rundown_item.host_commission_bp,
        platform_fee_bp=settings.PLATFORM_FEE_BP,
    )
    return deal_data(deal, now=now) | {
        "sold": stock.sold if stock else 0,
        "held": stock.reserved if stock else 0,
        "farmer_fen": share.farmer_fen,
        "end_reason": deal.end_reason,
    }


def units_promised(item: RundownItem, *, with_plans: bool = False) -> int:
    """Return how many units of an item this show has given away, against its quota.

    Live sales that were not called off before payment, everything in deals that are open, and what deals
    that are over sold or still hold; `with_plans` adds deals that have not begun.
    """
    counted = (ReservationStatus.HELD, ReservationStatus.COMMITTED)
    # Read backwards over the relation: orders live a floor above.
    lines = item.session.order_lines.filter(
        variant=item.variant_id, flash_deal=None, reservation__status__in=counted
    )
    ordinary = lines.aggregate(units=Sum("quantity"))["units"] or 0
    is_open = item.deals.filter(status__in=DEAL_OPEN).aggregate(units=Sum("quantity"))["units"] or 0
    over = item.deals.filter(status=DealStatus.ENDED).aggregate(
        sold=Sum("stock__sold"), held=Sum("stock__reserved")
    )
    plans = 0
    if with_plans:
        planned = item.deals.filter(status=DealStatus.SCHEDULED)
        plans = planned.aggregate(units=Sum("quantity"))["units"] or 0
    return ordinary + is_open + (over["sold"] or 0) + (over["held"] or 0) + plans


def _iso(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
