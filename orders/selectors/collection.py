"""For whom the market may take money (decisions.md 16). Only production takes real money."""

from collections.abc import Iterable

from django.conf import settings

from orders.errors import ShopByShop, ShopNotChecked
from orders.statuses import CollectionMode
from shops.models import Shop
from shops.statuses import ShopStanding

# Whose money each lawful way allows to take; without one, a single shop's, once it is known who that is.
ALLOWED = {
    CollectionMode.OWN_GOODS: (ShopStanding.OWN,),
    CollectionMode.PROFIT_SHARING: (ShopStanding.OWN, ShopStanding.PAYEE),
    CollectionMode.ESCROW: (ShopStanding.OWN, ShopStanding.PAYEE),
}
KNOWN = (ShopStanding.OWN, ShopStanding.PAYEE)


def must_be_apart(shops: Iterable[Shop]) -> bool:
    """Say whether these shops' goods must be paid each on its own."""
    is_lawful = settings.COLLECTION_MODE in ALLOWED
    return settings.IS_PRODUCTION and not is_lawful and len({shop.pk for shop in shops}) > 1


def check_collection(shops: Iterable[Shop]) -> None:
    """Refuse to take money in one payment for these shops: ShopByShop, ShopNotChecked."""
    if not settings.IS_PRODUCTION:
        return
    shops = sorted({shop.pk: shop for shop in shops}.values(), key=lambda shop: shop.pk)
    if must_be_apart(shops):
        raise ShopByShop(shops=[shop.pk for shop in shops])
    check_standing(shops)


def check_standing(shops: Iterable[Shop]) -> None:
    """Refuse to take money for shops that are not checked for it, in cash at the door too: ShopNotChecked."""
    unknown = sorted({shop.name for shop in shops if not may_collect_for(shop)})
    if unknown:
        raise ShopNotChecked(names=unknown)


def may_collect_for(shop: Shop) -> bool:
    """Say whether money may be taken for a shop as its papers stand."""
    return not settings.IS_PRODUCTION or shop.standing in ALLOWED.get(settings.COLLECTION_MODE, KNOWN)
