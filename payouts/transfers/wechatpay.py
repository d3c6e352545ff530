"""Money to a WeChat purse: merchant transfer v3 (/v3/fund-app/mch-transfer/transfer-bills), by `wechatpayv3`.

The payee confirms it in WeChat (WAIT_USER_CONFIRM), so a transfer may stay under way for a day. WeChat sends
once per `out_bill_no`; its page says never to change that number while an error is not understood
(pay.weixin.qq.com/doc/v3/merchant/4012716434).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from ledger.statuses import Purpose
from payments.errors import BadCallback, GatewayRefused, GatewayUnavailable
from payments.gateways.wechatpay import WeChatPayGateway
from payouts.statuses import PayoutMethod
from payouts.transfers.base import Facts, Notice, TransferState, Wish

FINISHED = "MCHTRANSFER.BILL.FINISHED"
MISSING = frozenset({"NOT_FOUND", "RESOURCE_NOT_EXISTS"})
STATES: dict[str, TransferState] = {
    "ACCEPTED": "in_transit", "PROCESSING": "in_transit", "WAIT_USER_CONFIRM": "in_transit",
    "TRANSFERING": "in_transit", "CANCELING": "in_transit", "SUCCESS": "paid", "FAIL": "failed",
    "CANCELLED": "failed",
}  # fmt: skip
# What a scene must say about itself, as agreed with WeChat Pay: 1009 goods bought, 1005 commissions.
REPORTS = {
    "1009": [{"info_type": "采购商品名称", "info_content": "农产品"}],
    "1005": [
        {"info_type": "岗位类型", "info_content": "主播"},
        {"info_type": "报酬说明", "info_content": "佣金"},
    ],
}


@dataclass(frozen=True)
class WeChatTransfers:
    """See payouts.transfers.base.OnlineWay for the promises."""

    gateway: WeChatPayGateway
    scene: str
    name: str = PayoutMethod.WECHAT
    paid_from: str = Purpose.CASH
    is_online: bool = True
    provider: str = "wechatpay"
    # A payee who has taken it keeps it.
    may_return: bool = False

    @classmethod
    def from_settings(cls) -> "WeChatTransfers":
        """Return it with the merchant that takes payments; GatewayUnavailable without its settings."""
        scene = scene_of(settings.PROVIDER_ENVIRONMENT)
        if scene not in REPORTS:
            raise GatewayUnavailable("WECHATPAY_TRANSFER_SCENE is not one that we can report")
        return cls(WeChatPayGateway.from_settings(), scene)

    def send(self, wish: Wish) -> Facts:
        """Ask WeChat to offer the money to an openid; the holder's name is sent encrypted and must fit."""
        answer = self.gateway.call(
            self.gateway.client.mch_transfer_bills,
            out_bill_no=wish.reference,
            transfer_scene_id=self.scene,
            openid=wish.detail,
            transfer_amount=wish.amount_fen,
            transfer_remark=wish.remark[:32],
            user_name=wish.holder,
            transfer_scene_report_infos=REPORTS[self.scene],
            notify_url=f"{settings.PAYMENT_CALLBACK_BASE_URL}/api/v1/payouts/callbacks/wechatpay/",
        )
        return _facts(answer | {"transfer_amount": answer.get("transfer_amount", wish.amount_fen)})

    def query(self, reference: str) -> Facts:
        """Ask how a transfer stands."""
        try:
            answer = self.gateway.call(self.gateway.client.mch_transfer_bills_query, out_bill_no=reference)
        except GatewayRefused as refusal:
            if refusal.detail not in MISSING:
                raise
            return Facts(reference, "unknown", 0)
        return _facts(answer)

    def parse_callback(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Verify and decrypt what WeChat Pay says once a transfer is over."""
        event = self.gateway.open_callback(headers=headers, body=body, now=now)
        resource = event["resource"]
        if event.get("event_type") != FINISHED:
            raise BadCallback()
        try:
            facts, merchant = _facts(resource), str(resource["mch_id"])
        except (KeyError, GatewayUnavailable) as error:
            raise BadCallback() from error
        return Notice(
            event["id"], facts, "" if merchant == self.gateway.merchant else f"merchant: {merchant}"
        )


def scene_of(environment: Mapping[str, str]) -> str:
    """Return what the money is for, in WeChat Pay's numbers, as agreed with it for this merchant."""
    return environment.get("WECHATPAY_TRANSFER_SCENE") or "1009"


def _facts(answer: Mapping[str, Any]) -> Facts:
    try:
        amount = answer["transfer_amount"]
        if type(amount) is not int:
            raise TypeError(amount)
        waits = answer["state"] == "WAIT_USER_CONFIRM"
        return Facts(
            reference=str(answer["out_bill_no"]),
            state=STATES[answer["state"]],
            amount_fen=amount,
            provider_reference=str(answer.get("transfer_bill_no") or "")[:64],
            detail=str(answer.get("fail_reason") or "")[:100],
            waits_for_payee=waits,
            package=str(answer.get("package_info") or "")[:500] if waits else "",
        )
    except (KeyError, TypeError) as error:
        raise GatewayUnavailable("an answer that cannot be read") from error
