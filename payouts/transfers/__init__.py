"""The ways out of a payout run that are switched on."""

from collections.abc import Callable

from django.conf import settings

from payouts.statuses import PayoutMethod
from payouts.transfers.alipay import AlipayTransfers
from payouts.transfers.bank_file import BankFiles
from payouts.transfers.base import OnlineWay, Way
from payouts.transfers.cash import CashInHand
from payouts.transfers.wechatpay import WeChatTransfers

WAYS: dict[str, Callable[[], Way]] = {
    PayoutMethod.BANK: BankFiles,
    PayoutMethod.CASH: CashInHand,
    PayoutMethod.ALIPAY: AlipayTransfers.from_settings,
    PayoutMethod.WECHAT: WeChatTransfers.from_settings,
}
ONLINE = (PayoutMethod.ALIPAY, PayoutMethod.WECHAT)
# Where money that was paid may come back from.
MAY_RETURN = tuple(way.name for way in (AlipayTransfers, WeChatTransfers) if way.may_return)
# Whose money goes: known without the settings of a provider, for a payout may be sent by hand on its website.
PAID_FROM: dict[str, str] = {
    PayoutMethod.BANK: BankFiles.paid_from,
    PayoutMethod.CASH: CashInHand.paid_from,
    PayoutMethod.ALIPAY: AlipayTransfers.paid_from,
    PayoutMethod.WECHAT: WeChatTransfers.paid_from,
}


def is_on(method: str) -> bool:
    """Return whether new payouts may leave by this way (settings.PAYOUT_WAYS)."""
    return method in settings.PAYOUT_WAYS


def get_way(method: str) -> Way:
    """Return a way; GatewayUnavailable when its settings are incomplete. What is under way is followed."""
    return WAYS[PayoutMethod(method)]()


def get_online_way(method: str) -> OnlineWay:
    """Return a provider that we call ourselves."""
    if method not in ONLINE:
        raise ValueError(f"{method} is not called by us")
    return WAYS[PayoutMethod(method)]()
