"""Alipay with certificates, through `python-alipay-sdk` (3.4.0)."""

import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from http.client import HTTPException
from re import fullmatch
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from alipay import DCAliPay
from alipay.exceptions import AliPayException, AliPayValidationError
from django.conf import settings

from payments.errors import BadCallback, BadSignature, GatewayRefused, GatewayUnavailable, NoBill
from payments.gateways.base import Created, Facts, Notice, RefundFacts, Wish
from payments.gateways.bills.base import MOST_PACKED
from payments.gateways.config import AlipayConfig, Misconfigured, read_alipay
from payments.gateways.downloading import download

TIMEOUT_SECONDS = 7
ANSWER_MAX_BYTES = 64 * 1024
SHANGHAI = ZoneInfo("Asia/Shanghai")
STATES = {
    "WAIT_BUYER_PAY": "pending", "TRADE_SUCCESS": "paid", "TRADE_FINISHED": "paid", "TRADE_CLOSED": "closed",
}  # fmt: skip
MISSING = "ACQ.TRADE_NOT_EXIST"
# Nothing was decided: ask again. The seller's balance grows with the next sale.
AGAIN = (
    "SYSTEM_ERROR",
    "SELLER_BALANCE_NOT_ENOUGH",
    "PAYER_BALANCE_NOT_ENOUGH",
    "BALANCE_IS_NOT_ENOUGH",
    "unknow-error",
    "call-limited",
    "CONCURRENT",
)
NO_BILL = frozenset({"isp.bill_not_exist", "ACQ.BILL_NOT_EXIST"})
ALREADY_OVER = frozenset({"ACQ.TRADE_STATUS_ERROR", "ACQ.REASON_TRADE_STATUS_INVALID"})
YUAN = r"\d{1,9}(\.\d{1,2})?"


class _Client(DCAliPay):
    """The library, but calls go as POST: it puts the business data into a GET address, which proxies log."""

    def build_body(self, *arguments: Any, **more: Any) -> dict[str, Any]:
        """Return the common fields; the time is Shanghai's wherever the process runs."""
        body = super().build_body(*arguments, **more)
        body["timestamp"] = datetime.now(UTC).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
        return body

    def verified_sync_response(self, data: dict[str, Any], response_type: str) -> dict[str, Any]:
        """Return the answer once its signature holds."""
        request = urllib.request.Request(  # noqa: S310 (the address is ours, from the environment)
            f"{self._gateway}?charset=utf-8",
            data=self.sign_data(data).encode("ascii"),
            headers={"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"},
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 (as above)
            answer = response.read(ANSWER_MAX_BYTES).decode()
        return self._verify_and_return_sync_response(answer, response_type)


@dataclass(frozen=True)
class AlipayGateway:
    """See payments.gateways.base.Gateway for the promises."""

    client: _Client
    gateway_url: str
    merchant: str
    app: str
    callback_url: str
    name: str = "alipay"

    @classmethod
    def from_settings(cls) -> "AlipayGateway":
        """Return the adapter of settings.PROVIDER_ENVIRONMENT; GatewayUnavailable when that is incomplete."""
        try:
            config = read_alipay(settings.PROVIDER_ENVIRONMENT)
        except Misconfigured as problem:
            raise GatewayUnavailable(str(problem)) from problem
        return _adapter(config, f"{settings.PAYMENT_CALLBACK_BASE_URL}/api/v1/payments/callbacks/alipay/")

    def create(self, wish: Wish) -> Created:
        """Sign the address of Alipay's cashier; Alipay hears of the payment when the buyer opens it."""
        calls = {"wap": self.client.api_alipay_trade_wap_pay, "page": self.client.api_alipay_trade_page_pay}
        if wish.method not in calls or wish.currency != "CNY":
            raise GatewayRefused("method")
        signed = calls[wish.method](
            subject=wish.subject[:128],
            out_trade_no=wish.reference,
            total_amount=_yuan(wish.amount_fen),
            return_url=wish.return_url,
            notify_url=self.callback_url,
            time_expire=wish.expires_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"),
            **({"quit_url": wish.return_url} if wish.method == "wap" else {}),
        )
        return Created(provider_reference="", pay_url=f"{self.gateway_url}?{signed}")

    def query(self, reference: str) -> Facts:
        """Ask how a payment stands."""
        try:
            answer = self.call(self.client.api_alipay_trade_query, out_trade_no=reference)
        except GatewayRefused as refusal:
            if refusal.detail != MISSING:
                raise
            return Facts(self.merchant, self.app, reference, "", "unknown", 0, "CNY")
        try:
            # The answer is signed for our app's question and names neither app nor seller.
            return _facts(answer, merchant=self.merchant, app=self.app)
        except (KeyError, ValueError) as error:
            raise GatewayUnavailable("an answer that cannot be read") from error

    def close(self, reference: str) -> Facts:
        """Make sure no money can come any more.

        "unknown" means that the buyer has never opened the cashier. Its address works until the provider-side
        expiry; money that comes through it is late money and is sent back (rules.md B8).
        """
        try:
            self.call(self.client.api_alipay_trade_close, out_trade_no=reference)
        except GatewayRefused as refusal:
            if refusal.detail != MISSING and refusal.detail not in ALREADY_OVER:
                raise
        facts = self.query(reference)
        if facts.state == "pending":
            raise GatewayUnavailable("not closed yet")
        return facts

    def refund(
        self, *, reference: str, refund_reference: str, amount_fen: int, total_fen: int, reason: str
    ) -> RefundFacts:
        """Send money of a payment back, and ask what became of it: the first answer only counts sums."""
        self.call(
            self.client.api_alipay_trade_refund,
            refund_amount=_yuan(amount_fen),
            out_trade_no=reference,
            out_request_no=refund_reference,
            refund_reason=reason[:80],
        )
        answer = self.call(
            self.client.api_alipay_trade_fastpay_refund_query,
            out_request_no=refund_reference,
            out_trade_no=reference,
        )
        if answer.get("refund_status") != "REFUND_SUCCESS":
            return RefundFacts(refund_reference, "", "in_transit", amount_fen)
        try:
            return RefundFacts(
                reference=answer["out_request_no"],
                provider_reference=str(answer["trade_no"])[:64],
                state="refunded",
                amount_fen=_fen(answer["refund_amount"]),
            )
        except (KeyError, ValueError) as error:
            raise GatewayUnavailable("an answer that cannot be read") from error

    def parse_callback(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Verify a callback with the pinned certificate and read it.

        Alipay repeats a message for a day with its first time in it, so its age proves nothing; that it
        counts once is the work of its id.
        """
        fields = self.signed_fields(body)
        try:
            event_id = fields["notify_id"]
            if fields["notify_type"] != "trade_status_sync" or not 0 < len(event_id) <= 64:
                raise BadCallback()
            facts = _facts(fields, merchant=fields["seller_id"], app=fields["app_id"])
        except (KeyError, ValueError) as error:
            raise BadCallback() from error
        return Notice(event_id, facts=facts)

    def signed_fields(self, body: bytes) -> dict[str, str]:
        """Return the fields of a message that the pinned certificate has signed; BadSignature."""
        fields = _form(body)
        sign, sign_type = fields.pop("sign", ""), fields.pop("sign_type", "")
        try:
            # verify() changes what it is given.
            is_signed = sign_type == "RSA2" and bool(sign) and self.client.verify(dict(fields), sign)
        except (ValueError, AliPayException) as error:
            raise BadSignature() from error
        if not is_signed:
            raise BadSignature()
        return fields

    def fetch_bill(self, kind: str, day: date) -> bytes:
        """Ask where the bill of a day lies, and fetch it; its address works for half a minute."""
        try:
            answer = self.call(
                self.client.server_api,
                api_name="alipay.data.dataservice.bill.downloadurl.query",
                biz_content={"bill_type": kind, "bill_date": day.isoformat()},
            )
        except GatewayRefused as refusal:
            if refusal.detail in NO_BILL:
                raise NoBill() from refusal
            raise
        url = answer.get("bill_download_url")
        if not isinstance(url, str):
            raise GatewayUnavailable("an answer without an address")
        return download(url, gateway_url=self.gateway_url, limit=MOST_PACKED)

    def call(self, call: Callable, **arguments: Any) -> dict[str, Any]:
        """Return what a call of the library answers; GatewayRefused for a no, else GatewayUnavailable."""
        try:
            answer = call(**arguments)
        except (
            OSError,
            HTTPException,
            ValueError,
            AttributeError,
            AliPayException,
            AliPayValidationError,
        ) as error:
            # Of an error only its kind: texts of the library repeat whole answers.
            raise GatewayUnavailable(f"no answer to trust: {type(error).__name__}") from None
        code, detail = str(answer.get("code", "")), str(answer.get("sub_code", ""))[:60]
        if code == "10000":
            return answer
        if code == "40004" and detail and not any(word in detail for word in AGAIN):
            raise GatewayRefused(detail)
        raise GatewayUnavailable(f"answer {code[:10]} {detail}")


def _form(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=100,
        )
    except ValueError as error:
        raise BadSignature() from error
    fields = dict(pairs)
    if len(fields) < len(pairs):  # which of two was signed is nobody's guess
        raise BadSignature()
    return fields


def _facts(content: Mapping[str, Any], *, merchant: str, app: str) -> Facts:
    return Facts(
        merchant=str(merchant),
        app=str(app),
        reference=str(content["out_trade_no"]),
        provider_reference=str(content.get("trade_no", ""))[:64],
        state=STATES[content["trade_status"]],
        amount_fen=_fen(content["total_amount"]),
        currency=str(content.get("trans_currency") or content.get("currency") or "CNY"),
    )


def _yuan(amount_fen: int) -> str:
    return f"{amount_fen // 100}.{amount_fen % 100:02d}"


def _fen(text: Any) -> int:
    if not isinstance(text, str) or not text.isascii() or not fullmatch(YUAN, text):
        raise ValueError("not an amount")
    yuan, _point, rest = text.partition(".")
    return int(yuan) * 100 + int(rest.ljust(2, "0"))


@lru_cache(maxsize=8)
def _adapter(config: AlipayConfig, callback_url: str) -> AlipayGateway:
    client = _Client(
        appid=config.app_id,
        app_notify_url=callback_url,
        app_private_key_string=config.app_key,
        app_public_key_cert_string=config.app_cert,
        alipay_public_key_cert_string=config.alipay_cert,
        alipay_root_cert_string=config.root_cert,
    )
    client._gateway = config.gateway_url
    return AlipayGateway(
        client=client,
        gateway_url=config.gateway_url,
        merchant=config.seller_id,
        app=config.app_id,
        callback_url=callback_url,
    )
