"""Flash deals: plan, start, extend, stop. Presenters set prices, the crew may stop (decisions.md 10)."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from common import audit
from common.errors import Invalid, MoveRefused, NotAllowed, NotFound
from common.moves import check_move
from livestreams import selectors
from livestreams.errors import DealClosed, DealRunning, NotOnAir, QuotaReached
from livestreams.models import FlashDeal, LiveSession, RundownItem
from livestreams.services.announcing import announce_stock
from livestreams.services.consenting import check_price_on_air, terms_of
from livestreams.services.locking import lock
from livestreams.services.rundown import OPEN
from livestreams.services.scheduling import locked_session
from livestreams.services.timing_deals import close_deal, lock_deal, say_deal, tell_later
from livestreams.statuses import DEAL_MOVES, DEAL_OPEN, ON_AIR, DealStatus
from shops.services import deal_stock

MOST_UNITS = 1_000_000
MOST_PER_BUYER = 999
SECONDS = (10, 4 * 3600)
MOST_COUNTDOWN = 600
LONGEST = timedelta(hours=8)


@transaction.atomic
def create_deal(
    *,
    actor,
    session_id: int,
    item_id: int,
    price_fen: int,
    quantity: int,
    seconds: int,
    now: datetime,
    per_buyer: int | None = None,
    countdown: int = 0,
    starts: bool = False,
) -> FlashDeal:
    """Plan a deal of an item at a price that the farmer allows, and start it when `starts`.

    NotFound (session, item), NotAllowed (a moderator), MoveRefused (the show is over), Invalid,
    NotAuthorized, BelowFloorPrice, QuotaReached; with `starts` also what start_deal refuses. Then nothing
    is kept.
    """
    session = _priced_session(actor, session_id)
    if session.status not in OPEN:
        raise MoveRefused()
    item = session.rundown.select_related("variant__product").filter(pk=item_id).first()
    if item is None:
        raise NotFound()
    _check_numbers(quantity=quantity, per_buyer=per_buyer, seconds=seconds, countdown=countdown)
    _check_price(session, item, price_fen)
    _check_quota(item, quantity, with_plans=True)
    deal = FlashDeal.objects.create(
        session=session, rundown_item=item, price_fen=price_fen, quantity=quantity, per_buyer=per_buyer,
        countdown_seconds=countdown, seconds=seconds, created_by=actor, created_at=now,
    )  # fmt: skip
    _note(
        actor, "create", deal, now, after={"price_fen": price_fen, "quantity": quantity, "seconds": seconds}
    )
    return _start(actor, session, deal, now) if starts else deal


@transaction.atomic
def start_deal(*, actor, deal_id: int, now: datetime) -> FlashDeal:
    """Set the units aside and let the countdown run from `now` on. A deal that is already on: no effect.

    NotFound, NotAllowed (a moderator), NotOnAir, MoveRefused (it is over), DealRunning, QuotaReached,
    StockTooLow, and what the farmer no longer allows (NotAuthorized, BelowFloorPrice).
    """
    deal = selectors.get_crew_deal(actor, deal_id)
    session = _priced_session(actor, deal.session_id)
    deal = lock_deal(deal_id)
    if selectors.state_at(deal, now) in DEAL_OPEN:
        return deal
    return _start(actor, session, deal, now)


@transaction.atomic
def extend_deal(*, actor, deal_id: int, seconds: int, now: datetime) -> FlashDeal:
    """Let a deal that is on go on for `seconds` more; DealClosed once it is over by the clock."""
    deal = selectors.get_crew_deal(actor, deal_id)
    _priced_session(actor, deal.session_id)
    deal = lock_deal(deal_id)
    if selectors.state_at(deal, now) not in DEAL_OPEN:
        raise DealClosed()
    _check_numbers(quantity=deal.quantity, per_buyer=None, seconds=seconds, countdown=0)
    until = deal.ends_at + timedelta(seconds=seconds)
    if until - deal.starts_at > LONGEST:
        raise Invalid(fields={"seconds": _("A deal lasts eight hours at most.")})
    before, deal.ends_at = deal.ends_at, until
    deal.save(update_fields=["ends_at"])
    _note(actor, "extend", deal, now, before={"ends_at": str(before)}, after={"ends_at": str(until)})
    tell_later(deal.pk)
    return deal


@transaction.atomic
def stop_deal(*, actor, deal_id: int, now: datetime) -> FlashDeal:
    """End a deal, or call off a planned one: what is not held goes back. Again: no effect."""
    deal = selectors.get_crew_deal(actor, deal_id)
    locked_session(actor=actor, session_id=deal.session_id, is_crew_enough=True)
    return _stop(actor, deal_id, now, reason="")


@transaction.atomic
def stop_by_operator(*, actor, deal_id: int, reason: str, now: datetime) -> FlashDeal:
    """End a deal that must not go on, with a reason that is kept. NotAllowed, NotFound, Invalid."""
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()
    if not reason.strip():
        raise Invalid(fields={"reason": Invalid.message})
    if not FlashDeal.objects.filter(pk=deal_id).exists():
        raise NotFound()
    return _stop(actor, deal_id, now, reason=reason.strip())


def deal_terms(session: LiveSession) -> list[dict]:
    """Return the items that can be sold by a deal, in order, with what the farmer allows; money in fen."""
    items = selectors.rundown_of(session)
    allowed = terms_of(session=session, products=[item.variant.product for item in items])
    found = []
    for item in items:
        variant = item.variant
        terms = allowed[variant.product_id]
        if terms is None:
            continue
        found.append(
            {
                "rundown_item": item.pk,
                "title": variant.product.title,
                "unit": variant.name,
                "price_fen": variant.price_fen,
                "available": selectors.item_data(item)["available"],
                "floor_fen": terms.floor_fen(variant),
                "host_commission_bp": min(item.host_commission_bp, terms.host_commission_bp),
                "platform_fee_bp": settings.PLATFORM_FEE_BP,
            }
        )
    return found


def lock_quota(item_id: int) -> None:
    """Let everybody who gives units of a rundown item away see one another; needs a transaction."""
    lock(f"live_quota|{item_id}")


def _priced_session(actor, session_id: int) -> LiveSession:
    """Return the locked session of a presenter; a moderator of it is told that prices are not theirs."""
    try:
        return locked_session(actor=actor, session_id=session_id)
    except NotFound:
        if LiveSession.objects.for_crew(actor).filter(pk=session_id).exists():
            raise NotAllowed() from None
        raise


def _start(actor, session: LiveSession, deal: FlashDeal, now: datetime) -> FlashDeal:
    check_move(DEAL_MOVES, deal.status, DealStatus.COUNTDOWN)
    if session.status not in ON_AIR:
        raise NotOnAir()
    item = deal.rundown_item
    _check_price(session, item, deal.price_fen)
    _end_due(item, now)
    if item.deals.filter(status__in=DEAL_OPEN).exists():
        raise DealRunning()
    _check_quota(item, deal.quantity)
    deal.stock = deal_stock.set_aside(variant_id=item.variant_id, quantity=deal.quantity)
    deal.status = DealStatus.COUNTDOWN if deal.countdown_seconds else DealStatus.ACTIVE
    deal.starts_at = now + timedelta(seconds=deal.countdown_seconds)
    deal.ends_at = deal.starts_at + timedelta(seconds=deal.seconds)
    deal.save(update_fields=["stock", "status", "starts_at", "ends_at"])
    _note(actor, "start", deal, now, after={"price_fen": deal.price_fen, "quantity": deal.quantity})
    announce_stock(variant_id=item.variant_id, now=now)
    say_deal(deal, event="started", now=now)
    tell_later(deal.pk)
    return deal


def _end_due(item: RundownItem, now: datetime) -> None:
    due = item.deals.filter(status__in=DEAL_OPEN, ends_at__lte=now).order_by("pk")
    for deal_id in due.values_list("pk", flat=True):
        deal = lock_deal(deal_id)
        if deal.status in DEAL_OPEN and deal.ends_at <= now:
            close_deal(deal, reason="time", now=deal.ends_at)
            tell_later(deal.pk)


def _stop(actor, deal_id: int, now: datetime, *, reason: str) -> FlashDeal:
    deal = lock_deal(deal_id)
    if deal.status == DealStatus.ENDED:
        return deal
    before = deal.status
    is_over = selectors.state_at(deal, now) == DealStatus.ENDED
    close_deal(deal, reason="time" if is_over else "stopped", now=deal.ends_at if is_over else now)
    _note(
        actor, "stop", deal, now, before={"status": before}, after={"status": deal.status}, reason=reason
    )  # fmt: skip
    tell_later(deal.pk)
    return deal


def _check_numbers(*, quantity: int, per_buyer: int | None, seconds: int, countdown: int) -> None:
    fields = {}
    if not _is_within(quantity, 1, MOST_UNITS):
        fields["quantity"] = _("Set aside at least one.")
    if per_buyer is not None and not _is_within(per_buyer, 1, MOST_PER_BUYER):
        fields["per_buyer"] = _("A person may buy between 1 and 999.")
    if not _is_within(seconds, *SECONDS):
        fields["seconds"] = _("A deal lasts between ten seconds and four hours.")
    if not _is_within(countdown, 0, MOST_COUNTDOWN):
        fields["countdown"] = _("Count down for ten minutes at most.")
    if fields:
        raise Invalid(fields=fields)


def _is_within(value: int, low: int, high: int) -> bool:
    return type(value) is int and low <= value <= high


def _check_price(session: LiveSession, item: RundownItem, price_fen: int) -> None:
    terms = check_price_on_air(session=session, variant=item.variant, price_fen=price_fen, field="price_fen")
    # The host may have agreed to less than the farmer grants, but never gets more.
    if item.host_commission_bp > terms.host_commission_bp:
        item.host_commission_bp = terms.host_commission_bp
        item.save(update_fields=["host_commission_bp"])


def _check_quota(item: RundownItem, quantity: int, *, with_plans: bool = False) -> None:
    if item.quota is None:
        return
    lock_quota(item.pk)
    if selectors.units_promised(item, with_plans=with_plans) + quantity > item.quota:
        raise QuotaReached(fields={"quantity": QuotaReached.message})


def _note(actor, step: str, deal: FlashDeal, now: datetime, **more) -> None:
    audit.record(
        actor=audit.actor_of(actor),
        action=f"livestreams.deal_{step}",
        target=f"flashdeal:{deal.pk}",
        now=now,
        **more,
    )
