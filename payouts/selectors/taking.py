"""Money that waits until its payee takes it."""

from dataclasses import dataclass

from accounts.models import User
from common.errors import NotFound
from payouts.models import PayoutStatement, PayoutTransfer
from payouts.statuses import TransferStatus
from payouts.transfers.wechatpay import WeChatTransfers


@dataclass(frozen=True)
class Taking:
    """What WeChat's own page needs to let a payee take the money; it opens for that openid only."""

    transfer: PayoutTransfer
    merchant: str
    app: str

    @property
    def bridge(self) -> dict[str, str]:
        """Return what WeixinJSBridge's requestMerchantTransfer takes."""
        return {"mchId": self.merchant, "appId": self.app, "package": self.transfer.package}


def waiting_of(statement: PayoutStatement) -> PayoutTransfer | None:
    """Return the transfer of a tally that waits for its payee."""
    waiting = PayoutTransfer.objects.filter(payout__statement=statement, status=TransferStatus.SENDING)
    return waiting.exclude(package="").order_by("-pk").first()


def get_taking(*, user: User, statement_id: int) -> Taking:
    """Return what the payee needs to take the money of their own tally; NotFound for anybody else's.

    GatewayUnavailable while the provider's settings are missing.
    """
    statement = PayoutStatement.objects.for_payee(user).filter(pk=statement_id).first()
    transfer = waiting_of(statement) if statement else None
    if transfer is None:
        raise NotFound()
    gateway = WeChatTransfers.from_settings().gateway
    return Taking(transfer, gateway.merchant, gateway.app)
