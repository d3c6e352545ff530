"""Deals follow the database's clock: begin, sell out, come back, end. Reads are true without this, too."""

import logging
from datetime import datetime

from django.db import transaction

from common.clock import database_now
from common.moves import check_move
from livestreams import selectors
from livestreams.models import FlashDeal, LiveSession
from livestreams.services.announcing import announce_stock
from livestreams.services.chatting import say_for_market
from livestreams.services.telling_goods import tell_deal
from livestreams.statuses import DEAL_MOVES, DEAL_OPEN, DealStatus, MessageKind
from shops.services import deal_stock

logger = logging.getLogger(__name__)


def settle_deal(*, deal_id: int) -> str:
    """Bring one deal into the state that clock and counter tell of, tell the room, return the state.

    Asks the database's clock itself, right before it looks: the two belong together.
    """
    now = database_now()
    deal = selectors.get_deal(deal_id)
    if selectors.state_at(deal, now) != deal.status:
        now = database_now()
        deal = _move(deal_id, now)
    tell_deal(deal, now=now)
    return deal.status


def watch_deals() -> int:
    """Settle every deal that is open; return how many. One that fails does not keep the others."""
    settled = 0
    for deal_id in FlashDeal.objects.filter(status__in=DEAL_OPEN).order_by("pk").values_list("pk", flat=True):
        try:
            settle_deal(deal_id=deal_id)
            settled += 1
        except Exception:
            logger.exception("deal %s could not be settled", deal_id)
    return settled


@transaction.atomic
def _move(deal_id: int, now: datetime) -> FlashDeal:
    deal = lock_deal(deal_id)
    state = selectors.state_at(deal, now)
    if state == DealStatus.ENDED and deal.status in DEAL_OPEN:
        close_deal(deal, reason="time", now=deal.ends_at)
    elif state != deal.status:
        if (deal.status, state) == (DealStatus.COUNTDOWN, DealStatus.SOLD_OUT):
            # Nobody looked while it was on sale.
            _set_status(deal, DealStatus.ACTIVE)
        _set_status(deal, state)
        if state == DealStatus.SOLD_OUT:
            say_deal(deal, event="sold_out", now=now)
    return deal


def say_deal(deal: FlashDeal, *, event: str, now: datetime) -> None:
    """Say in the chat that a deal has "started" or is "sold_out"."""
    params = {
        "event": event,
        "title": deal.rundown_item.variant.product.title,
        "price_fen": deal.price_fen,
        "quantity": deal.quantity,
    }
    say_for_market(session_id=deal.session_id, kind=MessageKind.DEAL, params=params, now=now)


def lock_deal(deal_id: int) -> FlashDeal:
    """Lock a deal's row, before any row of stock, and return it; needs a transaction.

    Not the key: buyers' order lines refer to it and must not wait.
    """
    FlashDeal.objects.select_for_update(no_key=True).get(pk=deal_id)
    return selectors.get_deal(deal_id)


def close_deal(deal: FlashDeal, *, reason: str, now: datetime) -> None:
    """End a deal whose row the caller has locked; what nobody holds goes back to the variant."""
    _set_status(deal, DealStatus.ENDED)
    deal.ended_at = now
    deal.end_reason = reason
    deal.save(update_fields=["ended_at", "end_reason"])
    if deal.stock_id is not None:
        deal_stock.give_back_rest(deal_stock_id=deal.stock_id)
        deal.stock.refresh_from_db()
        announce_stock(variant_id=deal.rundown_item.variant_id, now=now)


def end_deals_of(session: LiveSession, *, now: datetime) -> None:
    """End what is planned or on in a session that ends; needs a transaction."""
    is_over = (DealStatus.ENDED,)
    deals = [
        lock_deal(pk)
        for pk in session.deals.exclude(status__in=is_over).order_by("pk").values_list("pk", flat=True)
    ]
    deal_stock.lock_deal_stocks(deal.stock_id for deal in deals)
    for deal in sorted(deals, key=lambda deal: deal.rundown_item.variant_id):
        close_deal(deal, reason="session", now=now)
        tell_later(deal.pk)


def tell_later(deal_id: int) -> None:
    """Tell the room how the deal stands once the current transaction has committed."""
    transaction.on_commit(lambda: settle_deal(deal_id=deal_id), robust=True)


def _set_status(deal: FlashDeal, status: str) -> None:
    check_move(DEAL_MOVES, deal.status, status)
    deal.status = status
    deal.save(update_fields=["status"])
