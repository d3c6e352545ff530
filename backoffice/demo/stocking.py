"""The village's people, places and goods, through the services that people use."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from accounts.selectors import find_user
from accounts.services.addresses import save_address
from accounts.services.contacts import contact_of
from backoffice.demo.cast import Cast
from backoffice.demo.goods import CATEGORIES, DEMO_PRODUCTS, DemoProduct
from backoffice.demo.people import (
    DEMO_ADDRESSES,
    DEMO_FARMERS,
    DEMO_PEOPLE,
    DEMO_SHOPS,
    VILLAGES,
    DemoFarmer,
    DemoPerson,
    DemoShop,
    DemoVillage,
)
from backoffice.demo.steps import Answer, Steps
from backoffice.demo.studio import Studio
from payouts.services.opening import open_period_for
from shops.models import Category, Host, Photo, Product, Shop, ShopMember, Village
from shops.services.listing import ListingData, VariantData, add_photo, publish_product, save_product
from shops.services.people import add_farmer, approve_host, approve_shop, authorize, submit_shop
from shops.services.photos import process_photo
from shops.statuses import ShopRole

HOST = "zhuoma"
OPERATOR = "operator"
SHOP_COMMISSION_BP = 500
HOST_COMMISSIONS_BP = (500, 600, 800)
# On air, no less than three quarters of the listed price.
FLOOR_PRICE_BP = 7500
SHOP_PICTURES = {"snowline": "village/qingke", "songhua": "village/songhua"}
# One new listing a day, the newest two days old.
LISTED_FIRST = timedelta(days=34)
LISTED_EVERY = timedelta(days=1, hours=9)


def pictures_to_draw(steps: Steps) -> Iterator[str]:
    """Yield the names of the pictures that are still needed, in the order of their use."""
    for person in DEMO_PEOPLE:
        if person.key == HOST and not steps.is_done("host"):
            yield f"portrait/{person.key}"
    yield from (f"village/{one.key}" for one in VILLAGES if not steps.is_done(f"village {one.key}"))
    yield from (f"portrait/{one.key}" for one in DEMO_FARMERS if not steps.is_done(f"farmer {one.key}"))
    yield from (f"product/{one.key}" for one in DEMO_PRODUCTS if not steps.is_done(f"product {one.key}"))


def stock_village(steps: Steps, studio: Studio) -> Iterator[str]:
    """Bring in people, places and goods; yields a line a step for whoever waits."""
    cast, now = Cast(steps), steps.calendar.opened_at
    for person in DEMO_PEOPLE:
        steps.once(f"person {person.key}", lambda one=person: _person(one, now))
    steps.once("categories", _categories)
    for village in VILLAGES:
        steps.once(
            f"village {village.key}",
            lambda one=village: _village(cast, studio, one, now),
            prepare=partial(studio.picture, f"village/{village.key}"),
        )
    yield f"people and {len(VILLAGES)} villages"
    portrait = partial(studio.picture, f"portrait/{HOST}")
    steps.once("host", lambda: _host(cast, studio, now), prepare=portrait)
    for shop in DEMO_SHOPS:
        steps.once(
            f"shop {shop.key}",
            lambda one=shop: _shop(steps, cast, studio, one, now),
            prepare=partial(studio.picture, SHOP_PICTURES[shop.key]),
        )
    for number, farmer in enumerate(DEMO_FARMERS):
        steps.once(
            f"farmer {farmer.key}",
            lambda one=farmer, n=number: _farmer(cast, studio, one, n, now),
            prepare=partial(studio.picture, f"portrait/{farmer.key}"),
        )
        if (number + 1) % 4 == 0:
            yield f"{number + 1} of {len(DEMO_FARMERS)} farmers"
    for number, product in enumerate(DEMO_PRODUCTS):
        listed_at = steps.calendar.now - LISTED_FIRST + number * LISTED_EVERY
        steps.once(
            f"product {product.key}",
            lambda one=product, at=listed_at: _product(cast, studio, one, at),
            prepare=partial(studio.picture, f"product/{product.key}"),
        )
        if (number + 1) % 6 == 0:
            yield f"{number + 1} of {len(DEMO_PRODUCTS)} products"


def photograph(
    studio: Studio, name: str, *, actor: User, now: datetime, product: Product | None = None
) -> Photo:
    """Send a picture as a phone does, and make its sizes at once as the worker does."""
    file = SimpleUploadedFile(f"{name.replace('/', '-')}.jpg", studio.picture(name), "image/jpeg")
    photo = add_photo(actor=actor, product=product, file=file, now=now)
    process_photo(photo_id=photo.pk, now=now)
    photo.refresh_from_db()
    return photo


def _person(person: DemoPerson, now: datetime) -> Answer:
    user = find_user(person.identifier)
    if user is None:
        is_operator = person.role == "operator"
        user = User.objects.create_user(
            phone=person.phone,
            email=person.email,
            password=person.password,
            display_name=person.name,
            language=person.language,
            is_staff=is_operator,
            is_superuser=is_operator,
            joined_at=now,
        )
    contact_of(user)
    made = {"user": user.pk}
    if person.key in DEMO_ADDRESSES:
        names = ("recipient", "phone", "region_code", "region", "detail")
        data = dict(zip(names, DEMO_ADDRESSES[person.key], strict=True)) | {"is_default": True}
        made["address"] = save_address(user=user, data=data).pk
    return made


def _categories() -> None:
    for position, category in enumerate(CATEGORIES):
        Category.objects.get_or_create(
            slug=category.slug,
            defaults={"name": category.name, "name_en": category.name_en, "position": position},
        )


def _village(cast: Cast, studio: Studio, one: DemoVillage, now: datetime) -> Answer:
    photo = photograph(studio, f"village/{one.key}", actor=cast.user(OPERATOR), now=now)
    village, _made = Village.objects.get_or_create(
        region_code=one.region_code,
        name=one.name,
        defaults={
            "name_en": one.name_en,
            "county": one.county,
            "latitude": one.latitude,
            "longitude": one.longitude,
            "altitude_m": one.altitude_m,
            "is_supported": one.is_supported,
            "story": one.story,
            "photo": photo,
        },
    )
    return {"village": village.pk}


def _host(cast: Cast, studio: Studio, now: datetime) -> Answer:
    person = next(person for person in DEMO_PEOPLE if person.key == HOST)
    user = cast.user(HOST)
    host = Host.objects.create(
        user=user,
        name=person.name,
        village=cast.village(person.village),
        contact=contact_of(user),
        portrait=photograph(studio, f"portrait/{HOST}", actor=user, now=now),
        about=person.about,
        created_at=now,
    )
    approve_host(actor=cast.user(OPERATOR), host=host, now=now)
    return {"host": host.pk}


def _shop(steps: Steps, cast: Cast, studio: Studio, one: DemoShop, now: datetime) -> Answer:
    owner = cast.user(one.owner)
    shop = Shop.objects.create(
        name=one.name,
        village=cast.village(one.village),
        about=one.about,
        contact=contact_of(owner),
        photo=photograph(studio, SHOP_PICTURES[one.key], actor=owner, now=now),
        created_at=now,
    )
    ShopMember.objects.create(shop=shop, user=owner, role=ShopRole.OWNER)
    submit_shop(actor=owner, shop=shop, now=now)
    approve_shop(actor=cast.user(OPERATOR), shop=shop, now=now)
    # The story's first sales belong to last week's period, not to the one that runs.
    open_period_for(shop=shop, now=steps.calendar.last_week)
    return {"shop": shop.pk}


def _farmer(cast: Cast, studio: Studio, one: DemoFarmer, number: int, now: datetime) -> Answer:
    shop = next(shop for shop in DEMO_SHOPS if one.key in shop.farmers)
    owner = cast.user(shop.owner)
    farmer = add_farmer(
        actor=owner,
        shop=cast.shop(shop.key),
        name=one.name,
        village=cast.village(one.village),
        # No telephone in the house: the co-operative takes the message.
        phone=one.phone or owner.phone,
        story=one.story,
        portrait=photograph(studio, f"portrait/{one.key}", actor=owner, now=now),
        host_commission_bp=SHOP_COMMISSION_BP,
        floor_price_bp=FLOOR_PRICE_BP,
        now=now,
    )
    authorize(
        actor=owner,
        farmer=farmer,
        host=cast.host(),
        host_commission_bp=HOST_COMMISSIONS_BP[number % len(HOST_COMMISSIONS_BP)],
        floor_price_bp=FLOOR_PRICE_BP,
        now=now,
    )
    return {"farmer": farmer.pk}


def _product(cast: Cast, studio: Studio, one: DemoProduct, now: datetime) -> Answer:
    home = next(shop for shop in DEMO_SHOPS if one.farmer in shop.farmers)
    owner, shop = cast.user(home.owner), cast.shop(home.key)
    data = ListingData(
        title=one.name,
        category=Category.objects.get(slug=one.category),
        village=cast.village(one.village),
        farmer=cast.farmer(one.farmer),
        description=f"{one.description}\n\n{one.description_en}",
        variants=[
            VariantData(name=one.unit, price_fen=one.price_fen, stock=one.stock, weight_g=one.weight_g)
        ],
    )
    product = save_product(actor=owner, shop=shop, data=data, now=now)
    photograph(studio, f"product/{one.key}", actor=owner, product=product, now=now)
    publish_product(actor=owner, product=product, now=now)
    return {"product": product.pk, "variant": product.variants.get().pk}
