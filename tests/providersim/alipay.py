"""Alipay: forms in, one signed object out; a trade exists once the buyer has opened the cashier."""

import contextlib
import json
import secrets
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from tests.providersim import bills
from tests.providersim.book import Book, RefusedError
from tests.providersim.keys import ALIPAY_APP, SELLER, Keys, serial_of
from tests.providersim.reporting import Event, Knobs, Reporter
from tests.providersim.signing import alipay_form, is_signed, rsa_sign

STATES = {"pending": "WAIT_BUYER_PAY", "paid": "TRADE_SUCCESS", "closed": "TRADE_CLOSED",
          "userpaying": "WAIT_BUYER_PAY"}  # fmt: skip
TRANSFER_STATES = {"SUCCESS": "SUCCESS", "PENDING": "DEALING", "FAIL": "FAIL", "RETURNED": "REFUND"}
CODES = {"ORDER_NOT_EXIST": "ACQ.TRADE_NOT_EXIST", "RESOURCE_NOT_EXISTS": "ACQ.TRADE_NOT_EXIST",
         "ORDER_PAID": "ACQ.TRADE_STATUS_ERROR", "ORDER_CLOSED": "ACQ.TRADE_STATUS_ERROR",
         "USERPAYING": "ACQ.TRADE_STATUS_ERROR", "NO_BILL": "isp.bill_not_exist",
         "TRANSFER_NOT_EXIST": "ORDER_NOT_EXIST"}  # fmt: skip


@dataclass
class Alipay:
    keys: Keys
    book: Book
    reporter: Reporter
    bill_wish: bills.Wish = field(default_factory=bills.Wish)
    origin: str = ""
    app_gateway: str = ""  # where the message service reports to, as typed in at the open platform

    def answer(self, form: str) -> tuple[str, str]:
        """Return (name of the call, body)."""
        fields = dict(parse_qsl(form, keep_blank_values=True))
        method = fields.get("method", "")
        key = method.replace(".", "_") + "_response"
        name = {
            "alipay.fund.trans.uni.transfer": "transfer", "alipay.fund.trans.common.query": "query_transfer",
        }.get(method, method.removeprefix("alipay.trade.").removeprefix("alipay.data."))  # fmt: skip
        try:
            self._check(fields)
            scheduled = self.reporter.knobs.errors.get(name)
            if scheduled:
                raise RefusedError(scheduled.pop(0))
            door = getattr(self, "_" + name.replace(".", "_"))
            said = {"code": "10000", "msg": "Success"} | door(json.loads(fields["biz_content"]))
        except RefusedError as refusal:
            if refusal.code.startswith("isv."):
                return name, json.dumps({"error_response": {"code": "40002", "sub_code": refusal.code}})
            code = "20000" if refusal.code.startswith("isp.") else "40004"
            detail = CODES.get(refusal.code, refusal.code)
            is_transfer = name in ("transfer", "query_transfer")
            detail = detail if "." in detail or is_transfer else f"ACQ.{detail}"
            said = {"code": code, "msg": "Business Failed", "sub_code": detail, "sub_msg": "说明"}
        plain = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
        sign = rsa_sign(self.keys.alipay, plain)
        serial = serial_of(self.keys.alipay_cert)
        return name, f'{{"{key}":{plain},"alipay_cert_sn":"{serial}","sign":"{sign}"}}'

    def visit(self, query: str) -> None:
        """The buyer opens the cashier through the address that the market has signed."""
        fields = dict(parse_qsl(query, keep_blank_values=True))
        self._check(fields)
        wish = json.loads(fields["biz_content"])
        expires = datetime.strptime(wish["time_expire"], "%Y-%m-%d %H:%M:%S")
        with contextlib.suppress(RefusedError):  # a page that says so
            self.book.create(
                wish["out_trade_no"],
                amount_fen=_fen(wish["total_amount"]),
                currency="CNY",
                notify_url=fields["notify_url"],
                return_url=fields["return_url"],
                expires_at=expires.replace(tzinfo=ZoneInfo("Asia/Shanghai")).timestamp(),
                subject=wish["subject"],
                kind=fields["method"],
            )

    def pay(self, reference: str) -> None:
        self._report(self.book.pay(reference), {})

    def settle_refund(self, refund_reference: str, state: str) -> None:
        self.book.settle_refund(refund_reference, state)

    def settle_transfer(self, reference: str, state: str, reason: str) -> None:
        """The transfer has changed; the message service says so, where a gateway is known."""
        sent = self.book.settle_transfer(reference, state, reason)
        if not self.app_gateway:
            return
        content = {
            "action_type": "FINISH", "biz_scene": "DIRECT_TRANSFER", "product_code": "TRANS_ACCOUNT_NO_PWD",
            "origin_interface": "alipay.fund.trans.uni.transfer", "order_id": sent["number"],
            "out_biz_no": sent["reference"], "pay_date": "2026-11-26 10:00:00",
            "status": TRANSFER_STATES[state], "trans_amount": _yuan(sent["amount_fen"]),
        } | ({"error_code": reason, "fail_reason": reason} if reason else {})  # fmt: skip
        fields = {
            "notify_id": secrets.token_hex(17), "utc_timestamp": "1764122400000",
            "msg_method": "alipay.fund.trans.order.changed", "app_id": ALIPAY_APP, "version": "1.1",
            "charset": "UTF-8",
        }  # fmt: skip
        self._send(self.app_gateway, fields, content)

    def _check(self, fields: dict[str, str]) -> None:
        # Alipay signs a request with sign_type in it, unlike its callbacks.
        text = "&".join(f"{n}={v}" for n, v in sorted(fields.items()) if n != "sign")
        ours = (ALIPAY_APP, serial_of(self.keys.app_cert), self.keys.root_serial)
        named = (fields.get("app_id"), fields.get("app_cert_sn"), fields.get("alipay_root_cert_sn"))
        if named != ours or not is_signed(self.keys.app.public_key(), text, fields.get("sign", "")):
            raise RefusedError("isv.invalid-signature")

    def _report(self, payment: dict, more: dict[str, str]) -> None:
        fields = {
            "notify_id": secrets.token_hex(17), "notify_type": "trade_status_sync", "charset": "utf-8",
            "notify_time": "2026-11-26 10:00:00", "version": "1.0", "app_id": ALIPAY_APP,
            "auth_app_id": ALIPAY_APP, "seller_id": SELLER, "buyer_id": "2088000000000099",
            "buyer_logon_id": "138****0000",
            "out_trade_no": payment["reference"], "trade_no": payment["transaction"],
            "trade_status": STATES[payment["state"]], "total_amount": _yuan(payment["amount_fen"]),
            "subject": payment["subject"], "passback_params": "",
        } | more  # fmt: skip

        self._send(payment["notify_url"], fields, None)

    def _send(self, url: str, fields: dict[str, str], content: dict | None) -> None:
        def make(knobs: Knobs) -> tuple[bytes, dict[str, str]]:
            said = fields | knobs.change
            if content is not None:  # of the message service: what is changed lies one level deeper
                said = fields | {"biz_content": json.dumps(content | knobs.change)}
            form = alipay_form(self.keys.alipay, said)
            if knobs.forge:
                form = "&".join(
                    part for part in form.split("&") if part.partition("=")[0] not in knobs.forge
                ) + "".join(f"&{name}={value}" for name, value in knobs.forge.items())
            return form.encode(), {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}

        self.reporter.report(Event(url, make, lambda _status, body: body == b"success"))

    def download(self, day: date) -> bytes:
        """The archive of a bill."""
        return bills.alipay_zip(bills.alipay_text(bills.rows_of(self.book, day, self.bill_wish), day))

    def _dataservice_bill_downloadurl_query(self, wish: dict) -> dict:
        if wish["bill_type"] != "trade":
            raise RefusedError("INVALID_PARAMETER")
        if not bills.rows_of(self.book, date.fromisoformat(wish["bill_date"]), self.bill_wish):
            raise RefusedError("NO_BILL")
        return {"bill_download_url": f"{self.origin}/downloadBillFile.resource?day={wish['bill_date']}"}

    def _query(self, wish: dict) -> dict:
        payment = self.book.get(wish["out_trade_no"])
        gone = payment["refunded_fen"] == payment["amount_fen"]
        return {
            "out_trade_no": payment["reference"], "trade_no": payment["transaction"],
            "trade_status": "TRADE_CLOSED" if gone else STATES[payment["state"]],
            "total_amount": _yuan(payment["amount_fen"]), "buyer_user_id": "2088000000000099",
        }  # fmt: skip

    def _close(self, wish: dict) -> dict:
        return {"out_trade_no": self.book.close(wish["out_trade_no"])["reference"]}

    def _refund(self, wish: dict) -> dict:
        fen = _fen(wish["refund_amount"])
        refund, is_new = self.book.refund(wish["out_trade_no"], wish["out_request_no"], fen)
        payment = self.book.get(refund["reference"])
        if is_new:
            gone = payment["refunded_fen"] == payment["amount_fen"]
            more = {"refund_fee": _yuan(payment["refunded_fen"]), "gmt_refund": "2026-11-26 10:00:00",
                    "out_biz_no": refund["refund_reference"]}  # fmt: skip
            self._report(payment, more | ({"trade_status": "TRADE_CLOSED"} if gone else {}))
        return {
            "out_trade_no": refund["reference"], "trade_no": payment["transaction"],
            "fund_change": "Y" if is_new else "N", "refund_fee": _yuan(payment["refunded_fen"]),
        }  # fmt: skip

    def _fastpay_refund_query(self, wish: dict) -> dict:
        refund = self.book.refund_of(wish["out_request_no"])
        payment = self.book.get(refund["reference"])
        said = {
            "out_trade_no": refund["reference"], "trade_no": payment["transaction"],
            "out_request_no": refund["refund_reference"], "refund_amount": _yuan(refund["amount_fen"]),
        }  # fmt: skip
        return said | ({"refund_status": "REFUND_SUCCESS"} if refund["state"] == "SUCCESS" else {})

    def _transfer(self, wish: dict) -> dict:
        payee = wish["payee_info"]
        fixed = (wish["product_code"], wish["biz_scene"])
        if fixed != ("TRANS_ACCOUNT_NO_PWD", "DIRECT_TRANSFER") or not payee["name"]:
            raise RefusedError("INVALID_PARAMETER")
        if payee["identity_type"] not in ("ALIPAY_USER_ID", "ALIPAY_LOGON_ID"):
            raise RefusedError("INVALID_PARAMETER")
        sent = self.book.transfer(
            wish["out_biz_no"],
            amount_fen=_fen(wish["trans_amount"]),
            payee=payee["identity"],
            name=payee["name"],
        )
        # The amount is not repeated here, only in the answer to a question.
        return {"out_biz_no": sent["reference"], "order_id": sent["number"], "pay_fund_order_id": "1",
                "status": TRANSFER_STATES[sent["state"]], "trans_date": "2026-11-26 10:00:00"}  # fmt: skip

    def _query_transfer(self, wish: dict) -> dict:
        if (wish["product_code"], wish["biz_scene"]) != ("TRANS_ACCOUNT_NO_PWD", "DIRECT_TRANSFER"):
            raise RefusedError("INVALID_PARAMETER")
        sent = self.book.transfer_of(wish["out_biz_no"])
        return {"out_biz_no": sent["reference"], "order_id": sent["number"],
                "status": TRANSFER_STATES[sent["state"]], "trans_amount": _yuan(sent["amount_fen"]),
                "fail_reason": sent["reason"]}  # fmt: skip


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def _fen(yuan: str) -> int:
    """Return an amount as Alipay writes it in fen; ValueError for a part of a fen, which it refuses."""
    fen = Decimal(yuan) * 100
    if fen != int(fen):
        raise ValueError(f"{yuan} has a part of a fen")
    return int(fen)
