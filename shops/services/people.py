"""Farmers and their consent; what the operator decides about shops and hosts."""

from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext as _

from accounts.models import Contact, User
from accounts.phones import normalize_phone
from common.audit import actor_of, record
from common.errors import Invalid, NotAllowed, NotFound
from common.moves import Moves, check_move
from shops.models import Farmer, FarmerAuthorization, Host, Photo, Shop, Village
from shops.selectors import farmers_of, is_member
from shops.services.pooling import apply_new_terms, hold_lots_of
from shops.statuses import (
    HOST_MOVES,
    SHOP_MOVES,
    AuthorizationStatus,
    HostStatus,
    ShopRole,
    ShopStanding,
    ShopStatus,
)

NAME_MAX = 60
DEFAULT_HOST_COMMISSION_BP = 500


@transaction.atomic
def add_farmer(
    *,
    actor: User,
    shop: Shop,
    name: str,
    village: Village,
    phone: str,
    now: datetime,
    host_commission_bp: int = DEFAULT_HOST_COMMISSION_BP,
    floor_price_bp: int = 0,
    story: str = "",
    portrait: Photo | None = None,
) -> Farmer:
    """Write down a farmer who lets this shop sell, with the terms agreed; no account is needed.

    Who sold through this shop before is the same farmer again.

    Rates in basis points. Raises NotFound for a stranger's shop or photo, Invalid with `fields`.
    """
    if not is_member(actor, shop):
        raise NotFound()
    contact_phone = _checked_person(name, phone, host_commission_bp, floor_price_bp)
    _check_portrait(actor, portrait)
    known = {"authorizations__shop": shop, "name": name.strip(), "contact__phone": contact_phone}
    farmer = Farmer.objects.filter(**known).first()
    if farmer is None:
        contact = Contact.objects.create(name=name.strip(), phone=contact_phone)
        farmer = Farmer.objects.create(
            name=name.strip(),
            village=village,
            contact=contact,
            story=story.strip(),
            portrait=portrait,
            created_at=now,
        )
    elif farmer.authorizations.filter(shop=shop, status=AuthorizationStatus.GRANTED).exists():
        raise Invalid(fields={"name": _("This farmer is already in your list.")})
    _grant(actor, farmer, {"shop": shop}, host_commission_bp, floor_price_bp, now)
    return farmer


@transaction.atomic
def update_farmer(
    *,
    actor: User,
    farmer: Farmer,
    name: str,
    village: Village,
    phone: str,
    story: str = "",
    portrait: Photo | None = None,
    public_name: str | None = None,
    now: datetime,
) -> Farmer:
    """Correct what is written about a farmer of the actor's; a farmer with an account keeps their own number.

    Without `public_name` the name that strangers read stays. Raises NotFound, NotAllowed for a host, Invalid.
    """
    farmer = _own_farmer(actor, farmer)
    contact_phone = _checked_person(name, phone, 0, 0)
    if portrait is not None and portrait.pk != farmer.portrait_id:
        _check_portrait(actor, portrait)
    contact = farmer.contact
    is_phone_changed = contact.phone != contact_phone
    if is_phone_changed and contact.user_id is not None:
        raise Invalid(fields={"phone": _("This farmer has an account and keeps the number there.")})
    farmer.name, farmer.village, farmer.story, farmer.portrait = (
        name.strip(),
        village,
        story.strip(),
        portrait,
    )
    if public_name is not None:
        farmer.public_name = _checked_public_name(public_name)
    farmer.save(update_fields=["name", "village", "story", "portrait", "public_name"])
    if contact.user_id is None:
        contact.name, contact.phone = farmer.name, contact_phone
        contact.save(update_fields=["name", "phone"])
    record(
        actor=actor_of(actor),
        action="shops.farmer_changed",
        target=f"farmer:{farmer.pk}",
        after={"phone_changed": is_phone_changed, "public_name": farmer.public_name},
        now=now,
    )
    return farmer


@transaction.atomic
def set_public_name(*, actor: User, farmer: Farmer, public_name: str, now: datetime, reason: str) -> Farmer:
    """Write down as an operator how a farmer lets strangers call them; empty: by the given name.

    NotAllowed, Invalid.
    """
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()
    words, name = _given(reason), _checked_public_name(public_name)
    farmer = Farmer.objects.select_for_update(of=["self"]).get(pk=farmer.pk)
    before, farmer.public_name = farmer.public_name, name
    farmer.save(update_fields=["public_name"])
    record(
        actor=actor_of(actor),
        action="shops.farmer_public_name",
        target=f"farmer:{farmer.pk}",
        before={"public_name": before},
        after={"public_name": name},
        reason=words,
        now=now,
    )
    return farmer


@transaction.atomic
def authorize(
    *,
    actor: User,
    farmer: Farmer,
    now: datetime,
    shop: Shop | None = None,
    host: Host | None = None,
    host_commission_bp: int = 0,
    floor_price_bp: int = 0,
) -> FarmerAuthorization:
    """Write down that a farmer of the actor's lets a shop or a host sell on these terms, from now on.

    Earlier terms with the same shop or host are kept as history; a host cannot write their own.
    Raises NotFound, NotAllowed, Invalid.
    """
    farmer = _own_farmer(actor, farmer)
    if (shop is None) == (host is None):
        raise Invalid(fields={"shop": _("Name one shop or one host.")})
    if shop is not None and not is_member(actor, shop):
        raise NotFound()
    if host is not None and host.status == HostStatus.SUSPENDED:
        raise NotFound()
    _check_rates(host_commission_bp, floor_price_bp)
    grantee = {"shop": shop} if shop is not None else {"host": host}
    current = farmer.authorizations.filter(status=AuthorizationStatus.GRANTED, **grantee)
    current.update(status=AuthorizationStatus.REVOKED, revoked_at=now)
    granted = _grant(actor, farmer, grantee, host_commission_bp, floor_price_bp, now)
    if shop is not None:
        apply_new_terms(authorization=granted, now=now)
    return granted


@transaction.atomic
def revoke(*, actor: User, authorization: FarmerAuthorization, now: datetime) -> FarmerAuthorization:
    """End a farmer's consent from now on; what was sold stays sold. Revoking again changes nothing.

    Raises NotFound.
    """
    _own_farmer(actor, authorization.farmer)
    authorization = FarmerAuthorization.objects.select_for_update().get(pk=authorization.pk)
    if authorization.status == AuthorizationStatus.REVOKED:
        return authorization
    authorization.status, authorization.revoked_at = AuthorizationStatus.REVOKED, now
    authorization.save(update_fields=["status", "revoked_at"])
    record(
        actor=actor_of(actor),
        action="shops.authorization_revoked",
        target=f"farmerauthorization:{authorization.pk}",
        before={"status": AuthorizationStatus.GRANTED},
        after={"status": AuthorizationStatus.REVOKED},
        now=now,
    )
    if authorization.shop is not None:
        hold_lots_of(farmer=authorization.farmer, shop=authorization.shop, actor=actor, now=now)
    return authorization


def submit_shop(*, actor: User, shop: Shop, now: datetime) -> Shop:
    """Hand a shop to the operator for opening; by its owner. NotFound, MoveRefused."""
    if not shop.memberships.filter(user=actor, role=ShopRole.OWNER).exists():
        raise NotFound()
    return _move(actor, shop, SHOP_MOVES, ShopStatus.PENDING, now, "")


def approve_shop(*, actor: User, shop: Shop, now: datetime, reason: str = "") -> Shop:
    """Open a shop that waits for the operator. NotAllowed, MoveRefused."""
    return _decide(actor, shop, SHOP_MOVES, ShopStatus.OPEN, now, reason)


def reopen_shop(*, actor: User, shop: Shop, now: datetime, reason: str = "") -> Shop:
    """Let a suspended shop sell again. NotAllowed, MoveRefused."""
    return _decide(actor, shop, SHOP_MOVES, ShopStatus.OPEN, now, reason)


def suspend_shop(*, actor: User, shop: Shop, now: datetime, reason: str) -> Shop:
    """Take a shop and its goods off the market; the operator says why. NotAllowed, MoveRefused, Invalid."""
    return _decide(actor, shop, SHOP_MOVES, ShopStatus.SUSPENDED, now, _given(reason))


def close_shop(*, actor: User, shop: Shop, now: datetime, reason: str) -> Shop:
    """Close a shop for good; the operator says why. NotAllowed, MoveRefused, Invalid."""
    return _decide(actor, shop, SHOP_MOVES, ShopStatus.CLOSED, now, _given(reason))


@transaction.atomic
def set_standing(*, actor: User, shop: Shop, standing: str, now: datetime, reason: str) -> Shop:
    """Write down whether money may be taken for a shop, and which papers say so. NotAllowed, Invalid."""
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()
    if standing not in ShopStanding.values:
        raise Invalid(fields={"standing": Invalid.message})
    words = _given(reason)
    shop = Shop.objects.select_for_update().get(pk=shop.pk)
    before, shop.standing = shop.standing, standing
    shop.save(update_fields=["standing"])
    record(
        actor=actor_of(actor),
        action="shops.shop_standing",
        target=f"shop:{shop.pk}",
        before={"standing": before},
        after={"standing": standing},
        reason=words,
        now=now,
    )
    return shop


def approve_host(*, actor: User, host: Host, now: datetime, reason: str = "") -> Host:
    """Let a host present, at first or again. NotAllowed, MoveRefused."""
    return _decide(actor, host, HOST_MOVES, HostStatus.ACTIVE, now, reason)


def suspend_host(*, actor: User, host: Host, now: datetime, reason: str) -> Host:
    """Stop a host from going live; the operator says why. NotAllowed, MoveRefused, Invalid."""
    return _decide(actor, host, HOST_MOVES, HostStatus.SUSPENDED, now, _given(reason))


def _decide(actor: User, thing: models.Model, moves: Moves, target: str, now: datetime, reason: str):
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()
    return _move(actor, thing, moves, target, now, reason)


@transaction.atomic
def _move(actor: User, thing: models.Model, moves: Moves, target: str, now: datetime, reason: str):
    thing = type(thing).objects.select_for_update().get(pk=thing.pk)
    before = thing.status
    check_move(moves, before, target)
    thing.status = target
    thing.save(update_fields=["status"])
    record(
        actor=actor_of(actor),
        action=f"shops.{thing._meta.model_name}_{target}",
        target=f"{thing._meta.model_name}:{thing.pk}",
        before={"status": before},
        after={"status": target},
        reason=reason,
        now=now,
    )
    return thing


def _given(reason: str) -> str:
    if not reason.strip():
        raise Invalid(fields={"reason": _("Say why, so that the shop can be answered.")})
    return reason.strip()


def _own_farmer(actor: User, farmer: Farmer) -> Farmer:
    """Lock a farmer whose consent the actor may write down: a shop's member, or the farmer; never a host."""
    granted = FarmerAuthorization.objects.filter(
        farmer=farmer, status=AuthorizationStatus.GRANTED, shop__memberships__user=actor
    )
    if farmer.user_id != actor.pk and not granted.exists():
        raise NotAllowed() if farmers_of(actor).filter(pk=farmer.pk).exists() else NotFound()
    return Farmer.objects.select_for_update(of=["self"]).select_related("contact").get(pk=farmer.pk)


def _checked_public_name(public_name: str) -> str:
    name = " ".join(public_name.split())
    if len(name) > NAME_MAX:
        raise Invalid(fields={"public_name": Invalid.message})
    return name


def _check_portrait(actor: User, portrait: Photo | None) -> None:
    if portrait is not None and (portrait.uploaded_by_id != actor.pk or portrait.product_id is not None):
        raise NotFound()


def _checked_person(name: str, phone: str, host_commission_bp: int, floor_price_bp: int) -> str:
    fields = {}
    if not name.strip() or len(name.strip()) > NAME_MAX:
        fields["name"] = _("Enter the farmer's name.")
    normalized = ""
    try:
        normalized = normalize_phone(phone, allow_landline=True)
    except ValueError:
        fields["phone"] = _("Enter a telephone number, such as 138 1234 5678.")
    if fields:
        raise Invalid(fields=fields)
    _check_rates(host_commission_bp, floor_price_bp)
    return normalized


def _check_rates(host_commission_bp: int, floor_price_bp: int) -> None:
    fields = {}
    if not 0 <= host_commission_bp <= 5_000:
        fields["host_commission_bp"] = _("The host's share must be between 0 and 50 %.")
    if not 0 <= floor_price_bp <= 10_000:
        fields["floor_price_bp"] = _(
            "The lowest price must be between 0 and 100 percent of the listed price."
        )
    if fields:
        raise Invalid(fields=fields)


def _grant(
    actor: User,
    farmer: Farmer,
    grantee: dict[str, Shop | Host],
    host_commission_bp: int,
    floor_price_bp: int,
    now: datetime,
) -> FarmerAuthorization:
    authorization = FarmerAuthorization.objects.create(
        farmer=farmer,
        host_commission_bp=host_commission_bp,
        floor_price_bp=floor_price_bp,
        granted_at=now,
        **grantee,
    )
    record(
        actor=actor_of(actor),
        action="shops.authorization_granted",
        target=f"farmerauthorization:{authorization.pk}",
        after={
            "farmer": farmer.pk,
            **{kind: thing.pk for kind, thing in grantee.items()},
            "host_commission_bp": host_commission_bp,
            "floor_price_bp": floor_price_bp,
        },
        now=now,
    )
    return authorization
