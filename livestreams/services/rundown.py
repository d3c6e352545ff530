"""What a show plans to show, and at which live price. Only what the farmer allows."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _

from common.errors import Invalid, MoveRefused, NotFound
from common.money import BASIS_POINTS
from livestreams.errors import BelowFloorPrice, NotAuthorized, RundownLocked
from livestreams.models import LiveSession, RundownItem
from livestreams.services.scheduling import locked_session
from livestreams.services.telling_goods import tell_pin
from livestreams.services.telling_room import tell
from livestreams.statuses import ON_AIR, SessionStatus
from shops.models import FarmerAuthorization, Product, Variant
from shops.statuses import AuthorizationStatus

MAX_ITEMS = 60
OPEN = ON_AIR | {SessionStatus.DRAFT, SessionStatus.SCHEDULED}


@dataclass(frozen=True)
class Terms:
    """What a farmer allows in a session: the host's share and the least share of the listed price."""

    host_commission_bp: int
    floor_price_bp: int


def terms_in_session(*, session: LiveSession, product: Product) -> Terms:
    """Return the farmer's terms for this session; NotAuthorized when the farmer granted none.

    Where shop and host both hold a grant, the host's tells the commission and the higher floor holds.
    Goods without a farmer are the shop's own.
    """
    if product.farmer_id is None:
        return Terms(0, 0)
    granted = FarmerAuthorization.objects.filter(farmer=product.farmer_id, status=AuthorizationStatus.GRANTED)
    own = list(granted.filter(Q(shop=session.shop_id) | Q(host=session.host_id)).order_by("pk"))
    if not own:
        raise NotAuthorized()
    by_host = [grant for grant in own if grant.host_id == session.host_id]
    return Terms(
        host_commission_bp=by_host[0].host_commission_bp if by_host else 0,
        floor_price_bp=max(grant.floor_price_bp for grant in own),
    )


def check_live_price(
    *, variant: Variant, price_fen: int | None, terms: Terms, field: str = "live_price_fen"
) -> None:
    """Refuse a price on air that is none (Invalid) or that the farmer does not allow (BelowFloorPrice)."""
    if price_fen is None:
        return
    if price_fen <= 0 or price_fen > variant.price_fen:
        raise Invalid(fields={field: _("The live price must be above 0 and not above the list price.")})
    if price_fen * BASIS_POINTS < variant.price_fen * terms.floor_price_bp:
        raise BelowFloorPrice(fields={field: BelowFloorPrice.message})


def _open_session(actor, session_id: int) -> LiveSession:
    session = locked_session(actor=actor, session_id=session_id)
    if session.status not in OPEN:
        raise MoveRefused()
    return session


@transaction.atomic
def add_item(
    *,
    actor,
    session_id: int,
    variant_id: int,
    now: datetime,
    live_price_fen: int | None = None,
    quota: int | None = None,
    per_buyer_limit: int | None = None,
) -> RundownItem:
    """Put a variant at the end of the rundown; the same variant again changes its price instead.

    Raises NotFound for goods of another shop, NotAuthorized, BelowFloorPrice, Invalid.
    """
    session = _open_session(actor, session_id)
    variant = (
        Variant.objects.select_related("product")
        .filter(
            pk=variant_id, is_active=True, product__in=Product.objects.published(), product__shop=session.shop
        )
        .first()
    )
    if variant is None:
        raise NotFound()
    terms = terms_in_session(session=session, product=variant.product)
    check_live_price(variant=variant, price_fen=live_price_fen, terms=terms)
    values = {
        "live_price_fen": live_price_fen,
        "quota": quota,
        "per_buyer_limit": per_buyer_limit,
        "host_commission_bp": terms.host_commission_bp,
    }
    item = session.rundown.filter(variant=variant).first()
    if item is None:
        if session.rundown.count() >= MAX_ITEMS:
            raise Invalid(fields={"variant": _("A show holds at most 60 goods.")})
        last = session.rundown.aggregate(last=Max("position"))["last"] or 0
        item = session.rundown.create(variant=variant, position=last + 1, **values)
    else:
        for name, value in values.items():
            setattr(item, name, value)
        item.save(update_fields=list(values))
    _tell_changed(session)
    return item


@transaction.atomic
def add_items(*, actor, session_id: int, items: list[tuple[int, int | None]], now: datetime) -> None:
    """Add several (variant, live price) at once; one refusal refuses all and names its field."""
    for variant_id, price in items:
        try:
            add_item(actor=actor, session_id=session_id, variant_id=variant_id, live_price_fen=price, now=now)
        except (Invalid, BelowFloorPrice, NotAuthorized) as refusal:
            refusal.fields = {f"price_{variant_id}": refusal.message}
            raise


@transaction.atomic
def change_item(
    *, actor, session_id: int, item_id: int, now: datetime, live_price_fen: int | None = None
) -> RundownItem:
    """Set or clear the live price of an item."""
    session = _open_session(actor, session_id)
    item = session.rundown.select_related("variant__product").filter(pk=item_id).first()
    if item is None:
        raise NotFound()
    terms = terms_in_session(session=session, product=item.variant.product)
    check_live_price(variant=item.variant, price_fen=live_price_fen, terms=terms)
    item.live_price_fen = live_price_fen
    item.host_commission_bp = terms.host_commission_bp
    item.save(update_fields=["live_price_fen", "host_commission_bp"])
    _tell_changed(session)
    return item


@transaction.atomic
def remove_item(*, actor, session_id: int, item_id: int, now: datetime) -> None:
    """Take an item out; what was already shown stays, because orders may refer to it."""
    session = _open_session(actor, session_id)
    item = session.rundown.filter(pk=item_id).first()
    if item is None:
        raise NotFound()
    if item.pins.exists() or item.deals.exists():
        raise RundownLocked()
    item.delete()
    tell(session.pk, "rundown", {"changed": True})


@transaction.atomic
def move_item(*, actor, session_id: int, item_id: int, step: int, now: datetime) -> None:
    """Move an item one place up (-1) or down (+1); nothing happens at the ends."""
    session = _open_session(actor, session_id)
    items = list(session.rundown.order_by("position", "pk"))
    place = next((place for place, item in enumerate(items) if item.pk == item_id), None)
    if place is None:
        raise NotFound()
    other = place + (1 if step > 0 else -1)
    if 0 <= other < len(items):
        items[place], items[other] = items[other], items[place]
    _renumber(items)
    tell(session.pk, "rundown", {"changed": True})


@transaction.atomic
def order_items(*, actor, session_id: int, item_ids: list[int], now: datetime) -> None:
    """Put the items in the given order; the list must name each of them exactly once."""
    session = _open_session(actor, session_id)
    items = {item.pk: item for item in session.rundown.all()}
    if sorted(items) != sorted(item_ids):
        raise Invalid(fields={"items": _("Name every item of the list exactly once.")})
    _renumber([items[item_id] for item_id in item_ids])
    tell(session.pk, "rundown", {"changed": True})


def _tell_changed(session: LiveSession) -> None:
    tell(session.pk, "rundown", {"changed": True})
    # The card of what is shown now may have another price.
    if session.status in ON_AIR:
        tell_pin(session)


def _renumber(items: list[RundownItem]) -> None:
    for position, item in enumerate(items, start=1):
        item.position = position
    RundownItem.objects.bulk_update(items, ["position"])
