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


class CountByLot(MarketError):
    """Units of a pooled variant belong to somebody: they come and go with a lot, never by a recount."""

    code = "count_by_lot"
    message = _(
        "Several farmers share this stock. Please write it down with the delivery that it belongs to."
    )


class NotPoolable(MarketError):
    """A variant cannot pool the lots of many farmers as it is."""

    code = "not_poolable"
    message = _("This product names one farmer. Only a product of the shop can share the goods of many.")


class PoolBusy(MarketError):
    """Units are held by unpaid orders or a deal, under the terms before."""

    code = "pool_busy"
    message = _("Some pieces are held by orders or by a deal now. Please try again when these are over.")


class FarmerNotAuthorized(MarketError):
    """The farmer has not let this shop sell."""

    code = "farmer_not_authorized"
    message = _("This farmer has not agreed that the shop sells for them. Nothing was written down.")


class PriceBelowFloor(MarketError):
    """A price would pay farmers of a pool less than was agreed."""

    code = "below_floor_price"
    message = _("The farmers who share this stock have not agreed to this price. Nothing was changed.")


class LotTooSmall(MarketError):
    """More is taken from a lot than there is."""

    code = "lot_too_small"
    message = _("There is not so much in this delivery. Nothing was changed.")
