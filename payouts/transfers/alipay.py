"""Money to an Alipay account: alipay.fund.trans.uni.transfer, through the client that takes payments.

Alipay sends once per `out_biz_no`. What became of it is asked by alipay.fund.trans.common.query, whose status
REFUND means that the money came back (opendocs.alipay.com, "单笔转账").
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ledger.statuses import Purpose
from payments.errors import BadCallback, GatewayRefused, GatewayUnavailable
from payments.gateways.alipay import AlipayGateway
from payouts.statuses import PayoutMethod
from payouts.transfers.base import Facts, Notice, TransferState, Wish

CHANGED = "alipay.fund.trans.order.changed"
QUERY = "alipay.fund.trans.common.query"
# What the library sends money as.
PRODUCT, SCENE = "TRANS_ACCOUNT_NO_PWD", "DIRECT_TRANSFER"
MISSING = frozenset({"ORDER_NOT_EXIST"})
STATES: dict[str, TransferState] = {
    "SUCCESS": "paid", "WAIT_PAY": "in_transit", "DEALING": "in_transit", "INIT": "in_transit",
    "FAIL": "failed", "CLOSED": "failed", "REFUND": "returned",
}  # fmt: skip
USER_ID = re.compile(r"2088[0-9]{12}")
YUAN = re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?")


@dataclass(frozen=True)
class AlipayTransfers:
    """See payouts.transfers.base.OnlineWay for the promises."""

    gateway: AlipayGateway
    name: str = PayoutMethod.ALIPAY
    paid_from: str = Purpose.CASH
    is_online: bool = True
    provider: str = "alipay"
    may_return: bool = True

    @classmethod
    def from_settings(cls) -> "AlipayTransfers":
        """Return it with the app that takes payments; GatewayUnavailable when its settings are incomplete."""
        return cls(AlipayGateway.from_settings())

    def send(self, wish: Wish) -> Facts:
        """Send money to an Alipay name or user; the holder's name must fit it."""
        is_user = USER_ID.fullmatch(wish.detail)
        answer = self.gateway.call(
            self.gateway.client.api_alipay_fund_trans_uni_transfer,
            out_biz_no=wish.reference,
            identity_type="ALIPAY_USER_ID" if is_user else "ALIPAY_LOGON_ID",
            identity=wish.detail,
            name=wish.holder,
            trans_amount=_yuan(wish.amount_fen),
            order_title=wish.remark[:50],
            remark=wish.remark[:100],
        )
        # The first answer names no amount: it is the one that we have just asked for under this number.
        return _facts(answer | {"trans_amount": answer.get("trans_amount") or _yuan(wish.amount_fen)})

    def query(self, reference: str) -> Facts:
        """Ask how a transfer stands."""
        try:
            answer = self.gateway.call(
                self.gateway.client.server_api,
                api_name=QUERY,
                biz_content={
                    "product_code": PRODUCT,
                    "biz_scene": SCENE,
                    "out_biz_no": reference,
                },
            )
        except GatewayRefused as refusal:
            if refusal.detail not in MISSING:
                raise
            return Facts(reference, "unknown", 0)
        return _facts(answer)

    def parse_callback(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Verify what Alipay's message service says about a transfer that has changed; see CHANGED.

        Alipay repeats a message for a day, so its age proves nothing; that it counts once is its id's work.
        """
        fields = self.gateway.signed_fields(body)
        try:
            event_id, app = fields["notify_id"], fields["app_id"]
            if fields["msg_method"] != CHANGED or not 0 < len(event_id) <= 64:
                raise BadCallback()
            content = json.loads(fields["biz_content"])
            facts = _facts(content)
            kind = (content.get("product_code"), content.get("biz_scene"))
        except (KeyError, ValueError, TypeError, AttributeError, GatewayUnavailable) as error:
            raise BadCallback() from error
        problem = "" if app == self.gateway.app else f"app: {app}"
        if not problem and kind != (PRODUCT, SCENE):
            problem = f"product: {kind[0]} {kind[1]}"
        return Notice(event_id, facts, problem)


def _facts(answer: Mapping[str, Any]) -> Facts:
    try:
        return Facts(
            reference=str(answer["out_biz_no"]),
            state=STATES[answer["status"]],
            amount_fen=_fen(answer["trans_amount"]),
            provider_reference=str(answer.get("order_id") or "")[:64],
            detail=str(answer.get("fail_reason") or answer.get("error_code") or "")[:100],
        )
    except (KeyError, ValueError) as error:
        raise GatewayUnavailable("an answer that cannot be read") from error


def _yuan(amount_fen: int) -> str:
    return f"{amount_fen // 100}.{amount_fen % 100:02d}"


def _fen(text: Any) -> int:
    text = str(text)
    if not YUAN.fullmatch(text):
        raise ValueError("not an amount")
    yuan, _point, rest = text.partition(".")
    return int(yuan) * 100 + int(rest.ljust(2, "0"))
