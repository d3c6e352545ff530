"""A listing goes on sale, comes off, and waits meanwhile for its photos."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from common.audit import actor_of, record
from common.errors import Invalid, NotAllowed, NotFound
from common.moves import check_move
from notifications.services.telling import in_language_of, tell
from shops.errors import ListingIncomplete, ShopNotSelling
from shops.models import Product
from shops.selectors import is_member, listings_without_weight
from shops.statuses import PRODUCT_MOVES, PhotoStatus, ProductStatus, ShopStatus

NO_USABLE_PHOTO = "no_usable_photo"


@transaction.atomic
def publish_product(*, actor: User, product: Product, now: datetime) -> Product:
    """Put a complete listing on sale: at once when a photo is ready, else as soon as one is.

    Raises NotFound, ListingIncomplete, ShopNotSelling or MoveRefused.
    """
    product = _locked(actor, product)
    if product.shop.status in (ShopStatus.SUSPENDED, ShopStatus.CLOSED):
        raise ShopNotSelling()
    has_ready = product.photos.filter(status=PhotoStatus.READY).exists()
    target = ProductStatus.PUBLISHED if has_ready else ProductStatus.IN_REVIEW
    check_move(PRODUCT_MOVES, product.status, target)
    _check_complete(product)
    _move(actor, product, target, now)
    check_weighed(product)
    return product


def check_weighed(product: Product) -> None:
    """Refuse with ListingIncomplete what is on sale, sent by weight, and was not weighed."""
    if listings_without_weight(product.shop, product.pk):
        raise ListingIncomplete(fields={"weight_g": _("Freight is by weight: say what one piece weighs.")})


@transaction.atomic
def archive_product(*, actor: User, product: Product, now: datetime) -> Product:
    """Take a listing off sale; what was ordered is not touched. NotFound, MoveRefused."""
    product = _locked(actor, product)
    check_move(PRODUCT_MOVES, product.status, ProductStatus.ARCHIVED)
    _move(actor, product, ProductStatus.ARCHIVED, now)
    return product


@transaction.atomic
def reject_product(*, actor: User, product: Product, reason: str, now: datetime) -> Product:
    """Take a listing off the market by the operator's word and tell its shop why.

    Raises NotAllowed, Invalid without a reason, MoveRefused.
    """
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()
    if not reason.strip():
        raise Invalid(fields={"reason": _("Say why, so that the shop can be answered.")})
    product = (
        Product.objects.select_for_update(of=["self"]).select_related("shop__contact").get(pk=product.pk)
    )
    check_move(PRODUCT_MOVES, product.status, ProductStatus.REJECTED)
    _move(actor, product, ProductStatus.REJECTED, now, reason=reason.strip()[:200])
    _tell_rejected(product, now, reason.strip())
    return product


@transaction.atomic
def settle_review(*, product_id: int, now: datetime) -> None:
    """Publish a waiting listing once a photo is ready; reject it and tell its shop when none can be."""
    product = (
        Product.objects.select_for_update(of=["self"]).select_related("shop__contact").get(pk=product_id)
    )
    if product.status != ProductStatus.IN_REVIEW:
        return
    statuses = set(product.photos.values_list("status", flat=True))
    if PhotoStatus.READY in statuses:
        _move(None, product, ProductStatus.PUBLISHED, now)
    elif PhotoStatus.UPLOADED not in statuses:
        _move(None, product, ProductStatus.REJECTED, now, reason=NO_USABLE_PHOTO)
        _tell_rejected(product, now)


def _locked(actor: User, product: Product) -> Product:
    if not is_member(actor, product.shop):
        raise NotFound()
    return Product.objects.select_for_update(of=["self"]).select_related("shop").get(pk=product.pk)


def _check_complete(product: Product) -> None:
    fields = {}
    if not product.title.strip():
        fields["title"] = _("Give it a name.")
    if not product.variants.filter(Q(is_active=True)).exists():
        fields["price"] = _("Say what it costs.")
    if not product.photos.exclude(status=PhotoStatus.REJECTED).exists():
        fields["photos"] = _("Add at least one photo.")
    if fields:
        raise ListingIncomplete(fields=fields)


def _move(actor: User | None, product: Product, target: str, now: datetime, reason: str = "") -> None:
    before = product.status
    product.status = target
    product.rejected_reason = reason
    if target == ProductStatus.PUBLISHED and product.published_at is None:
        product.published_at = now
    product.save(update_fields=["status", "rejected_reason", "published_at"])
    record(
        actor=actor_of(actor),
        action=f"shops.product_{target}",
        target=f"product:{product.pk}",
        before={"status": before},
        after={"status": target},
        reason=reason,
        now=now,
    )


def _tell_rejected(product: Product, now: datetime, reason: str = "") -> None:
    contact = product.shop.contact
    with in_language_of(contact):
        title, body = _("A photo could not be used"), _("Please take its photo again.")
        if reason:
            title, body = _("A listing was taken off sale"), reason
        tell(
            contact_id=contact.pk,
            kind="product_rejected",
            title=title,
            body=f"{product.title}: {body}",
            url=f"/desk/goods/{product.pk}/",
            dedupe_key=f"product:{product.pk}:rejected:{now:%Y%m%d%H%M%S}",
            now=now,
        )
