"""Reads of goods and people; whatever is read on behalf of a person starts from that person's scope."""

from collections.abc import Iterable, Mapping

from django.conf import settings
from django.db.models import Exists, Min, OuterRef, Prefetch, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from accounts.models import User
from common.errors import NotFound
from shops.freight import Terms
from shops.models import (
    Category,
    Farmer,
    FarmerAuthorization,
    FreightTemplate,
    Host,
    Lot,
    Photo,
    Product,
    Shop,
    ShopMember,
    TermSheet,
    Variant,
    Village,
)
from shops.searching import fold
from shops.statuses import AuthorizationStatus, LotStatus, PhotoStatus, ProductStatus, ShopRole, ShopStatus

SHOWN_LOTS = (LotStatus.AVAILABLE, LotStatus.DEPLETED, LotStatus.HELD, LotStatus.RECALLED)
ACTIVE = Q(variants__is_active=True)
ORDERINGS = {
    "newest": ("-published_at", "-pk"),
    "price": ("price_fen", "-pk"),
    "-price": ("-price_fen", "-pk"),
}


def is_member(user: User, shop: Shop) -> bool:
    """Tell whether the person works in the shop, as owner or clerk."""
    return user.is_authenticated and ShopMember.objects.filter(shop=shop, user=user).exists()


def is_owner(user: User, shop: Shop) -> bool:
    """Tell whether the person owns the shop."""
    return (
        user.is_authenticated
        and ShopMember.objects.filter(shop=shop, user=user, role=ShopRole.OWNER).exists()
    )


def shops_of(user: User) -> QuerySet[Shop]:
    """Return the shops the person works in, oldest first."""
    return Shop.objects.for_member(user).select_related("village").order_by("pk")


def get_shop_for(*, user: User, shop_id: int) -> Shop:
    """Return a shop the person works in; NotFound for a stranger's."""
    shop = shops_of(user).filter(pk=shop_id).first()
    if shop is None:
        raise NotFound()
    return shop


def visible_shops(user: User) -> QuerySet[Shop]:
    """Return open shops, and those the person works in whatever their state."""
    own = ShopMember.objects.filter(user=user.pk, shop=OuterRef("pk"))
    return (
        Shop.objects.filter(Q(status=ShopStatus.OPEN) | Exists(own))
        .select_related("village", "photo")
        .order_by("-pk")
    )


def farmers_of(user: User) -> QuerySet[Farmer]:
    """Return the farmers whose goods the person may sell, as shop member or as host."""
    return Farmer.objects.for_seller(user).select_related("village", "contact", "portrait").order_by("pk")


def farmers_of_shop(shop: Shop) -> QuerySet[Farmer]:
    """Return the farmers whose goods the shop may sell now."""
    granted = FarmerAuthorization.objects.filter(
        farmer=OuterRef("pk"), shop=shop, status=AuthorizationStatus.GRANTED
    )
    return (
        Farmer.objects.filter(Exists(granted)).select_related("village", "contact", "portrait").order_by("pk")
    )


def can_sell_for(*, shop: Shop, farmer: Farmer) -> bool:
    """Tell whether the farmer's consent for this shop stands."""
    return farmers_of_shop(shop).filter(pk=farmer.pk).exists()


def terms_of(*, product: Product, shop: Shop, host: Host | None = None) -> FarmerAuthorization | None:
    """Return the terms on which the host, else the shop, may sell this; None without a farmer or consent.

    A host without terms of their own presents on those of the shop.
    """
    if product.farmer_id is None:
        return None
    granted = FarmerAuthorization.objects.filter(farmer=product.farmer_id, status=AuthorizationStatus.GRANTED)
    own = granted.filter(host=host).first() if host is not None else None
    return own or granted.filter(shop=shop).first()


def with_prices(products: QuerySet[Product]) -> QuerySet[Product]:
    """Add `price_fen` (lowest active price) and `available` (free units) to each product."""
    return products.annotate(
        price_fen=Coalesce(Min("variants__price_fen", filter=ACTIVE), Value(0)),
        available=Coalesce(Sum("variants__stock__available", filter=ACTIVE), Value(0)),
    )


def with_details(products: QuerySet[Product]) -> QuerySet[Product]:
    """Load what a card or a page shows of each product, in a bounded number of queries."""
    return products.select_related(
        "shop", "category", "village", "farmer__village", "farmer__portrait"
    ).prefetch_related(
        Prefetch("photos", Photo.objects.order_by("position", "pk")),
        Prefetch(
            "variants",
            Variant.objects.filter(is_active=True).select_related("stock").order_by("position", "pk"),
        ),
    )


def published_products(filters: Mapping[str, object] | None = None) -> QuerySet[Product]:
    """Return what buyers may see, with prices and details.

    Filters (all optional): search, category (slug), village (pk), shop (pk), min_fen, max_fen, in_stock,
    ordering ("newest", "price", "-price").
    """
    filters = filters or {}
    products = with_details(with_prices(Product.objects.published()))
    products = search(products, str(filters.get("search") or ""))
    if filters.get("category"):
        products = products.filter(category__slug=filters["category"])
    if filters.get("village"):
        products = products.filter(village=filters["village"])
    if filters.get("shop"):
        products = products.filter(shop=filters["shop"])
    if filters.get("min_fen") is not None:
        products = products.filter(price_fen__gte=filters["min_fen"])
    if filters.get("max_fen") is not None:
        products = products.filter(price_fen__lte=filters["max_fen"])
    if filters.get("in_stock"):
        products = products.filter(available__gt=0)
    return products.order_by(*ORDERINGS.get(str(filters.get("ordering")), ORDERINGS["newest"]))


def search(products: QuerySet[Product], text: str) -> QuerySet[Product]:
    """Keep products in which every word occurs, in any part of a word: "青稞" finds 高山青稞米."""
    for word in fold(text)[:100].split()[:6]:
        products = products.filter(search_text__contains=word)
    return products


def visible_products(user: User) -> QuerySet[Product]:
    """Return published products, and those of the person's shops in any state, with prices and details."""
    own = ShopMember.objects.filter(user=user.pk, shop=OuterRef("shop"))
    published = Q(status=ProductStatus.PUBLISHED, shop__status=ShopStatus.OPEN)
    return with_details(with_prices(Product.objects.filter(published | Exists(own))))


def get_product_for(user: User, product_id: int) -> Product:
    """Return a product the person may see, with price and details; NotFound otherwise."""
    product = visible_products(user).filter(pk=product_id).first()
    if product is None:
        raise NotFound()
    return product


def get_own_product(*, user: User, product_id: int) -> Product:
    """Return a product of a shop the person works in; NotFound for a stranger's."""
    own = ShopMember.objects.filter(user=user.pk, shop=OuterRef("shop"))
    product = with_details(with_prices(Product.objects.filter(Exists(own)))).filter(pk=product_id).first()
    if product is None:
        raise NotFound()
    return product


def goods_of(user: User) -> QuerySet[Product]:
    """Return every product of the person's shops, newest first."""
    own = ShopMember.objects.filter(user=user.pk, shop=OuterRef("shop"))
    return with_details(with_prices(Product.objects.filter(Exists(own)))).order_by("-pk")


def list_categories() -> QuerySet[Category]:
    """Return the shelves in their order."""
    return Category.objects.order_by("position", "pk")


def list_villages() -> QuerySet[Village]:
    """Return the villages with their pictures."""
    return Village.objects.select_related("photo").order_by("pk")


def own_photos(user: User) -> QuerySet[Photo]:
    """Return photos that the person sent or that belong to goods of their shops."""
    own = ShopMember.objects.filter(user=user.pk, shop=OuterRef("product__shop"))
    return Photo.objects.filter(Q(uploaded_by=user.pk) | Exists(own))


def showable_photos(user: User) -> QuerySet[Photo]:
    """Return those of the person's photos that everybody may see."""
    return own_photos(user).filter(is_private=False)


def ready_photos(product: Product) -> list[Photo]:
    """Return the photos that may be shown, first one first (from what `with_details` loaded)."""
    return [photo for photo in product.photos.all() if photo.status == PhotoStatus.READY]


def photo_url(photo: Photo | None, width: int = 720) -> str:
    """Return the address of the smallest size that wide, else of the largest; "" when not ready."""
    if photo is None or photo.status != PhotoStatus.READY or not photo.sizes:
        return ""
    widths = sorted(int(key) for key in photo.sizes)
    chosen = next((candidate for candidate in widths if candidate >= width), widths[-1])
    return f"{_folder_url(photo)}{photo.sizes[str(chosen)]}"


def srcset(photo: Photo | None) -> str:
    """Return the `srcset` of a ready photo, else ""."""
    if photo is None or photo.status != PhotoStatus.READY:
        return ""
    widths = sorted(int(key) for key in photo.sizes)
    return ", ".join(f"{_folder_url(photo)}{photo.sizes[str(width)]} {width}w" for width in widths)


def _folder_url(photo: Photo) -> str:
    return f"{settings.MEDIA_URL}private/" if photo.is_private else settings.MEDIA_URL


def low_stock(user: User, *, below: int = 10) -> QuerySet[Variant]:
    """Return active variants on sale in the person's shops with fewer free units than `below`."""
    own = ShopMember.objects.filter(user=user.pk, shop=OuterRef("product__shop"))
    return (
        Variant.objects.filter(Exists(own), is_active=True, product__status=ProductStatus.PUBLISHED)
        .filter(stock__available__lt=below)
        .select_related("product", "stock")
        .order_by("stock__available", "pk")
    )


def last_listing(shop: Shop) -> Product | None:
    """Return what the shop listed last: the next one is often like it."""
    listed = Product.objects.filter(shop=shop).select_related("category", "village", "farmer")
    return listed.prefetch_related("variants").order_by("-pk").first()


def freight_terms_for(products: Iterable[Product]) -> dict[int, Terms | None]:
    """Return each product's terms of sending, by its pk: its own, its shop's default, or None for neither."""
    products = list(products)
    named = {product.freight_template_id for product in products if product.freight_template_id}
    shops = {product.shop_id for product in products if not product.freight_template_id}
    found = FreightTemplate.objects.filter(Q(pk__in=named) | Q(shop__in=shops, is_default=True))
    templates = list(found.prefetch_related("zones"))
    by_pk = {template.pk: template.terms for template in templates}
    by_shop = {template.shop_id: by_pk[template.pk] for template in templates if template.is_default}
    return {
        product.pk: by_pk[product.freight_template_id]
        if product.freight_template_id
        else by_shop.get(product.shop_id)
        for product in products
    }


def freight_templates_of(user: User) -> QuerySet[FreightTemplate]:
    """Return the freight templates of the person's shops, each shop's default first."""
    own = FreightTemplate.objects.for_member(user).prefetch_related("zones")
    return own.order_by("shop", "-is_default", "pk")


def listings_without_weight(shop: Shop, product_id: int | None = None) -> list[Product]:
    """Return what is on sale by a template that counts weight, and has a unit that nobody weighed."""
    products = Product.objects.filter(
        shop=shop,
        status__in=(ProductStatus.PUBLISHED, ProductStatus.IN_REVIEW),
        variants__is_active=True,
        variants__weight_g=None,
    )
    if product_id is not None:
        products = products.filter(pk=product_id)
    products = list(products.distinct().order_by("pk"))
    terms = freight_terms_for(products)
    return [one for one in products if terms[one.pk] is not None and terms[one.pk].measure == "weight"]


def is_pooled(variant: Variant) -> bool:
    """Say whether a variant's units belong to the lots of many farmers."""
    return variant.allocation_policies.exists()


def term_sheet_of(variant: Variant) -> TermSheet | None:
    """Return the terms on which a pooled variant is sold now; None for goods of one farmer or of the shop."""
    if variant.product.farmer_id is not None:
        return None
    return variant.term_sheets.order_by("-version").first()


def get_lot_by_code(code: str) -> Lot:
    """Return a lot that buyers may have, for its public page; NotFound."""
    lots = Lot.objects.select_related(
        "farmer__village", "farmer__portrait", "shop", "photo", "variant__product__village"
    )
    lot = lots.filter(code=code.upper(), status__in=SHOWN_LOTS).first()
    if lot is None:
        raise NotFound()
    return lot


def growers_of(product: Product) -> list[Farmer]:
    """Return whose lots of a product can be bought now, where many share its stock."""
    if product.farmer_id is not None:
        return []
    brought = Lot.objects.filter(variant__product=product, status=LotStatus.AVAILABLE)
    farmers = Farmer.objects.filter(pk__in=brought.values("farmer")).select_related("village", "portrait")
    return list(farmers.order_by("pk")[:20])


def own_lots(user: User, product: Product) -> list[Lot]:
    """Return what was brought for a product of the person's shops, the newest first."""
    lots = Lot.objects.filter(variant__product=product, shop__in=shops_of(user))
    return list(lots.select_related("farmer", "variant", "photo").order_by("-pk")[:100])


def get_own_lot(user: User, lot_id: int) -> Lot:
    """Return a lot of the person's shops; NotFound."""
    lots = Lot.objects.select_related("farmer__village", "shop", "photo", "variant__product")
    lot = lots.filter(pk=lot_id, shop__in=shops_of(user)).first()
    if lot is None:
        raise NotFound()
    return lot
