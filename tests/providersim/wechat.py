"""WeChat Pay v3: JSON over HTTP, every request and every answer signed."""

import hashlib
import json
import re
import secrets
from dataclasses import dataclass, field
from datetime import date, datetime
from urllib.parse import parse_qs, urlsplit

from tests.providersim import bills
from tests.providersim.book import Book, RefusedError
from tests.providersim.keys import MERCHANT_ID, MERCHANT_SERIAL, WECHAT_APP, WECHAT_SECRET, Keys
from tests.providersim.reporting import Event, Knobs, Reporter
from tests.providersim.signing import is_signed, rsa_open, wechat_event, wechat_headers

AUTHORIZATION = re.compile(
    r'WECHATPAY2-SHA256-RSA2048 mchid="([^"]*)",nonce_str="([^"]*)",signature="([^"]*)",timestamp="([^"]*)",'
    r'serial_no="([^"]*)"'
)
STATUS = {
    "ORDER_NOT_EXIST": 404, "RESOURCE_NOT_EXISTS": 404, "ORDER_PAID": 400, "ORDER_CLOSED": 400,
    "SIGN_ERROR": 401, "OUT_TRADE_NO_USED": 403, "NOT_ENOUGH": 403, "SYSTEM_ERROR": 500,
    "FREQUENCY_LIMITED": 429,
    "USERPAYING": 202, "NOT_FOUND": 404,
}  # fmt: skip
CODES = {"TRANSFER_NOT_EXIST": "NOT_FOUND"}
TRANSFERS = "/v3/fund-app/mch-transfer/transfer-bills"
TRANSFER_STATES = {"SUCCESS": "SUCCESS", "PENDING": "WAIT_USER_CONFIRM", "FAIL": "FAIL", "RETURNED": "FAIL",
                   "CANCELLED": "CANCELLED"}  # fmt: skip
STATES = {"pending": "NOTPAY", "userpaying": "USERPAYING", "paid": "SUCCESS", "closed": "CLOSED"}


@dataclass
class WeChat:
    keys: Keys
    book: Book
    reporter: Reporter
    bill_wish: bills.Wish = field(default_factory=bills.Wish)
    origin: str = ""

    def answer(self, method: str, target: str, headers, body: str) -> tuple[str, int, str, dict[str, str]]:
        """Return (name of the call, status, body, headers)."""
        name, status, content = self._carry_out(method, target, headers, body)
        text = "" if status == 204 else json.dumps(content, ensure_ascii=False)
        signed = wechat_headers(self.keys.platform, text)
        return name, status, text, {"Content-Type": "application/json; charset=utf-8"} | signed

    def token(self, query: dict[str, list[str]]) -> dict:
        """Who is it that looks at a page inside WeChat: a code of the browser becomes an openid."""
        is_ours = query.get("appid") == [WECHAT_APP] and query.get("secret") == [WECHAT_SECRET]
        code = query.get("code", [""])[0]
        if not is_ours or not code.startswith("good"):
            return {"errcode": 40029, "errmsg": "invalid code"}
        return {"openid": f"openid-of-{code}", "access_token": secrets.token_hex(8), "scope": "snsapi_base"}

    def pay(self, reference: str) -> None:
        paid = self.book.pay(reference)
        self._report("TRANSACTION.SUCCESS", paid["notify_url"], self._facts(paid))

    def settle_refund(self, refund_reference: str, state: str) -> None:
        refund = self.book.settle_refund(refund_reference, state)
        payment = self.book.get(refund["reference"])
        content = self._refund_facts(refund, payment) | {"mchid": MERCHANT_ID, "refund_status": state}
        content.pop("status")
        self._report(f"REFUND.{state}", payment["notify_url"], content)

    def settle_transfer(self, reference: str, state: str, reason: str) -> None:
        """The payee has taken it, or not; WeChat Pay says so to who has sent it."""
        sent = self.book.settle_transfer(reference, state, reason)
        if TRANSFER_STATES[state] in ("SUCCESS", "FAIL", "CANCELLED"):
            content = self._transfer_facts(sent) | {"mch_id": MERCHANT_ID}
            content.pop("appid")
            self._report("MCHTRANSFER.BILL.FINISHED", sent["notify_url"], content)

    def _report(self, event_type: str, url: str, content: dict) -> None:
        event_id = secrets.token_hex(16)

        def make(knobs: Knobs) -> tuple[bytes, dict[str, str]]:
            changed = {name: value for name, value in knobs.change.items() if name != "amount"}
            if "amount" in content:
                changed["amount"] = content["amount"] | knobs.change.get("amount", {})
            body = wechat_event(event_type, content | changed, event_id=event_id)
            headers = wechat_headers(self.keys.platform, body)
            body = json.dumps(json.loads(body) | knobs.forge) if knobs.forge else body
            return body.encode(), headers | {"Content-Type": "application/json"}

        self.reporter.report(Event(url, make, lambda status, _body: status in (200, 204)))

    def _carry_out(self, method: str, target: str, headers, body: str) -> tuple[str, int, dict]:
        name = "?"
        try:
            self._check_signature(method, target, headers, body)
            path, content = urlsplit(target).path, json.loads(body) if body else {}
            name = self._name(method, path)
            scheduled = self.reporter.knobs.errors.get(name)
            if scheduled:
                raise RefusedError(scheduled.pop(0))
            asked = parse_qs(urlsplit(target).query) if name == "bill" else content
            return name, *getattr(self, f"_{name}")(path, asked)
        except RefusedError as refusal:
            code = CODES.get(refusal.code, refusal.code)
            status = STATUS.get(code, 400)
            return name, status, {"code": code, "message": "说明"}

    def download(self, target: str, headers) -> bytes | None:
        """The file of a bill, for who signs as the merchant."""
        try:
            self._check_signature("GET", target, headers, "")
        except RefusedError:
            return None
        kind, day = parse_qs(urlsplit(target).query)["token"][0].split("_")
        return bills.packed(self._bill_text(kind, date.fromisoformat(day)))

    def _bill(self, path: str, asked: dict) -> tuple[int, dict]:
        kind, day = path.rsplit("/", 1)[1], date.fromisoformat(asked["bill_date"][0])
        wanted = {"tradebill": ("bill_type", "ALL"), "fundflowbill": ("account_type", "BASIC")}[kind]
        if asked[wanted[0]] != [wanted[1]] or asked["tar_type"] != ["GZIP"]:
            raise RefusedError("PARAM_ERROR")
        if not bills.rows_of(self.book, day, self.bill_wish):
            raise RefusedError("NO_STATEMENT_EXIST")
        digest = hashlib.sha1(self._bill_text(kind, day)).hexdigest()
        return 200, {
            "hash_type": "SHA1", "hash_value": "0" * 40 if self.bill_wish.other_digest else digest,
            "download_url": f"{self.origin}/v3/billdownload/file?token={kind}_{day}",
        }  # fmt: skip

    def _bill_text(self, kind: str, day: date) -> bytes:
        rows = bills.rows_of(self.book, day, self.bill_wish)
        return bills.wechat_trade(rows) if kind == "tradebill" else bills.wechat_funds(rows)

    def _check_signature(self, method: str, target: str, headers, body: str) -> None:
        found = AUTHORIZATION.fullmatch(headers.get("Authorization", ""))
        if not found:
            raise RefusedError("SIGN_ERROR")
        merchant, nonce, signature, timestamp, serial = found.groups()
        text = f"{method}\n{target}\n{timestamp}\n{nonce}\n{body}\n"
        known = (merchant, serial) == (MERCHANT_ID, MERCHANT_SERIAL)
        if not known or not is_signed(self.keys.merchant.public_key(), text, signature):
            raise RefusedError("SIGN_ERROR")

    def _name(self, method: str, path: str) -> str:
        if path.startswith("/v3/bill/"):
            return "bill"
        if path.startswith(TRANSFERS):
            return "query_transfer" if method == "GET" else "transfer"
        if method == "GET":
            return "query_refund" if path.startswith("/v3/refund/") else "query"
        if path.startswith("/v3/refund/"):
            return "refund"
        return "close" if path.endswith("/close") else "create"

    def _create(self, path: str, wish: dict) -> tuple[int, dict]:
        kind = path.rsplit("/", 1)[1]
        if (wish["mchid"], wish["appid"]) != (MERCHANT_ID, WECHAT_APP):
            raise RefusedError("APPID_MCHID_NOT_MATCH")
        if kind == "h5" and wish["scene_info"]["h5_info"]["type"] != "Wap":
            raise RefusedError("PARAM_ERROR")
        if kind == "jsapi" and not wish["payer"]["openid"]:
            raise RefusedError("PARAM_ERROR")
        payment = self.book.create(
            wish["out_trade_no"],
            amount_fen=wish["amount"]["total"],
            currency=wish["amount"]["currency"],
            notify_url=wish["notify_url"],
            expires_at=datetime.fromisoformat(wish["time_expire"]).timestamp(),
            subject=wish["description"],
            kind=kind,
        )
        number = payment["reference"]
        return 200, {
            "native": {"code_url": f"weixin://wxpay/bizpayurl?pr={number[:12]}"},
            "h5": {"h5_url": f"https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx{number}&package=1"},
            "jsapi": {"prepay_id": f"wx{number}"},
        }[kind]  # fmt: skip

    def _query(self, path: str, _content: dict) -> tuple[int, dict]:
        return 200, self._facts(self.book.get(path.rsplit("/", 1)[1]))

    def _close(self, path: str, content: dict) -> tuple[int, dict]:
        if content != {"mchid": MERCHANT_ID}:
            raise RefusedError("PARAM_ERROR")
        self.book.close(path.split("/")[-2])
        return 204, {}

    def _refund(self, _path: str, wish: dict) -> tuple[int, dict]:
        payment = self.book.get(wish["out_trade_no"])
        if wish["amount"]["total"] != payment["amount_fen"] or wish["amount"]["currency"] != "CNY":
            raise RefusedError("PARAM_ERROR")
        refund, _is_new = self.book.refund(
            wish["out_trade_no"], wish["out_refund_no"], wish["amount"]["refund"]
        )
        return 200, self._refund_facts(refund, payment)

    def _facts(self, payment: dict) -> dict:
        amount = {"total": payment["amount_fen"]}
        state = STATES[payment["state"]]
        content = {
            "appid": WECHAT_APP, "mchid": MERCHANT_ID, "out_trade_no": payment["reference"],
            "trade_state": "REFUND" if payment["refunded_fen"] else state, "trade_state_desc": "说明",
            "amount": amount,
        }  # fmt: skip
        if payment["state"] == "paid":
            amount |= {"currency": payment["currency"], "payer_total": payment["amount_fen"] - 1}
            content |= {"transaction_id": payment["transaction"], "trade_type": payment["kind"].upper(),
                        "success_time": "2026-11-26T10:00:00+08:00", "payer": {"openid": "o"}}  # fmt: skip
        return content

    def _refund_facts(self, refund: dict, payment: dict) -> dict:
        return {
            "refund_id": refund["number"], "out_refund_no": refund["refund_reference"],
            "out_trade_no": refund["reference"], "transaction_id": payment["transaction"],
            "status": refund["state"],
            "amount": {"total": payment["amount_fen"], "refund": refund["amount_fen"], "currency": "CNY"},
        }  # fmt: skip

    def _query_refund(self, path: str, _content: dict) -> tuple[int, dict]:
        refund = self.book.refund_of(path.rsplit("/", 1)[1])
        return 200, self._refund_facts(refund, self.book.get(refund["reference"]))

    def _transfer(self, _path: str, wish: dict) -> tuple[int, dict]:
        reports = [report["info_type"] for report in wish["transfer_scene_report_infos"]]
        if wish["appid"] != WECHAT_APP or (wish["transfer_scene_id"], reports) != ("1009", ["采购商品名称"]):
            raise RefusedError("PARAM_ERROR")
        # The name comes sealed for our key; WeChat compares it with who the openid is.
        sent = self.book.transfer(
            wish["out_bill_no"],
            amount_fen=wish["transfer_amount"],
            payee=wish["openid"],
            notify_url=wish["notify_url"],
            name=rsa_open(self.keys.platform, wish["user_name"]),
        )
        said = {"out_bill_no": sent["reference"], "transfer_bill_no": sent["number"],
                "create_time": "2026-11-26T10:00:00+08:00",
                "state": TRANSFER_STATES[sent["state"]]}  # fmt: skip
        return 200, said | ({"package_info": "affffddafdfafddffda=="} if sent["state"] == "PENDING" else {})

    def _query_transfer(self, path: str, _content: dict) -> tuple[int, dict]:
        sent = self.book.transfer_of(path.rsplit("/", 1)[1])
        return 200, self._transfer_facts(sent)

    def _transfer_facts(self, sent: dict) -> dict:
        return {
            "mch_id": MERCHANT_ID, "appid": WECHAT_APP, "out_bill_no": sent["reference"],
            "transfer_bill_no": sent["number"], "state": TRANSFER_STATES[sent["state"]],
            "transfer_amount": sent["amount_fen"], "openid": sent["payee"], "fail_reason": sent["reason"],
        }  # fmt: skip


def query_of(target: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(target).query)
