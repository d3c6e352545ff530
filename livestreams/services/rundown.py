"""What a show plans to show, and at which live price. Only what the farmer allows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from common.errors import Invalid, MarketError, MoveRefused, NotFound
from livestreams.errors import RundownChanged, RundownLocked
from livestreams.models import LiveSession, RundownItem
from livestreams.services.consenting import Terms, check_consent, check_price, terms_of
from livestreams.services.scheduling import locked_session
from livestreams.services.telling_goods import tell_pin
from livestreams.services.telling_room import tell
from livestreams.statuses import ON_AIR, SessionStatus
from shops.models import Product, Variant

MAX_ITEMS = 100
OPEN = ON_AIR | {SessionStatus.DRAFT, SessionStatus.SCHEDULED}


@dataclass(frozen=True)
class Offer:
    """How a variant is offered on air; None means: list price, no quota, no limit, the agreed commission.

    `quota` caps what the show sells of it, deals and ordinary live sales together (decisions.md 10).
    """

    variant_id: int
    live_price_fen: int | None = None
    quota: int | None = None
    per_buyer_limit: int | None = None
    host_commission_bp: int | None = None


@dataclass(frozen=True)
class Change:
    """What changes of one item; a field of `Offer` that is not in `values` stays as it is."""

    item_id: int
    values: dict[str, int | None]


def _open_session(actor, session_id: int) -> LiveSession:
    session = locked_session(actor=actor, session_id=session_id)
    if session.status not in OPEN:
        raise MoveRefused()
    return session


def _check(variant: Variant, terms: Terms | None, values: dict) -> None:
    """Bring `values` to what is stored; raises Invalid and what `check_consent` raises."""
    price = values["live_price_fen"]
    check_price(variant=variant, price_fen=price)
    quota, limit = values["quota"], values["per_buyer_limit"]
    if quota is not None and limit is not None and limit > quota:
        raise Invalid(fields={"per_buyer_limit": _("One person cannot buy more than the show sells in all.")})
    found = check_consent(
        variant=variant, terms=terms, live_price_fen=price, commission_bp=values["host_commission_bp"]
    )
    if values["host_commission_bp"] is None:
        values["host_commission_bp"] = found.host_commission_bp


class _Refusals:
    """Gathers the refusals of rows, to refuse all of them at once with a word at each."""

    def __init__(self):
        self.first: MarketError | None = None
        self.fields: dict[str, str] = {}

    def add(self, row: str, refusal: MarketError, fallback: str) -> None:
        """Note the refusal of one row."""
        self.first = self.first or refusal
        for name, words in (refusal.fields or {fallback: refusal.message}).items():
            self.fields[f"{row}{name}"] = str(words)

    def raise_any(self) -> None:
        """Raise the first refusal's kind with everybody's words."""
        if self.first is not None:
            raise type(self.first)(self.first.message, fields=self.fields)


def add_item(
    *,
    actor,
    session_id: int,
    variant_id: int,
    now: datetime,
    live_price_fen: int | None = None,
    quota: int | None = None,
    per_buyer_limit: int | None = None,
    host_commission_bp: int | None = None,
) -> RundownItem:
    """Put a variant at the end of the rundown; the same variant again changes its offer instead.

    Raises NotFound for goods of another shop, NotAuthorized, BelowFloorPrice, CommissionTooHigh, Invalid.
    """
    offer = Offer(variant_id, live_price_fen, quota, per_buyer_limit, host_commission_bp)
    return _add(actor=actor, session_id=session_id, offers=[offer], row_name=lambda place: "")[0]


def add_items(*, actor, session_id: int, offers: Sequence[Offer], now: datetime) -> list[RundownItem]:
    """Add many variants at once, all or none; `fields` of a refusal are named `items.<place>.<field>`.

    Raises what `add_item` raises.
    """
    return _add(actor=actor, session_id=session_id, offers=offers, row_name=lambda place: f"items.{place}.")


@transaction.atomic
def _add(*, actor, session_id: int, offers: Sequence[Offer], row_name) -> list[RundownItem]:
    session = _open_session(actor, session_id)
    if len({offer.variant_id for offer in offers}) < len(offers):
        raise Invalid(fields={"items": _("Name each of the goods once.")})
    found = sellable(session, [offer.variant_id for offer in offers])
    terms = terms_of(session=session, products=[variant.product for variant in found.values()])
    refusals, wanted = _Refusals(), {}
    for place, offer in enumerate(offers):
        try:
            variant = found.get(offer.variant_id)
            if variant is None:
                raise NotFound()
            values = {
                "live_price_fen": offer.live_price_fen,
                "quota": offer.quota,
                "per_buyer_limit": offer.per_buyer_limit,
                "host_commission_bp": offer.host_commission_bp,
            }
            _check(variant, terms[variant.product_id], values)
            wanted[variant.pk] = values
        except MarketError as refusal:
            refusals.add(row_name(place), refusal, "variant")
    refusals.raise_any()
    items = {item.variant_id: item for item in session.rundown.all()}
    new = [variant_id for variant_id in wanted if variant_id not in items]
    if len(items) + len(new) > MAX_ITEMS:
        raise Invalid(fields={"variant": _("A show holds at most %(count)s goods.") % {"count": MAX_ITEMS}})
    last = session.rundown.aggregate(last=Max("position"))["last"] or 0
    again = [items[variant_id] for variant_id in wanted if variant_id in items]
    for item in again:
        for name, value in wanted[item.variant_id].items():
            setattr(item, name, value)
    RundownItem.objects.bulk_update(
        again, ["live_price_fen", "quota", "per_buyer_limit", "host_commission_bp"]
    )
    made = RundownItem.objects.bulk_create(
        RundownItem(session=session, variant_id=variant_id, position=position, **wanted[variant_id])
        for position, variant_id in enumerate(new, start=last + 1)
    )
    _tell_changed(session)
    by_variant = {item.variant_id: item for item in [*again, *made]}
    return [by_variant[offer.variant_id] for offer in offers]


def sellable(session: LiveSession, variant_ids: Sequence[int]) -> dict[int, Variant]:
    """Return those of the variants that the session's shop has on sale, by pk."""
    found = Variant.objects.select_related("product__farmer").filter(
        pk__in=variant_ids,
        is_active=True,
        product__in=Product.objects.published(),
        product__shop=session.shop_id,
    )
    return {variant.pk: variant for variant in found}


def change_item(*, actor, session_id: int, change: Change, now: datetime) -> RundownItem:
    """Change price, quota, limit or commission of an item. Raises what `add_item` raises."""
    return _change(actor=actor, session_id=session_id, changes=[change], row_name=lambda item_id: "")[0]


def change_items(*, actor, session_id: int, changes: Sequence[Change], now: datetime) -> list[RundownItem]:
    """Change many items at once, all or none; `fields` of a refusal are named `items.<item id>.<field>`."""
    return _change(
        actor=actor, session_id=session_id, changes=changes, row_name=lambda item_id: f"items.{item_id}."
    )


@transaction.atomic
def _change(*, actor, session_id: int, changes: Sequence[Change], row_name) -> list[RundownItem]:
    session = _open_session(actor, session_id)
    wanted = {change.item_id: change for change in changes}
    items = {
        item.pk: item
        for item in session.rundown.select_related("variant__product__farmer").filter(pk__in=wanted)
    }
    if len(items) < len(wanted):
        raise NotFound()
    terms = terms_of(session=session, products=[item.variant.product for item in items.values()])
    refusals, changed = _Refusals(), []
    for item_id, change in wanted.items():
        item = items[item_id]
        given = {name: value for name, value in change.values.items() if value != getattr(item, name)}
        if not given:
            continue
        values = {
            "live_price_fen": item.live_price_fen,
            "quota": item.quota,
            "per_buyer_limit": item.per_buyer_limit,
            # A commission that nobody types again follows the terms in force.
            "host_commission_bp": None,
        } | given  # fmt: skip
        try:
            _check(item.variant, terms[item.variant.product_id], values)
        except MarketError as refusal:
            refusals.add(row_name(item_id), refusal, "live_price_fen")
            continue
        for name, value in values.items():
            setattr(item, name, value)
        changed.append(item)
    refusals.raise_any()
    if changed:
        RundownItem.objects.bulk_update(
            changed, ["live_price_fen", "quota", "per_buyer_limit", "host_commission_bp"]
        )
        _tell_changed(session)
    return [items[change.item_id] for change in changes]


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
def order_items(*, actor, session_id: int, item_ids: Sequence[int], now: datetime) -> None:
    """Put the items in the given order, which must name each of them exactly once.

    Raises RundownChanged when it does not: another phone added or took out goods meanwhile.
    """
    session = _open_session(actor, session_id)
    items = {item.pk: item for item in session.rundown.all()}
    if sorted(items) != sorted(item_ids):
        raise RundownChanged()
    _renumber([items[item_id] for item_id in item_ids])
    tell(session.pk, "rundown", {"changed": True})


def _tell_changed(session: LiveSession) -> None:
    tell(session.pk, "rundown", {"changed": True})
    # The card of what is shown now may have another price.
    if session.status in ON_AIR:
        tell_pin(session)


def _renumber(items: list[RundownItem]) -> None:
    moved = []
    for position, item in enumerate(items, start=1):
        if item.position != position:
            item.position = position
            moved.append(item)
    RundownItem.objects.bulk_update(moved, ["position"])
