"""Refusals of goods and of people's roles."""

from django.utils.translation import gettext_lazy as _

from common.errors import MarketError


class SoldOut(MarketError):
    """Fewer units are free than are asked for."""

    code = "sold_out"
    message = _("Sold out: there are not enough left. Nothing was ordered.")


class StockTooLow(MarketError):
    """A correction would take more units than are free."""

    code = "stock_too_low"
    message = _("There are fewer free pieces than that; some are held for orders. Nothing was changed.")
