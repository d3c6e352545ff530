"""Purposes of accounts and kinds of transactions."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Purpose(TextChoices):
    """What an account is for. Debits are positive, credits negative: a payable has a balance below zero."""

    CASH = "cash", _("cash at the payment provider")
    BUYER_HELD = "buyer_held", _("buyers' money held until completion")
    FARMER_PAYABLE = "farmer_payable", _("owed to a farmer")
    SHOP_PAYABLE = "shop_payable", _("owed to a shop for its own goods")
    HOST_PAYABLE = "host_payable", _("owed to a host for commission and gifts")
    FREIGHT_PAYABLE = "freight_payable", _("freight owed to the shop that ships")
    COUPON_COST = "coupon_cost", _("coupons that a shop or a host pays for")
    PLATFORM_COUPON = "platform_coupon", _("coupons that the market pays for")
    PLATFORM_FEE = "platform_fee", _("platform fee earned")
    CARRIER_CASH = "carrier_cash", _("cash that carriers took on delivery")
    CARRIER_CLAIM = "carrier_claim", _("claimed from carriers for lost goods")
    SHOP_CASH = "shop_cash", _("cash that a shop took on delivery")
    BANK = "bank", _("the market's own bank account and till")
    PROVIDER_FEE = "provider_fee", _("fee kept by the payment provider")
    UNMATCHED = "unmatched", _("money received without a payable order")


class OwnerKind(TextChoices):
    """Whose account it is; system accounts have owner_id 0."""

    SYSTEM = "system", _("system")
    FARMER = "farmer", _("farmer")
    SHOP = "shop", _("shop")
    HOST = "host", _("host")


class Kind(TextChoices):
    """Why a transaction was posted."""

    PAYMENT = "payment", _("payment received")
    UNMATCHED_PAYMENT = "unmatched_payment", _("payment without a payable order")
    REFUND = "refund", _("refund sent")
    CASH_COLLECTED = "cash_collected", _("cash taken on delivery")
    CASH_HANDED_OVER = "cash_handed_over", _("cash handed over to the market")
    AFTER_SALE = "after_sale", _("shares given back after the sale")
    COMPLETION = "completion", _("order completed")
    GIFT = "gift", _("gift in a show")
    GIFT_RETURNED = "gift_returned", _("gift taken back")
    PROVIDER_FEE = "provider_fee", _("fee kept by the provider")
    PAYOUT = "payout", _("payout sent")
    PAYOUT_RETURNED = "payout_returned", _("payout returned")
    ADJUSTMENT = "adjustment", _("adjustment")
    REVERSAL = "reversal", _("reversal")


class AdjustmentStatus(TextChoices):
    """Life of a correction."""

    PROPOSED = "proposed", _("proposed")
    POSTED = "posted", _("posted to the book")
    REJECTED = "rejected", _("turned down")


ADJUSTMENT_MOVES = {
    AdjustmentStatus.PROPOSED: frozenset({AdjustmentStatus.POSTED, AdjustmentStatus.REJECTED}),
}
