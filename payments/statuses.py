"""States of payments, callbacks and refunds (domain.md)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class PaymentStatus(TextChoices):
    """Life of a payment at a provider."""

    CREATED = "created", _("created")
    PENDING = "pending", _("waiting for the provider")
    SUCCEEDED = "succeeded", _("paid")
    FAILED = "failed", _("failed")
    CLOSED = "closed", _("closed")


PAYMENT_MOVES = {
    PaymentStatus.CREATED: frozenset(
        {PaymentStatus.PENDING, PaymentStatus.SUCCEEDED, PaymentStatus.FAILED, PaymentStatus.CLOSED}
    ),
    PaymentStatus.PENDING: frozenset({PaymentStatus.SUCCEEDED, PaymentStatus.FAILED, PaymentStatus.CLOSED}),
    # Money that arrives late is still money (rules.md B8).
    PaymentStatus.CLOSED: frozenset({PaymentStatus.SUCCEEDED}),
    PaymentStatus.FAILED: frozenset({PaymentStatus.SUCCEEDED}),
}


class PayMethod(TextChoices):
    """How a gateway takes the buyer along."""

    REDIRECT = "redirect", _("the provider's page")
    H5 = "h5", _("WeChat from a phone's browser")
    JSAPI = "jsapi", _("inside WeChat")
    NATIVE = "native", _("a QR code for WeChat")
    WAP = "wap", _("Alipay on a phone")
    PAGE = "page", _("Alipay on a computer")
    CASH = "cash", _("cash on delivery")


class CashHolder(TextChoices):
    """Who holds the cash of a parcel until it is handed over."""

    CARRIER = "carrier", _("the carrier")
    SHOP = "shop", _("our shop")


class HandMethod(TextChoices):
    """How money goes from hand to hand, without a payment provider."""

    BANK = "bank", _("bank transfer")
    WECHAT = "wechat", _("WeChat transfer")
    ALIPAY = "alipay", _("Alipay transfer")
    CASH = "cash", _("banknotes")


class HandoverStatus(TextChoices):
    """Life of cash that a shop or a carrier hands over to the market."""

    NOTED = "noted", _("said to be on its way")
    RECEIVED = "received", _("received")
    DECLINED = "declined", _("did not arrive")


HANDOVER_MOVES = {
    HandoverStatus.NOTED: frozenset({HandoverStatus.RECEIVED, HandoverStatus.DECLINED}),
}


class Giver(TextChoices):
    """Who gives a buyer money back by hand."""

    SHOP = "shop", _("the shop")  # out of the cash that it still owes the market
    MARKET = "market", _("the market")


class HandRefundStatus(TextChoices):
    """Life of money that is given back by hand."""

    NOTED = "noted", _("to be confirmed")  # by the buyer, or by another operator
    DONE = "done", _("given back")
    DECLINED = "declined", _("did not arrive")


HAND_REFUND_MOVES = {
    HandRefundStatus.NOTED: frozenset({HandRefundStatus.DONE, HandRefundStatus.DECLINED}),
}


class PaymentPurpose(TextChoices):
    """What is paid for."""

    ORDER_GROUP = "order_group", _("purchase")
    GIFT = "gift", _("gift")


class CallbackOutcome(TextChoices):
    """What became of a callback."""

    RECEIVED = "received", _("received")
    PROCESSED = "processed", _("processed")
    QUARANTINED = "quarantined", _("quarantined")  # the signature holds but the contents do not match


class RefundStatus(TextChoices):
    """Life of a refund at a provider."""

    REQUESTED = "requested", _("requested")
    IN_TRANSIT = "in_transit", _("on its way")
    SUCCEEDED = "succeeded", _("refunded")
    FAILED = "failed", _("failed")


class BillKind(TextChoices):
    """What a provider's daily bill lists."""

    TRADE = "trade", _("payments and refunds")
    FUNDS = "funds", _("movements of the account")


class BillLineKind(TextChoices):
    """What one line of a bill is."""

    PAYMENT = "payment", _("payment")
    REFUND = "refund", _("refund")
    FEE = "fee", _("fee")
    OTHER = "other", _("other movement")


class LineMatch(TextChoices):
    """How a line of a bill stands to what we know."""

    MATCHED = "matched", _("agrees")
    AMOUNT = "amount", _("another amount")
    NUMBER = "number", _("another number")
    STATE = "state", _("not done with us")
    UNKNOWN = "unknown", _("unknown to us")
    NONE = "none", _("nothing to compare")  # withdrawals and the like: an operator looks at them


class UnmatchedStatus(TextChoices):
    """Life of money that came with facts that do not match."""

    WAITING = "waiting", _("waiting for an operator")
    PROPOSED = "proposed", _("to be checked by another operator")
    RETURNING = "returning", _("on its way back")
    RETURNED = "returned", _("sent back")
    ASSIGNED = "assigned", _("paid its purchase")


UNMATCHED_MOVES = {
    UnmatchedStatus.WAITING: frozenset({UnmatchedStatus.PROPOSED}),
    UnmatchedStatus.PROPOSED: frozenset(
        {UnmatchedStatus.WAITING, UnmatchedStatus.RETURNING, UnmatchedStatus.ASSIGNED}
    ),
    UnmatchedStatus.RETURNING: frozenset({UnmatchedStatus.RETURNED}),
}


class UnmatchedDecision(TextChoices):
    """What is to become of such money."""

    RETURN = "return", _("send it back")
    ASSIGN = "assign", _("it pays its purchase")
