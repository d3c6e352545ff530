"""Places, people of the market and goods, as rows. Times are UTC, money is fen."""

from datetime import UTC, datetime
from itertools import count

from accounts.models import Contact, User
from shops.models import (
    Category,
    Farmer,
    FarmerAuthorization,
    Host,
    Lot,
    Photo,
    Product,
    Shop,
    ShopMember,
    StockMovement,
    Variant,
    VariantStock,
    Village,
)
from shops.statuses import HostStatus, MovementKind, PhotoStatus, ProductStatus, ShopRole, ShopStatus

NOW = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
_numbers = count(1)


def next_phone() -> str:
    """Return a mainland mobile number that no other factory call has given."""
    return f"139{next(_numbers):08d}"


def make_person(*, name: str = "person", phone: str | None = None, **fields) -> User:
    """Make an account that signs in by SMS code (tests use `client.force_login`)."""
    return User.objects.create_user(phone=phone or next_phone(), display_name=name, **fields)


def make_contact(*, name: str, phone: str | None = None, user: User | None = None) -> Contact:
    """Make a contact, that of the user when there is one."""
    if user is not None:
        return Contact.objects.get_or_create(
            user=user, defaults={"name": name, "phone": user.phone or "", "email": user.email or ""}
        )[0]
    return Contact.objects.create(name=name, phone=phone or next_phone())


def make_village(*, name: str | None = None, **fields) -> Village:
    """Make a village in Shangri-La."""
    fields = {"name_en": "", "county": "香格里拉市", "region_code": "533401", "is_supported": True} | fields
    return Village.objects.create(name=name or f"村{next(_numbers)}", **fields)


def make_shop(
    *, owner: User, village: Village | None = None, name: str | None = None, status: str = ShopStatus.OPEN
) -> Shop:
    """Make a shop with its owner."""
    shop = Shop.objects.create(
        name=name or f"合作社{next(_numbers)}",
        village=village or make_village(),
        status=status,
        contact=make_contact(name=owner.display_name, user=owner),
        created_at=NOW,
    )
    add_member(shop=shop, user=owner, role=ShopRole.OWNER)
    return shop


def add_member(*, shop: Shop, user: User, role: str = ShopRole.CLERK) -> ShopMember:
    """Let a person work in a shop."""
    return ShopMember.objects.create(shop=shop, user=user, role=role)


def make_farmer(*, village: Village, name: str = "农户", phone: str | None = None, **fields) -> Farmer:
    """Make a farmer without an account; the phone is the contact's."""
    contact = make_contact(name=name, phone=phone)
    return Farmer.objects.create(name=name, village=village, contact=contact, created_at=NOW, **fields)


def make_host(*, user: User, village: Village, status: str = HostStatus.ACTIVE) -> Host:
    """Make a host of a person."""
    contact = make_contact(name=user.display_name, user=user)
    return Host.objects.create(
        user=user, name=user.display_name, village=village, contact=contact, status=status, created_at=NOW
    )


def authorize_shop(*, farmer: Farmer, shop: Shop, floor_price_bp: int = 0) -> FarmerAuthorization:
    """Let a shop sell a farmer's goods."""
    return FarmerAuthorization.objects.create(
        farmer=farmer, shop=shop, floor_price_bp=floor_price_bp, granted_at=NOW
    )


def authorize_host(
    *, farmer: Farmer, host: Host, host_commission_bp: int = 500, floor_price_bp: int = 0
) -> FarmerAuthorization:
    """Let a host sell a farmer's goods for a commission."""
    return FarmerAuthorization.objects.create(
        farmer=farmer,
        host=host,
        host_commission_bp=host_commission_bp,
        floor_price_bp=floor_price_bp,
        granted_at=NOW,
    )


def make_category(*, slug: str = "grain", name: str = "粮食", **fields) -> Category:
    """Return the category of that slug, made when missing."""
    return Category.objects.get_or_create(slug=slug, defaults={"name": name} | fields)[0]


def make_photo(
    *, product: Product | None = None, user: User | None = None, status: str = PhotoStatus.READY, **fields
) -> Photo:
    """Make a photo row; the files it names are not written."""
    photo = Photo(product=product, uploaded_by=user, status=status, created_at=NOW, original_sha256="0" * 64)
    if status == PhotoStatus.READY:
        folder = f"photos/{photo.public_id.hex[:2]}/{photo.public_id}"
        photo.sizes = {"360": f"{folder}/360.webp", "720": f"{folder}/720.webp"}
        photo.width, photo.height, photo.ready_at = 1280, 960, NOW
    for name, value in fields.items():
        setattr(photo, name, value)
    photo.save()
    return photo


def make_variant(
    *, product: Product, name: str = "500克", price_fen: int = 6800, stock: int = 100, **fields
) -> Variant:
    """Make a variant whose stock came in as one lot."""
    variant = Variant.objects.create(product=product, name=name, price_fen=price_fen, **fields)
    set_stock(variant=variant, quantity=stock)
    return variant


def set_stock(*, variant: Variant, quantity: int) -> None:
    """Bring in the first lot of a variant."""
    VariantStock.objects.create(variant=variant, available=quantity)
    if quantity:
        lot = Lot.objects.create(
            variant=variant,
            shop=variant.product.shop,
            farmer=variant.product.farmer,
            quantity=quantity,
            declared_at=NOW,
        )
        StockMovement.objects.create(
            variant=variant,
            lot=lot,
            kind=MovementKind.INTAKE,
            quantity=quantity,
            reference=f"lot:{lot.pk}",
            at=NOW,
        )


def make_product(
    *,
    shop: Shop,
    farmer: Farmer | None = None,
    title: str = "高山青稞米",
    price_fen: int = 6800,
    stock: int = 100,
    status: str = ProductStatus.PUBLISHED,
    category: Category | None = None,
    with_photo: bool = True,
    **fields,
) -> Product:
    """Make a product with one variant (`product.variants.get()`), its stock and a ready photo."""
    fields.setdefault("search_text", title)
    product = Product.objects.create(
        shop=shop,
        farmer=farmer,
        village=fields.pop("village", None) or (farmer.village if farmer else shop.village),
        category=category or make_category(),
        title=title,
        status=status,
        created_at=NOW,
        published_at=NOW if status == ProductStatus.PUBLISHED else None,
        **fields,
    )
    make_variant(product=product, price_fen=price_fen, stock=stock)
    if with_photo:
        make_photo(product=product)
    return product
