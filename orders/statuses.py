"""States of orders, shipments and refund requests, and the moves between them (domain.md)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class OrderStatus(TextChoices):
    """Life of an order."""

    PENDING_PAYMENT = "pending_payment", _("to pay")
    CONFIRMED = "confirmed", _("confirmed, cash on delivery")
    PAID = "paid", _("to ship")
    SHIPPED = "shipped", _("on the way")
    DELIVERED = "delivered", _("delivered")
    COMPLETED = "completed", _("completed")
    CANCELLING = "cancelling", _("being cancelled")  # while a payment is being closed at the provider
    CANCELLED = "cancelled", _("cancelled")


ORDER_MOVES = {
    OrderStatus.PENDING_PAYMENT: frozenset(
        {OrderStatus.PAID, OrderStatus.CONFIRMED, OrderStatus.CANCELLING, OrderStatus.CANCELLED}
    ),
    OrderStatus.CONFIRMED: frozenset({OrderStatus.SHIPPED, OrderStatus.CANCELLED}),
    OrderStatus.PAID: frozenset({OrderStatus.SHIPPED, OrderStatus.CANCELLED}),
    OrderStatus.SHIPPED: frozenset({OrderStatus.DELIVERED, OrderStatus.COMPLETED}),
    OrderStatus.DELIVERED: frozenset({OrderStatus.COMPLETED}),
    OrderStatus.CANCELLING: frozenset({OrderStatus.CANCELLED, OrderStatus.PAID}),
}


# Where cash is paid on delivery: the parcel may be refused at the door, and only the cash completes it.
CASH_MOVES = {
    OrderStatus.SHIPPED: frozenset({OrderStatus.DELIVERED, OrderStatus.COMPLETED, OrderStatus.CANCELLED}),
    OrderStatus.DELIVERED: frozenset({OrderStatus.COMPLETED, OrderStatus.CANCELLED}),
}


class ShipmentStatus(TextChoices):
    """Life of a parcel."""

    PENDING = "pending", _("pending")
    READY = "ready", _("ready")
    SHIPPED = "shipped", _("on the way")
    DELIVERED = "delivered", _("delivered")
    CANCELLED = "cancelled", _("cancelled")


class CommissionKind(TextChoices):
    """Who takes a share of a line."""

    HOST = "host", _("host")
    PLATFORM = "platform", _("platform")


class RefundRequestStatus(TextChoices):
    """A wish to give money back; payments executes it."""

    REQUESTED = "requested", _("requested")
    REFUNDED = "refunded", _("refunded")
    FAILED = "failed", _("failed")


class AllotmentReason(TextChoices):
    """Why it was decided whose goods a line takes."""

    PAID = "paid", _("paid")
    CONFIRMED = "confirmed", _("promised against cash")
    SHORT = "short", _("a delivery was short")
    RECALL = "recall", _("a delivery was recalled")


class RefundReason(TextChoices):
    """Why money goes back."""

    CANCELLED_BY_BUYER = "cancelled_by_buyer", _("cancelled by the buyer")
    CANCELLED_BY_SHOP = "cancelled_by_shop", _("cancelled by the shop")
    PAID_TOO_LATE = "paid_too_late", _("paid after the order had expired")
    PAID_TWICE = "paid_twice", _("paid twice")
    AFTER_SALE = "after_sale", _("granted after the sale")


class CancelReason(TextChoices):
    """Why an order was called off; a shop may write its own words instead."""

    EXPIRED = "expired", _("It was not paid in time")
    BUYER = "buyer", _("Cancelled by the buyer")
    SHOP = "shop", _("Cancelled by the shop")
    REFUSED = "refused", _("The parcel was not taken")
    SHORT = "short", _("The goods were put aside before it was paid")


class Carrier(TextChoices):
    """Who carries parcels."""

    CHINA_POST = "china_post", _("China Post")
    EMS = "ems", "EMS"
    SF = "sf", _("SF Express")
    ZTO = "zto", _("ZTO Express")
    YTO = "yto", _("YTO Express")
    STO = "sto", _("STO Express")
    YUNDA = "yunda", _("Yunda Express")
    JD = "jd", _("JD Logistics")


class CouponBearer(TextChoices):
    """Who pays for a coupon. Never the farmer."""

    SHOP = "shop", _("the shop")
    HOST = "host", _("the host")
    PLATFORM = "platform", _("the market")


class CouponStatus(TextChoices):
    """Life of a coupon that somebody took."""

    CLAIMED = "claimed", _("to use")
    HELD = "held", _("held by an order to pay")
    USED = "used", _("used")
    RETURNED = "returned", _("given back, to use")  # the order was called off before it was shipped
    EXPIRED = "expired", _("run out")


COUPON_MOVES = {
    CouponStatus.CLAIMED: frozenset({CouponStatus.HELD, CouponStatus.EXPIRED, CouponStatus.USED}),
    CouponStatus.RETURNED: frozenset({CouponStatus.HELD, CouponStatus.EXPIRED, CouponStatus.USED}),
    CouponStatus.HELD: frozenset({CouponStatus.CLAIMED, CouponStatus.USED}),
    CouponStatus.USED: frozenset({CouponStatus.RETURNED}),
    # Money that came late for a purchase that had it.
    CouponStatus.EXPIRED: frozenset({CouponStatus.USED}),
}


class ParcelEvent(TextChoices):
    """What a carrier tells of a parcel."""

    ACCEPTED = "accepted", _("taken over")
    MOVING = "moving", _("on the way")
    AT_DOOR = "at_door", _("being delivered")
    DELIVERED = "delivered", _("delivered")
    REFUSED = "refused", _("not taken")
    RETURNED = "returned", _("going back")
    LOST = "lost", _("lost")


class ParcelProblem(TextChoices):
    """Why a parcel does not arrive; while it lasts, the order does not complete by itself."""

    REFUSED = "refused", _("not taken at the door")
    RETURNED = "returned", _("on its way back to the shop")
    LOST = "lost", _("lost by the carrier")


class TalkSide(TextChoices):
    """Who speaks in a private talk."""

    BUYER = "buyer", _("buyer")
    SHOP = "shop", _("shop")


class ReportOutcome(TextChoices):
    """What became of a carrier's report."""

    PROCESSED = "processed", _("processed")
    QUARANTINED = "quarantined", _("quarantined")  # of a parcel that we do not know


class CaseKind(TextChoices):
    """What the buyer asks for after the sale."""

    REFUND_ONLY = "refund_only", _("money back, the goods stay")
    RETURN_AND_REFUND = "return_and_refund", _("send the goods back for the money")


class CaseReason(TextChoices):
    """What went wrong."""

    SPOILED = "spoiled", _("spoiled or bad")
    NOT_AS_DESCRIBED = "not_as_described", _("not as described")
    WRONG_GOODS = "wrong_goods", _("the wrong goods")
    MISSING = "missing", _("something is missing")
    DAMAGED = "damaged", _("damaged on the way")
    NOT_ARRIVED = "not_arrived", _("it has not arrived")
    CHANGED_MIND = "changed_mind", _("I do not want it any more")
    RECALLED = "recalled", _("the shop called these goods back")
    SHORT = "short", _("there was less than was sold")
    UNDERWEIGHT = "underweight", _("it weighs less than was ordered")


# What a shop finds out by itself; a buyer says what they see.
SHOP_REASONS = (CaseReason.RECALLED, CaseReason.SHORT, CaseReason.UNDERWEIGHT)
BUYER_REASONS = [choice for choice in CaseReason.choices if choice[0] not in SHOP_REASONS]


class CostBearer(TextChoices):
    """Who carries the loss of the grower's share when goods do not come back to the shelf."""

    FARMER = "farmer", _("farmer")
    SHOP = "shop", _("shop")
    PLATFORM = "platform", _("platform")
    CARRIER = "carrier", _("carrier")


# Who carries the loss until an operator decides otherwise: who had it in hand when it went wrong.
BEARER_OF = {
    CaseReason.SPOILED: CostBearer.FARMER,
    CaseReason.NOT_AS_DESCRIBED: CostBearer.FARMER,
    CaseReason.WRONG_GOODS: CostBearer.SHOP,
    CaseReason.MISSING: CostBearer.SHOP,
    CaseReason.DAMAGED: CostBearer.CARRIER,
    CaseReason.NOT_ARRIVED: CostBearer.CARRIER,
    CaseReason.CHANGED_MIND: CostBearer.FARMER,
    CaseReason.RECALLED: CostBearer.FARMER,
    CaseReason.SHORT: CostBearer.FARMER,
    CaseReason.UNDERWEIGHT: CostBearer.FARMER,
}


class CaseStatus(TextChoices):
    """Life of an after-sales case."""

    REQUESTED = "requested", _("waiting for the shop")
    OFFERED = "offered", _("the shop offers less")  # until the buyer answers
    REJECTED = "rejected", _("the shop said no")  # the buyer may call the market in
    AWAITING_RETURN = "awaiting_return", _("to be sent back")
    AWAITING_RECEIPT = "awaiting_receipt", _("on the way back")
    AWAITING_REFUND = "awaiting_refund", _("money on its way")
    REFUNDED = "refunded", _("refunded")
    CLOSED = "closed", _("closed without a refund")


CASE_MOVES = {
    CaseStatus.REQUESTED: frozenset(
        {
            CaseStatus.OFFERED,
            CaseStatus.REJECTED,
            CaseStatus.AWAITING_RETURN,
            CaseStatus.AWAITING_REFUND,
            CaseStatus.CLOSED,
        }
    ),
    CaseStatus.OFFERED: frozenset({CaseStatus.REQUESTED, CaseStatus.AWAITING_REFUND, CaseStatus.CLOSED}),
    CaseStatus.REJECTED: frozenset(
        {CaseStatus.AWAITING_RETURN, CaseStatus.AWAITING_REFUND, CaseStatus.CLOSED}
    ),
    CaseStatus.AWAITING_RETURN: frozenset(
        {CaseStatus.AWAITING_RECEIPT, CaseStatus.AWAITING_REFUND, CaseStatus.CLOSED}
    ),
    CaseStatus.AWAITING_RECEIPT: frozenset(
        {CaseStatus.AWAITING_REFUND, CaseStatus.REJECTED, CaseStatus.CLOSED}
    ),
    CaseStatus.AWAITING_REFUND: frozenset({CaseStatus.REFUNDED}),
}
OPEN_CASES = (
    CaseStatus.REQUESTED,
    CaseStatus.OFFERED,
    CaseStatus.REJECTED,
    CaseStatus.AWAITING_RETURN,
    CaseStatus.AWAITING_RECEIPT,
)
GRANTED_CASES = (CaseStatus.AWAITING_REFUND, CaseStatus.REFUNDED)


class OfferOutcome(TextChoices):
    """What became of a shop's offer of less than was asked."""

    OPEN = "open", pgettext_lazy("offer", "open")
    ACCEPTED = "accepted", pgettext_lazy("offer", "accepted")
    REFUSED = "refused", pgettext_lazy("offer", "refused")
    TAKEN_BACK = "taken_back", pgettext_lazy("offer", "taken back")
    LAPSED = "lapsed", pgettext_lazy("offer", "not answered in time")
    OVERTAKEN = "overtaken", pgettext_lazy("offer", "the case ended otherwise")


class CaseActor(TextChoices):
    """Who moved a case."""

    BUYER = "buyer", _("buyer")
    SHOP = "shop", _("shop")
    OPERATOR = "operator", _("the market")
    CLOCK = "clock", _("the deadline")
    PAYMENT = "payment", _("the payment provider")


class ReviewStatus(TextChoices):
    """Whether everybody may read a review."""

    VISIBLE = "visible", _("visible")
    HIDDEN = "hidden", _("hidden")  # by an operator, with a reason; it does not count


class ReviewFault(TextChoices):
    """What somebody reports about a review."""

    ABUSE = "abuse", _("insults or hatred")
    PERSONAL = "personal", _("somebody's personal data")
    ADVERTISING = "advertising", _("advertising")
    OFF_TOPIC = "off_topic", _("not about the goods")
    FALSE = "false", _("it is not true")
    OTHER = "other", _("something else")


class CollectionMode(TextChoices):
    """By which right the market takes money in one payment for several shops (decisions.md 16)."""

    OWN_GOODS = "own_goods", _("own goods")
    PROFIT_SHARING = "profit_sharing", _("sub-merchants with profit sharing")
    ESCROW = "escrow", _("licensed escrow")


class InvoiceKind(TextChoices):
    """To whom an invoice is made out."""

    PERSONAL = "personal", _("a person")
    COMPANY = "company", _("a company")


class InvoiceStatus(TextChoices):
    """Life of an invoice."""

    REQUESTED = "requested", _("asked for")
    ISSUED = "issued", pgettext_lazy("invoice", "issued")
    REVERSED = (
        "reversed",
        pgettext_lazy("invoice", "reversed"),
    )  # by an invoice in red, when money went back or it was wrong
    REFUSED = "refused", pgettext_lazy("invoice", "refused")


LIVE_INVOICES = (InvoiceStatus.REQUESTED, InvoiceStatus.ISSUED)
