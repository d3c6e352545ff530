"""Deliveries of many farmers in one variant: written down, graded, sold on common terms, put aside."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from common.audit import actor_of, record
from common.errors import Invalid, NotFound
from common.idempotency import run_once
from common.money import BASIS_POINTS
from common.moves import check_move
from shops.errors import FarmerNotAuthorized, NotPoolable, PoolBusy
from shops.models import (
    AllocationPolicy,
    Farmer,
    FarmerAuthorization,
    Lot,
    Photo,
    Shop,
    TermSheet,
    Variant,
)
from shops.selectors import is_member
from shops.services.lots import lock_stock, match_stock
from shops.services.stock import tell_rooms
from shops.statuses import LOT_MOVES, AllocationRule, AuthorizationStatus, LotStatus, MovementKind

UNITS_MAX = 1_000_000
WEIGHT_MAX_G = 100_000_000
OPERATION = "shops.deliver_lot"


@dataclass(frozen=True)
class Delivery:
    """What a farmer brought; `quantity` in units of the variant. With a grade it is on sale at once."""

    quantity: int
    weight_g: int | None = None
    grade: str = ""
    harvested_on: date | None = None
    place: str = ""
    note: str = ""
    photo_id: int | None = None


@transaction.atomic
def publish_policy(*, actor: User, variant: Variant, rule: str, now: datetime) -> AllocationPolicy:
    """Publish by which rule paid lines take lots, from now on; the first makes the variant a pool.

    NotFound, Invalid; NotPoolable for a product of one farmer, PoolBusy while units are held.
    """
    _check_member(actor, variant.product.shop)
    if rule not in AllocationRule.values:
        raise Invalid(fields={"rule": Invalid.message})
    stock = lock_stock(variant.pk)
    newest = variant.allocation_policies.order_by("-version").first()
    if newest is not None and newest.rule == rule:
        return newest
    if newest is None:
        if variant.product.farmer_id is not None:
            raise NotPoolable()
        if stock.reserved or stock.in_deals:
            raise PoolBusy()
    policy = AllocationPolicy.objects.create(
        variant=variant,
        version=newest.version + 1 if newest else 1,
        rule=rule,
        published_by=actor,
        published_at=now,
    )
    record(
        actor=actor_of(actor),
        action="shops.policy_published",
        target=f"variant:{variant.pk}",
        before={"rule": newest.rule} if newest else None,
        after={"rule": rule, "version": policy.version},
        now=now,
    )
    refresh_terms(variant=variant, now=now)
    return policy


def deliver_lot(
    *,
    actor: User,
    variant: Variant,
    farmer: Farmer,
    delivery: Delivery,
    idempotency_key: uuid.UUID,
    now: datetime,
) -> Lot:
    """Write down, once per key, what a farmer brought for a pooled variant; graded goods are on sale at once.

    NotFound for another shop's variant or photo, Invalid with `fields`, NotPoolable where nothing is pooled,
    FarmerNotAuthorized when the farmer has not let the shop sell.
    """

    def run() -> dict[str, int]:
        return {"id": _deliver(actor, variant, farmer, delivery, now).pk}

    answer, _replayed = run_once(
        actor=actor_of(actor),
        operation=OPERATION,
        key=idempotency_key,
        body={
            "variant": variant.pk,
            "farmer": farmer.pk,
            "quantity": delivery.quantity,
            "weight": delivery.weight_g,
            "grade": delivery.grade,
            "harvested_on": str(delivery.harvested_on),
            "place": delivery.place,
            "note": delivery.note,
            "photo": delivery.photo_id,
        },
        now=now,
        run=run,
    )
    return Lot.objects.get(pk=answer["id"])


@transaction.atomic
def grade_lot(*, actor: User, lot: Lot, grade: str, weight_g: int | None = None, now: datetime) -> Lot:
    """Write down what a look at a delivery and the scales said. NotFound, Invalid, MoveRefused."""
    _check_member(actor, lot.shop)
    _check_delivery(Delivery(1, weight_g=weight_g, grade=grade))
    if not grade.strip():
        raise Invalid(fields={"grade": _("Say which grade it is.")})
    lot = _locked(lot)
    lot.grade, lot.weight_g = grade.strip(), weight_g or lot.weight_g
    lot.save(update_fields=["grade", "weight_g"])
    return _move(lot, LotStatus.GRADED, actor, "", now)


@transaction.atomic
def offer_lot(*, actor: User, lot: Lot, now: datetime) -> Lot:
    """Put what is left of a delivery on sale, at first or again.

    NotFound, MoveRefused, FarmerNotAuthorized when the farmer has not let the shop sell.
    """
    _check_member(actor, lot.shop)
    lock_stock(lot.variant_id)
    return _offer(_locked(lot), actor, now)


@transaction.atomic
def hold_lot(*, actor: User, lot: Lot, reason: str, now: datetime) -> Lot:
    """Take what is left of a delivery off sale until somebody has looked; what is paid stays paid.

    NotFound, Invalid without a reason, MoveRefused.
    """
    _check_member(actor, lot.shop)
    return put_aside(lot=lot, target=LotStatus.HELD, reason=reason, actor=actor, now=now)


@transaction.atomic
def put_aside(*, lot: Lot, target: str, reason: str, actor: User | None, now: datetime) -> Lot:
    """Hold or recall a lot: what is left of it leaves the stock. For callers that have checked who asks."""
    if not reason.strip():
        raise Invalid(fields={"reason": _("Say why, so that everybody can be told.")})
    lock_stock(lot.variant_id)
    lot = _move(_locked(lot), target, actor, reason.strip()[:200], now)
    _changed(lot, MovementKind.LOT, actor, now)
    return lot


def hold_lots_of(*, farmer: Farmer, shop: Shop, actor: User, now: datetime) -> None:
    """Take everything unsold of a farmer off sale in a shop's pools: the consent is withdrawn."""
    lots = pooled_lots(farmer, shop).exclude(status__in=(LotStatus.HELD, LotStatus.RECALLED))
    for lot in lots.order_by("variant_id", "pk"):
        put_aside(lot=lot, target=LotStatus.HELD, reason="consent withdrawn", actor=actor, now=now)


def apply_new_terms(*, authorization: FarmerAuthorization, now: datetime) -> None:
    """Let a farmer's new terms with a shop hold for what is unsold of theirs in its pools."""
    unsold = pooled_lots(authorization.farmer, authorization.shop).order_by("variant_id", "pk")
    for lot in unsold.select_related("variant__product"):
        lock_stock(lot.variant_id)
        lot.floor_fen = floor_of(lot.variant, authorization)
        lot.save(update_fields=["floor_fen"])
        refresh_terms(variant=lot.variant, now=now)


def pooled_lots(farmer: Farmer, shop: Shop):
    """Return a farmer's lots in the pools of a shop."""
    return Lot.objects.filter(farmer=farmer, shop=shop, variant__allocation_policies__version=1)


def refresh_terms(*, variant: Variant, now: datetime) -> TermSheet | None:
    """Write a new version of a pool's terms if they differ from the newest; None where nothing is pooled.

    The floor is the highest of the lots that could fill a line. Needs the lock of the variant's stock.
    """
    if not variant.allocation_policies.exists():
        return None
    lots = Lot.objects.filter(variant=variant, status=LotStatus.AVAILABLE).order_by("pk")
    grants = dict(
        FarmerAuthorization.objects.filter(
            shop=variant.product.shop_id,
            farmer__in={lot.farmer_id for lot in lots},
            status=AuthorizationStatus.GRANTED,
        ).values_list("farmer_id", "pk")
    )
    terms = [
        {
            "lot": lot.pk,
            "farmer": lot.farmer_id,
            "authorization": grants.get(lot.farmer_id),
            "floor_fen": lot.floor_fen,
        }
        for lot in lots
        if lot.left
    ]
    newest = variant.term_sheets.order_by("-version").first()
    if newest is not None and newest.terms == terms:
        return newest
    return TermSheet.objects.create(
        variant=variant,
        version=newest.version + 1 if newest else 1,
        floor_fen=max((one["floor_fen"] for one in terms), default=0),
        terms=terms,
        made_at=now,
    )


def floor_of(variant: Variant, authorization: FarmerAuthorization) -> int:
    """Return the lowest price of a unit, in fen, that terms allow at today's listed price, rounded up."""
    return -(-variant.price_fen * authorization.floor_price_bp // BASIS_POINTS)


def granted_by(farmer_id: int, shop_id: int) -> FarmerAuthorization:
    """Return on which terms a farmer lets a shop sell; FarmerNotAuthorized."""
    found = FarmerAuthorization.objects.filter(
        farmer=farmer_id, shop=shop_id, status=AuthorizationStatus.GRANTED
    ).first()
    if found is None:
        raise FarmerNotAuthorized()
    return found


def _deliver(actor: User, variant: Variant, farmer: Farmer, delivery: Delivery, now: datetime) -> Lot:
    shop = variant.product.shop
    _check_member(actor, shop)
    _check_delivery(delivery)
    if delivery.harvested_on is not None and delivery.harvested_on > now.date():
        raise Invalid(fields={"harvested_on": _("This day has not come yet.")})
    if not variant.allocation_policies.exists():
        raise NotPoolable()
    photo = _own_photo(actor, delivery.photo_id)
    lock_stock(variant.pk)
    terms = granted_by(farmer.pk, shop.pk)
    lot = Lot.objects.create(
        variant=variant,
        shop=shop,
        farmer=farmer,
        quantity=delivery.quantity,
        status=LotStatus.DECLARED,
        weight_g=delivery.weight_g,
        grade=delivery.grade.strip(),
        harvested_on=delivery.harvested_on,
        place=delivery.place.strip(),
        note=delivery.note.strip(),
        photo=photo,
        floor_fen=floor_of(variant, terms),
        declared_at=now,
    )
    record(
        actor=actor_of(actor),
        action="shops.lot_declared",
        target=f"lot:{lot.pk}",
        after={"farmer": farmer.pk, "quantity": lot.quantity, "authorization": terms.pk},
        now=now,
    )
    if lot.grade:
        _offer(_move(lot, LotStatus.GRADED, actor, "", now), actor, now)
    return lot


def _offer(lot: Lot, actor: User, now: datetime) -> Lot:
    if lot.farmer_id is not None and lot.variant.allocation_policies.exists():
        granted_by(lot.farmer_id, lot.shop_id)
    is_first = not lot.movements.exists()
    lot = _move(lot, LotStatus.AVAILABLE, actor, "", now)
    _changed(lot, MovementKind.INTAKE if is_first else MovementKind.LOT, actor, now)
    return lot


def _changed(lot: Lot, kind: str, actor: User | None, now: datetime) -> None:
    match_stock(
        variant_id=lot.variant_id, lot=lot, kind=kind, reference=f"lot:{lot.pk}", actor=actor, now=now
    )
    refresh_terms(variant=lot.variant, now=now)
    tell_rooms(lot.variant)


def _move(lot: Lot, target: str, actor: User | None, reason: str, now: datetime) -> Lot:
    before = lot.status
    check_move(LOT_MOVES, before, target)
    lot.status = target
    lot.save(update_fields=["status"])
    record(
        actor=actor_of(actor),
        action=f"shops.lot_{target}",
        target=f"lot:{lot.pk}",
        before={"status": before},
        after={"status": target, "left": lot.left},
        reason=reason,
        now=now,
    )
    return lot


def _locked(lot: Lot) -> Lot:
    locked = Lot.objects.select_for_update(of=["self"]).select_related("variant__product__shop", "shop")
    return locked.get(pk=lot.pk)


def _check_member(actor: User, shop: Shop) -> None:
    if not is_member(actor, shop):
        raise NotFound()


def _own_photo(actor: User, photo_id: int | None) -> Photo | None:
    if photo_id is None:
        return None
    photo = Photo.objects.filter(pk=photo_id, uploaded_by=actor, product=None, is_private=False).first()
    if photo is None:
        raise NotFound()
    return photo


def _check_delivery(delivery: Delivery) -> None:
    fields = {}
    if type(delivery.quantity) is not int or not 1 <= delivery.quantity <= UNITS_MAX:
        fields["quantity"] = _("Say how many pieces came, at least one.")
    if delivery.weight_g is not None and not 1 <= delivery.weight_g <= WEIGHT_MAX_G:
        fields["weight_g"] = _("Say what it weighs, more than nothing.")
    for name, most in (("grade", 20), ("place", 80), ("note", 200)):
        if len(getattr(delivery, name).strip()) > most:
            fields[name] = _("That is too long.")
    if fields:
        raise Invalid(fields=fields)
