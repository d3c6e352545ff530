"""Callbacks of Alipay and WeChat Pay made by a test that holds the provider's keys, or does not."""

import time

from django.test import Client

from payments.models import Payment
from tests.providersim.keys import ALIPAY_APP, MERCHANT_ID, SELLER, WECHAT_APP
from tests.providersim.signing import alipay_form, wechat_event, wechat_headers

# What ends a provider's repeating.
SAID = {"wechatpay": {"code": "SUCCESS", "message": ""}, "alipay": b"success"}


class Forge:
    """Signs as the provider does, or not quite."""

    def __init__(self, gateway: str, providers):
        self.gateway, self.key = gateway, providers.keys["platform" if gateway == "wechatpay" else "alipay"]
        self.door = f"/api/v1/payments/callbacks/{gateway}/"
        self.type = "application/json" if gateway == "wechatpay" else "application/x-www-form-urlencoded"

    def facts(self, payment: Payment, **changes) -> dict:
        """What a message says; changes name merchant, app, reference, fen, currency, state, transaction."""
        said = {
            "merchant": MERCHANT_ID if self.gateway == "wechatpay" else SELLER,
            "app": WECHAT_APP if self.gateway == "wechatpay" else ALIPAY_APP,
            "reference": payment.reference, "fen": payment.amount_fen, "currency": "CNY",
            "transaction": "4200001",
            "state": "SUCCESS" if self.gateway == "wechatpay" else "TRADE_SUCCESS",
        } | changes  # fmt: skip
        if self.gateway == "wechatpay":
            return {
                "mchid": said["merchant"], "appid": said["app"], "out_trade_no": said["reference"],
                "transaction_id": said["transaction"], "trade_state": said["state"],
                "amount": {"total": said["fen"], "currency": said["currency"], "payer_total": said["fen"]},
            }  # fmt: skip
        return {
            "notify_type": "trade_status_sync", "seller_id": said["merchant"], "app_id": said["app"],
            "out_trade_no": said["reference"], "trade_no": said["transaction"], "trade_status": said["state"],
            "total_amount": f"{said['fen'] // 100}.{said['fen'] % 100:02d}", "charset": "utf-8",
            "subject": "青稞",
            **({} if said["currency"] == "CNY" else {"trans_currency": said["currency"]}),
        }  # fmt: skip

    def message(
        self, payment: Payment, *, event_id="evt-1", key=None, age=0, **changes
    ) -> tuple[bytes, dict]:
        """Return (body, headers) of a signed message."""
        facts, key = self.facts(payment, **changes), key or self.key
        if self.gateway == "alipay":
            return alipay_form(key, facts | {"notify_id": event_id}).encode(), {}
        body = wechat_event("TRANSACTION.SUCCESS", facts, event_id=event_id)
        return body.encode(), wechat_headers(key, body, timestamp=int(time.time()) - age)

    def send(self, body: bytes, headers: dict):
        return Client(headers=headers, enforce_csrf_checks=True).post(self.door, body, content_type=self.type)

    def said(self, answer):
        return answer.json() if self.gateway == "wechatpay" else answer.content
