"""Refusals of goods and of people's roles."""

from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, MarketError


class SoldOut(MarketError):
    """Fewer units are free than are asked for."""

    code = "sold_out"
    message = _("Sold out: there are not enough left. Nothing was ordered.")


class StockTooLow(MarketError):
    """A correction would take more units than are free."""

    code = "stock_too_low"
    message = _("There are fewer free pieces than that; some are held for orders. Nothing was changed.")


class ListingIncomplete(Invalid):
    """A listing cannot go on sale as it is; `fields` says what is missing."""

    code = "listing_incomplete"
    message = _("Something is still missing before this can go on sale. What you entered is kept.")


class FarmerFixed(MarketError):
    """Units that came from one farmer must pay that farmer."""

    code = "farmer_fixed"
    message = _("The stock of this product came from another farmer. Please list it anew for this one.")


class TooManyPhotos(MarketError):
    """A product already has as many photos as it may."""

    code = "too_many_photos"
    message = _("A product can have nine photos. Remove one before you add another.")


class ShopNotSelling(MarketError):
    """The shop is suspended or closed."""

    code = "shop_not_selling"
    message = _("This shop is stopped, so nothing can go on sale now. Please ask the operator.")
