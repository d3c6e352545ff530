"""Refusals of buying and shipping."""

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, MarketError, NotFound


class NotOnSale(NotFound):
    """The variant is not there, not active, not published, or its shop is not open."""

    code = "not_on_sale"
    message = _("One of the products is no longer on sale. Please take it out and try again.")


class NotAuthorized(MarketError):
    """The farmer has not granted, or has withdrawn, the right to sell these goods."""

    code = "not_authorized"
    message = _("The farmer does not sell this through the shop at the moment. Nothing was ordered.")


class BuyerLimitReached(MarketError):
    """The buyer would have more than the session allows a person."""

    code = "limit_per_buyer"
    message = _("That is more than one person may buy in this session. Please take fewer.")


class TooManyUnpaid(MarketError):
    """The buyer holds goods with as many unpaid purchases as one person may."""

    code = "too_many_unpaid"
    message = _("You have several purchases to pay. Please pay or cancel one first; nothing was ordered.")


class EmptyOrder(Invalid):
    """There is nothing to order."""

    message = _("There is nothing to order. Please choose something first.")


class PurchaseExpired(MarketError):
    """The units are no longer held for this purchase."""

    code = "purchase_expired"
    message = _("The time to pay has run out and the goods went back to the shelf. Please order again.")


class CashDue(MarketError):
    """The order is completed by noting its cash, not by the buyer's word."""

    code = "cash_due"
    message = _("You pay this parcel at the door. The shop then notes it, and the order is done.")


class TooManyUnits(MarketError):
    """More units are meant than are still to send: paid, less given back, less sent."""

    code = "too_many_units"
    message = _("That is more than is still to send. Nothing was noted: reload the page and look again.")


class AnswerFirst(MarketError):
    """The buyer wants the money back for goods that are not sent, and the shop has not answered."""

    code = "answer_first"
    message = _("The buyer asks for the money back and this is not sent yet. Please say yes or no first.")


class PartlySent(MarketError):
    """Something of the order is already with a carrier, so it cannot be called off as a whole."""

    code = "partly_sent"
    message = _("A part is already on its way. Settle the rest as money back for what is missing.")


class AlreadyExtended(MarketError):
    """The buyer has had more time once."""

    code = "already_extended"
    message = _("You have already asked for more time once. If something is wrong, tell the shop.")


class BadTrackingSignature(MarketError):
    """A report that the tracker has not signed."""

    code = "bad_signature"
    status = 401
    message = _("The signature does not hold.")


class BadTrackingReport(MarketError):
    """A signed report that cannot be read."""

    code = "bad_report"
    status = 400
    message = _("The report cannot be read.")


class BadSheet(Invalid):
    """A sheet of tracking numbers that cannot be read as one."""

    code = "bad_sheet"
    message = _("This sheet cannot be read. Save the table as CSV and try again.")


class TrackingNumberTaken(MarketError):
    """Another parcel of this carrier has the tracking number."""

    code = "tracking_number_taken"
    message = _("This tracking number is already used for another order. Please check it.")


class CouponGone(MarketError):
    """Every coupon of the campaign is taken."""

    code = "coupon_gone"
    message = _("All of these coupons are taken.")


class CouponClosed(MarketError):
    """The campaign has not begun, is over, was stopped, or its show is not on air."""

    code = "coupon_closed"
    message = _("This coupon cannot be taken now.")


class CouponLimitReached(MarketError):
    """The person has as many of these coupons as one person may take."""

    code = "coupon_limit"
    message = _("You already have this coupon. It is in “My coupons”.")


class CouponUsed(MarketError):
    """The coupon belongs to another purchase."""

    code = "coupon_used"
    message = _("This coupon is already used for another order. Nothing was ordered.")


class CouponExpired(MarketError):
    """The coupon's time has run out, or has not begun."""

    code = "coupon_expired"
    message = _("This coupon is not valid now. Nothing was ordered.")


class CouponNotUsable(MarketError):
    """The coupon does not hold for these goods, or they cost too little."""

    code = "coupon_not_usable"
    message = _("This coupon does not hold for what you are buying. Nothing was ordered.")


class Undeliverable(MarketError):
    """Some of the goods are not sent to the region of the address; `fields` names them."""

    code = "undeliverable"
    message = _("Not everything can be sent to this address. Nothing was ordered: choose another address.")


class RegionNeeded(MarketError):
    """The freight depends on the region, and the address is from before regions were chosen."""

    code = "region_needed"
    message = _("Please choose province, city and county of this address: the freight depends on it.")


class TooManyOffers(MarketError):
    """A shop that has offered often enough says yes or no."""

    code = "too_many_offers"
    message = _("You have made enough offers. Please say yes or no.")


class CaseTooLate(MarketError):
    """The days in which a buyer may come back to a completed order are over."""

    code = "case_too_late"
    message = _("The days to ask for money back on this order are over.")


class CancelInstead(MarketError):
    """Nothing is sent yet and everything is meant: the order is called off, not returned."""

    code = "cancel_instead"
    message = _("Nothing has been sent yet. Cancel the order: you get everything back at once.")


class UnitsTaken(MarketError):
    """More units are meant than the line has outside of other cases."""

    code = "units_taken"
    message = _("You have already asked about these. Please look at the open case.")


class TooManyCases(MarketError):
    """The order has had as many cases as one order may."""

    code = "too_many_cases"
    message = _("This order has had many cases already. Please call the market.")


class NotReviewable(MarketError):
    """The goods have not been received, or all their money went back."""

    code = "not_reviewable"
    message = _("Goods can be reviewed once they are received and kept. Nothing was saved.")


class ReviewTooLate(MarketError):
    """The time in which goods may be reviewed, or a review changed, is over."""

    code = "review_too_late"
    message = _("The time for this is over. Nothing was changed.")


class AlreadyReviewed(MarketError):
    """The order line has its review."""

    code = "already_reviewed"
    message = _("You have already reviewed these goods. You can change what you wrote for some days.")


class OwnGoods(MarketError):
    """Whoever earns from goods does not judge them."""

    code = "own_goods"
    message = _("Goods that you sell yourself are reviewed by others.")


class NothingToInvoice(MarketError):
    """Nothing was paid for the order, or everything went back."""

    code = "nothing_to_invoice"
    message = _("There is no money to invoice: nothing was paid, or all of it went back.")


class InvoiceTooLate(MarketError):
    """The time in which an invoice may be asked for is over."""

    code = "invoice_too_late"
    message = _("The time to ask for an invoice is over.")


class InvoiceExists(MarketError):
    """The order has an invoice that is asked for or issued."""

    code = "invoice_exists"
    message = _("An invoice for this order is already asked for or issued.")


class InvoiceNumberTaken(MarketError):
    """The shop has another invoice of that number."""

    code = "invoice_number_taken"
    message = _("This invoice number already belongs to another order. Please check it.")


class ShopByShop(MarketError):
    """The market may not take money for several shops in one payment; `shops` are to be paid one by one."""

    code = "shop_by_shop"
    message = _("The goods of several shops cannot be paid together here. Please order and pay shop by shop.")

    def __init__(self, *, shops: list[int]):
        self.shops = shops
        super().__init__()

    def extra(self) -> dict:
        """Return the shops."""
        return {"shops": self.shops}


class ShopNotChecked(MarketError):
    """Nobody has checked yet who gets the money of a shop."""

    code = "shop_not_checked"

    def __init__(self, *, names: list[str]):
        words = gettext("The market cannot take money for %(shops)s yet: its papers are still being checked.")
        super().__init__(words % {"shops": ", ".join(names)})
