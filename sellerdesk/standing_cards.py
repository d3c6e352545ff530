"""Whether money may be taken for a shop, in words for its people, and what they can do about it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from orders.selectors.collection import may_collect_for
from shops.models import Shop
from shops.statuses import ShopStanding


@dataclass(frozen=True)
class StandingCard:
    """The standing of one shop. `is_fine`: there is nothing to do."""

    shop: Shop
    label: str
    words: str
    can_sell: bool
    is_fine: bool


def standings_of(shops: Sequence[Shop]) -> list[StandingCard]:
    """Return the standing of each shop."""
    return [_card(shop) for shop in shops]


def stopped_shops(shops: Sequence[Shop]) -> list[StandingCard]:
    """Return the standing of shops that nobody can buy from because of it."""
    return [card for card in standings_of(shops) if not card.can_sell]


def _card(shop: Shop) -> StandingCard:
    can_sell = may_collect_for(shop)
    if shop.standing == ShopStanding.UNCHECKED:
        papers = _(
            "Show the market the shop's licence and the owner's identity card; it checks them by hand."
        )
        stop = _("Until then buyers cannot order, not for cash on delivery either.")
        words = papers if can_sell else f"{papers} {stop}"
    elif not can_sell:
        words = _("The market takes money for its own goods only for now. Ask it when that changes.")
    else:
        words = _("Buyers can pay by every way that the market offers.")
    is_fine = can_sell and shop.standing != ShopStanding.UNCHECKED
    return StandingCard(shop, shop.get_standing_display(), words, can_sell, is_fine)
