"""Listings: what is sold, at which price. Price and stock are changed apart from each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from common.audit import actor_of, record
from common.errors import Invalid, NotFound
from common.money import yuan_text
from shops.errors import FarmerFixed, PriceBelowFloor
from shops.models import Category, Farmer, FreightTemplate, Lot, Product, Shop, Variant, Village
from shops.searching import fold
from shops.selectors import can_sell_for, is_member
from shops.services.photos import add_photo, arrange_photos
from shops.services.publishing import archive_product, check_weighed, publish_product, reject_product
from shops.services.stock import set_available, tell_rooms
from shops.statuses import ProductStatus

__all__ = [
    "ListingData",
    "VariantData",
    "add_photo",
    "archive_product",
    "publish_product",
    "reject_product",
    "save_and_publish",
    "save_product",
]

PRICE_MAX_FEN = 100_000_000
STOCK_MAX = 1_000_000
TITLE_MAX = 80
UNIT_MAX = 40


@dataclass(frozen=True)
class VariantData:
    """What is bought. `pk` names an existing variant; `stock` is what is free now, None leaves it alone."""

    name: str
    price_fen: int
    stock: int | None = None
    weight_g: int | None = None
    pk: int | None = None


@dataclass(frozen=True)
class ListingData:
    """A listing as a member wants it. None for variants or photos leaves those as they are."""

    title: str
    category: Category
    village: Village
    farmer: Farmer | None = None
    description: str = ""
    variants: Sequence[VariantData] | None = None
    photo_ids: Sequence[int] | None = None
    freight_template: FreightTemplate | None = None


@transaction.atomic
def save_product(
    *, actor: User, shop: Shop, data: ListingData, now: datetime, product: Product | None = None
) -> Product:
    """Write a new draft or change a listing; variants that are left out of a given list are no longer sold.

    Raises NotFound for a shop, farmer, variant or photo that is not the actor's to use, Invalid with
    `fields`, and FarmerFixed when units of another farmer are already in stock.
    """
    if not is_member(actor, shop) or (product is not None and product.shop_id != shop.pk):
        raise NotFound()
    if data.farmer is not None and not can_sell_for(shop=shop, farmer=data.farmer):
        raise NotFound()
    if data.freight_template is not None and data.freight_template.shop_id != shop.pk:
        raise NotFound()
    _check(data)
    if product is None:
        product = Product(shop=shop, created_at=now)
    else:
        product = Product.objects.select_for_update(of=["self"]).select_related("shop").get(pk=product.pk)
        _check_farmer(product, data.farmer)
    product.title = data.title.strip()
    product.description = data.description.strip()
    product.category, product.village, product.farmer = data.category, data.village, data.farmer
    product.freight_template = data.freight_template
    product.search_text = search_text(data=data, shop=shop)
    product.save()
    if data.variants is not None:
        _save_variants(actor, product, data.variants, now)
    if data.photo_ids is not None:
        arrange_photos(actor=actor, product=product, photo_ids=data.photo_ids)
    check_weighed(product)
    return product


@transaction.atomic
def save_and_publish(
    *, actor: User, shop: Shop, data: ListingData, now: datetime, product: Product | None = None
) -> Product:
    """Write a listing and put it on sale, both or neither; what is on sale stays so.

    Raises what `save_product` and `publish_product` raise.
    """
    product = save_product(actor=actor, shop=shop, data=data, now=now, product=product)
    if product.status in (ProductStatus.PUBLISHED, ProductStatus.IN_REVIEW):
        return product
    return publish_product(actor=actor, product=product, now=now)


def search_text(*, data: ListingData, shop: Shop) -> str:
    """Return what a search looks through: one line, folded to one width and case."""
    words = [data.title, data.category.name, data.category.name_en, data.village.name, data.village.name_en]
    words += [data.farmer.name if data.farmer else "", shop.name, data.description[:500]]
    return fold(" ".join(words))


def _check(data: ListingData) -> None:
    fields = {}
    if not data.title.strip():
        fields["title"] = _("Give it a name.")
    elif len(data.title.strip()) > TITLE_MAX:
        fields["title"] = _("This name is too long.")
    for variant in data.variants or ():
        if not 0 < variant.price_fen <= PRICE_MAX_FEN:
            fields["price_fen"] = _("The price must be between ¥0.01 and ¥%(most)s.") % {
                "most": yuan_text(PRICE_MAX_FEN)
            }
        if variant.stock is not None and not 0 <= variant.stock <= STOCK_MAX:
            fields["stock"] = _("The stock must be between 0 and %(most)s.") % {"most": f"{STOCK_MAX:,}"}
        if not variant.name.strip() or len(variant.name.strip()) > UNIT_MAX:
            fields["name"] = _("Say what one piece is, for example “500 g box”.")
    if data.variants is not None and not data.variants:
        fields["variants"] = _("Say what it costs.")
    if fields:
        raise Invalid(fields=fields)


def _check_farmer(product: Product, farmer: Farmer | None) -> None:
    farmer_id = farmer.pk if farmer else None
    if product.farmer_id == farmer_id:
        return
    is_pooled = product.variants.filter(allocation_policies__version=1).exists()
    if is_pooled or Lot.objects.filter(variant__product=product).exclude(farmer_id=farmer_id).exists():
        raise FarmerFixed()


def _save_variants(actor: User, product: Product, wanted: Sequence[VariantData], now: datetime) -> None:
    existing = {variant.pk: variant for variant in product.variants.select_for_update().order_by("pk")}
    kept = []
    for position, data in enumerate(wanted):
        variant = existing.get(data.pk) if data.pk else Variant(product=product)
        if variant is None:
            raise NotFound()
        before = variant.price_fen
        if variant.pk is not None and data.price_fen != before:
            _check_floor(variant, data.price_fen)
        variant.name, variant.price_fen = data.name.strip(), data.price_fen
        variant.weight_g, variant.position, variant.is_active = data.weight_g, position, True
        is_new = variant.pk is None
        variant.save()
        kept.append(variant.pk)
        if not is_new and before != variant.price_fen:
            record(
                actor=actor_of(actor),
                action="shops.price_changed",
                target=f"variant:{variant.pk}",
                before={"price_fen": before},
                after={"price_fen": variant.price_fen},
                now=now,
            )
            tell_rooms(variant)
        if is_new or data.stock is not None:
            set_available(variant=variant, available=data.stock or 0, actor=actor, now=now)
    product.variants.exclude(pk__in=kept).filter(is_active=True).update(is_active=False)


def _check_floor(variant: Variant, price_fen: int) -> None:
    sheet = variant.term_sheets.order_by("-version").first()
    if sheet is not None and price_fen < sheet.floor_fen:
        words = _("The farmers who share this stock agreed to ¥%(floor)s or more.") % {
            "floor": yuan_text(sheet.floor_fen)
        }
        raise PriceBelowFloor(words, fields={"price_fen": words})
