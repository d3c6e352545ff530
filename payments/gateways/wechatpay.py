"""WeChat Pay v3 in public-key mode, through `wechatpayv3` (2.0.4: two private attributes are set here)."""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.conf import settings
from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.utils import build_authorization, rsa_verify

from payments.errors import BadBill, BadCallback, BadSignature, GatewayRefused, GatewayUnavailable, NoBill
from payments.gateways.base import Created, Facts, Notice, RefundFacts, Wish
from payments.gateways.bills.base import MOST_PACKED, gunzip
from payments.gateways.config import Misconfigured, WeChatPayConfig, read_wechatpay
from payments.gateways.downloading import download
from payments.statuses import BillKind

TIMEOUT_SECONDS = (3, 7)
SHANGHAI = ZoneInfo("Asia/Shanghai")
SIGNED_HEADERS = (
    "Wechatpay-Signature", "Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Serial",
    "Wechatpay-Signature-Type",
)  # fmt: skip
TYPES = {"native": WeChatPayType.NATIVE, "h5": WeChatPayType.H5, "jsapi": WeChatPayType.JSAPI}
LEADS_TO = {"native": "code_url", "h5": "h5_url", "jsapi": "prepay_id"}
# REFUND: it was paid, and some of it went back later.
STATES = {
    "SUCCESS": "paid", "REFUND": "paid", "NOTPAY": "pending", "USERPAYING": "pending", "ACCEPT": "pending",
    "CLOSED": "closed", "REVOKED": "closed", "PAYERROR": "failed",
}  # fmt: skip
REFUND_STATES = {
    "SUCCESS": "refunded", "PROCESSING": "in_transit", "ABNORMAL": "failed", "CLOSED": "failed",
}  # fmt: skip
MISSING = frozenset({"ORDER_NOT_EXIST", "ORDERNOTEXIST"})
# Nothing was decided: ask again. NOT_ENOUGH: the merchant's balance grows with the next sale.
AGAIN = frozenset(
    {"SYSTEM_ERROR", "SYSTEMERROR", "BANK_ERROR", "BANKERROR", "FREQUENCY_LIMITED", "FREQUENCY_LIMIT_EXCEED",
     "RATELIMIT_EXCEED", "USERPAYING", "NOT_ENOUGH", "SIGN_ERROR"}
)  # fmt: skip
NO_BILL = frozenset({"NO_STATEMENT_EXIST", "STATEMENT_CREATING"})
ALREADY_OVER = frozenset({"ORDER_PAID", "ORDERPAID", "ORDER_CLOSED", "ORDERCLOSED"})


@dataclass(frozen=True)
class WeChatPayGateway:
    """See payments.gateways.base.Gateway for the promises."""

    client: WeChatPay
    merchant: str
    app: str
    public_key: RSAPublicKey
    public_key_id: str
    callback_url: str
    max_skew_seconds: int
    name: str = "wechatpay"

    @classmethod
    def from_settings(cls) -> "WeChatPayGateway":
        """Return the adapter of settings.PROVIDER_ENVIRONMENT; GatewayUnavailable when that is incomplete."""
        try:
            config = read_wechatpay(settings.PROVIDER_ENVIRONMENT)
        except Misconfigured as problem:
            raise GatewayUnavailable(str(problem)) from problem
        callback_url = f"{settings.PAYMENT_CALLBACK_BASE_URL}/api/v1/payments/callbacks/wechatpay/"
        return _adapter(config, callback_url, settings.CALLBACK_MAX_SKEW_SECONDS)

    def create(self, wish: Wish) -> Created:
        """Make a payment ready at the provider."""
        if wish.method not in TYPES or (wish.method == "jsapi" and not wish.payer):
            raise GatewayRefused("method")
        more: dict[str, Any] = {"jsapi": {"payer": {"openid": wish.payer}}}.get(wish.method, {})
        if wish.client_ip or wish.method == "h5":
            scene: dict[str, Any] = {"payer_client_ip": wish.client_ip or "127.0.0.1"}
            more["scene_info"] = scene | ({"h5_info": {"type": "Wap"}} if wish.method == "h5" else {})
        answer = self.call(
            self.client.pay,
            description=wish.subject[:127],
            out_trade_no=wish.reference,
            amount={"total": wish.amount_fen, "currency": wish.currency},
            time_expire=wish.expires_at.astimezone(SHANGHAI).isoformat(timespec="seconds"),
            pay_type=TYPES[wish.method],
            **more,
        )
        leads_to = answer.get(LEADS_TO[wish.method])
        if not isinstance(leads_to, str) or not leads_to:
            raise GatewayUnavailable("an answer without an address")
        if wish.method == "h5":
            leads_to += f"&redirect_url={quote(wish.return_url, safe='')}"
        return Created(provider_reference="", pay_url=leads_to)

    def query(self, reference: str) -> Facts:
        """Ask how a payment stands."""
        try:
            return self._facts(self.call(self.client.query, out_trade_no=reference))
        except GatewayRefused as refusal:
            if refusal.detail not in MISSING:
                raise
            return Facts(self.merchant, self.app, reference, "", "unknown", 0, "CNY")

    def close(self, reference: str) -> Facts:
        """Make sure no money can come any more; what the provider then says is asked for, not assumed."""
        try:
            self.call(self.client.close, out_trade_no=reference)
        except GatewayRefused as refusal:
            if refusal.detail not in ALREADY_OVER | MISSING:
                raise
        facts = self.query(reference)
        if facts.state == "pending":
            raise GatewayUnavailable("not closed yet")
        return facts

    def refund(
        self, *, reference: str, refund_reference: str, amount_fen: int, total_fen: int, reason: str
    ) -> RefundFacts:
        """Send money of a payment back."""
        answer = self.call(
            self.client.refund,
            out_refund_no=refund_reference,
            out_trade_no=reference,
            amount={"refund": amount_fen, "total": total_fen, "currency": "CNY"},
            reason=reason[:80],
            notify_url=self.callback_url,
        )
        try:
            return _refund_facts(answer, answer["status"])
        except (KeyError, TypeError, ValueError) as error:
            raise GatewayUnavailable("an answer that cannot be read") from error

    def parse_callback(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Verify a callback with the pinned key and read it."""
        event = self.open_callback(headers=headers, body=body, now=now)
        try:
            return self._notice(event)
        except (KeyError, TypeError, AttributeError, GatewayUnavailable) as error:
            raise BadCallback() from error

    def open_callback(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> dict[str, Any]:
        """Return a message signed by the pinned key, its resource decrypted; BadSignature, BadCallback."""
        # Exactly these names: the library also takes other spellings, which would pass the checks below.
        signed = {name: headers.get(name) or "" for name in SIGNED_HEADERS}
        # Before anything else: for a serial it does not know the library asks WeChat for certificates.
        if signed["Wechatpay-Serial"] != self.public_key_id:
            raise BadSignature()
        timestamp, nonce = signed["Wechatpay-Timestamp"], signed["Wechatpay-Nonce"]
        if not (timestamp.isascii() and timestamp.isdigit()) or len(timestamp) > 12 or not nonce:
            raise BadSignature()
        if abs(int(timestamp) - now.timestamp()) > self.max_skew_seconds:
            raise BadSignature()
        if signed["Wechatpay-Signature-Type"] != "WECHATPAY2-SHA256-RSA2048":
            raise BadSignature()
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadSignature() from error
        if not rsa_verify(timestamp, nonce, text, signed["Wechatpay-Signature"], self.public_key):
            raise BadSignature()
        try:
            event = self.client.callback(signed, text)
            event_id, resource = event["id"], event["resource"]
        except Exception as error:  # the library raises Exception itself when it cannot decrypt
            raise BadCallback() from error
        if not isinstance(event_id, str) or not 0 < len(event_id) <= 64 or not isinstance(resource, dict):
            raise BadCallback()
        return event

    def fetch_bill(self, kind: str, day: date) -> bytes:
        """Ask for the bill of a day, fetch it and check that it is the file that the signed answer named."""
        calls = {BillKind.TRADE: self.client.trade_bill, BillKind.FUNDS: self.client.fundflow_bill}
        try:
            answer = self.call(calls[BillKind(kind)], bill_date=day.isoformat())
        except GatewayRefused as refusal:
            if refusal.detail in NO_BILL:
                raise NoBill() from refusal
            raise
        url, digest = answer.get("download_url"), answer.get("hash_value")
        if not isinstance(url, str) or not isinstance(digest, str) or answer.get("hash_type") != "SHA1":
            raise GatewayUnavailable("an answer that cannot be read")
        core, parts = self.client._core, urlsplit(url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        signed = build_authorization(target, "GET", core._mchid, core._cert_serial_no, core._private_key)
        content = download(
            url, gateway_url=core._gate_way, headers={"Authorization": signed}, limit=MOST_PACKED
        )
        # The digest is over the bill itself, before it was packed; the download's own answer is not signed.
        if hashlib.sha1(gunzip(content), usedforsecurity=False).hexdigest() != digest.lower():
            raise BadBill("not the file that was named")
        return content

    def bridge(self, prepay_id: str, now: datetime) -> dict[str, str]:
        """Return what WeixinJSBridge's getBrandWCPayRequest takes, signed for this moment."""
        package = f"prepay_id={prepay_id}"
        timestamp, nonce = str(int(now.timestamp())), secrets.token_hex(16)
        return {
            "appId": self.app, "timeStamp": timestamp, "nonceStr": nonce, "package": package,
            "signType": "RSA", "paySign": self.client.sign([self.app, timestamp, nonce, package]),
        }  # fmt: skip

    def _notice(self, event: dict[str, Any]) -> Notice:
        event_id, resource = event["id"], event["resource"]
        if event["event_type"] == "TRANSACTION.SUCCESS":
            return Notice(event_id, facts=self._facts(resource))
        if event["event_type"] in ("REFUND.SUCCESS", "REFUND.ABNORMAL", "REFUND.CLOSED"):
            if resource["mchid"] != self.merchant:
                raise BadCallback()
            return Notice(event_id, refund=_refund_facts(resource, resource["refund_status"]))
        raise BadCallback()

    def _facts(self, content: dict[str, Any]) -> Facts:
        try:
            state = STATES[content["trade_state"]]
            amount = content.get("amount") or {}
            total = amount["total"]
            if type(total) is not int:
                raise TypeError(total)
            # Of what is not paid, WeChat does not repeat the currency.
            currency = amount["currency"] if state == "paid" else amount.get("currency", "CNY")
            return Facts(
                merchant=str(content["mchid"]),
                app=str(content["appid"]),
                reference=str(content["out_trade_no"]),
                provider_reference=str(content.get("transaction_id", ""))[:64],
                state=state,
                amount_fen=total,
                currency=str(currency),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise GatewayUnavailable("an answer that cannot be read") from error

    def call(self, call: Callable, **arguments: Any) -> dict[str, Any]:
        """Return what a call of the library answers; GatewayRefused for a no, else GatewayUnavailable."""
        try:
            status, text = call(**arguments)
            content = json.loads(text) if text else {}
        except Exception as error:
            # The library raises Exception itself when a signature does not hold; our log gets no address.
            raise GatewayUnavailable(f"no answer to trust: {type(error).__name__}") from None
        if not isinstance(content, dict):
            raise GatewayUnavailable(f"answer {status} cannot be read")
        if 200 <= status < 300:
            return content
        code = str(content.get("code", ""))[:60]
        if status >= 500 or status in (401, 429) or code in AGAIN or not code:
            raise GatewayUnavailable(f"answer {status} {code}")
        raise GatewayRefused(code)


def _refund_facts(content: dict[str, Any], status: str) -> RefundFacts:
    amount = content["amount"]["refund"]
    if type(amount) is not int:
        raise TypeError(amount)
    return RefundFacts(
        reference=str(content["out_refund_no"]),
        provider_reference=str(content.get("refund_id", ""))[:64],
        state=REFUND_STATES[status],
        amount_fen=amount,
    )


@lru_cache(maxsize=8)
def _adapter(config: WeChatPayConfig, callback_url: str, max_skew_seconds: int) -> WeChatPayGateway:
    # Reading keys takes milliseconds, and every request of a buyer would pay them.
    client = WeChatPay(
        wechatpay_type=WeChatPayType.NATIVE,
        mchid=config.merchant_id,
        private_key=config.merchant_key.strip(),
        cert_serial_no=config.merchant_serial,
        appid=config.app_id,
        apiv3_key=config.api_v3_key,
        notify_url=callback_url,
        timeout=TIMEOUT_SECONDS,
        public_key=config.public_key.strip(),
        public_key_id=config.public_key_id,
    )
    client._core._gate_way = config.gateway_url
    # The key is pinned: an unknown serial in an answer or a callback must not make us fetch certificates.
    client._core._update_certificates = lambda: None
    return WeChatPayGateway(
        client=client,
        merchant=config.merchant_id,
        app=config.app_id,
        public_key=load_pem_public_key(config.public_key.encode()),
        public_key_id=config.public_key_id,
        callback_url=callback_url,
        max_skew_seconds=max_skew_seconds,
    )
