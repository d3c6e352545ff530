"""A bill is read by its explicit columns or refused whole, with nothing written."""

import gzip
import io
import zipfile
from datetime import date, datetime

import pytest

from common.clock import utc_now
from common.models import AuditEntry
from ledger.models import LedgerTransaction
from payments.errors import BadBill, GatewayUnavailable
from payments.gateways.bills import base, read_bill
from payments.gateways.downloading import download
from payments.models import ProviderBill, ProviderBillLine
from payments.services.billing import import_bill
from tests.providersim import bills
from tests.providersim.keys import MERCHANT_ID, SELLER

DAY = date(2026, 11, 20)
AT = datetime(2026, 11, 20, 9, 30, tzinfo=bills.SHANGHAI)
ROWS = [
    bills.row("payment", "P20261120a", "4200000001", 7600, at=AT),
    bills.row("payment", "P20261120b", "4200000002", 15200, at=AT),
    bills.row("refund", "R20261120c", "5000000003", 15200, at=AT, payment="P20261120b",
              transaction="4200000002"),
]  # fmt: skip


def wechat(content: bytes, *, kind: str = "trade", merchant: str = MERCHANT_ID, day: date = DAY):
    return read_bill(gateway="wechatpay", kind=kind, content=content, merchant=merchant, day=day)


def alipay(content: bytes, *, merchant: str = SELLER, day: date = DAY):
    return read_bill(gateway="alipay", kind="trade", content=content, merchant=merchant, day=day)


def shown(line) -> tuple:
    numbers = (line.reference, line.provider_reference, line.payment_reference)
    return (line.kind, *numbers, line.amount_fen, line.fee_fen)


def test_a_bill_of_wechat_pay_is_read_to_the_fen():
    bill = wechat(bills.packed(bills.wechat_trade(ROWS)))

    assert [shown(line) for line in bill.lines] == [
        ("payment", "P20261120a", "4200000001", "P20261120a", 7600, 46),
        ("payment", "P20261120b", "4200000002", "P20261120b", 15200, 91),
        ("refund", "R20261120c", "5000000003", "P20261120b", 15200, -91),
    ]  # fmt: skip
    assert (bill.total("payment"), bill.total("refund"), bill.fee_fen) == (22800, 15200, 46)
    assert bill.lines[0].happened_at == AT


def test_a_bill_of_alipay_is_read_to_the_fen():
    bill = alipay(bills.alipay_zip(bills.alipay_text(ROWS, DAY)))

    assert [shown(line) for line in bill.lines] == [
        ("payment", "P20261120a", "4200000001", "P20261120a", 7600, 46),
        ("payment", "P20261120b", "4200000002", "P20261120b", 15200, 91),
        ("refund", "R20261120c", "4200000002", "P20261120b", 15200, -91),
    ]  # fmt: skip
    assert (bill.total("payment"), bill.total("refund"), bill.fee_fen) == (22800, 15200, 46)


def test_a_bill_of_movements_is_read_to_the_fen():
    bill = wechat(bills.wechat_funds(ROWS, (("T1", "提现", 5000),)), kind="funds")

    assert [(one.kind, one.provider_reference, one.amount_fen, one.fee_fen) for one in bill.lines] == [
        ("payment", "4200000001", 7600, 0), ("fee", "4200000001", 0, 46),
        ("payment", "4200000002", 15200, 0), ("fee", "4200000002", 0, 91),
        ("refund", "5000000003", 15200, 0), ("fee", "5000000003", 0, -91),
        ("other", "T1", -5000, 0),
    ]  # fmt: skip


def test_what_is_packed_otherwise_or_in_another_order_is_the_same_bill():
    text = bills.wechat_trade(ROWS)

    digests = {wechat(text).digest, wechat(bills.packed(text)).digest,
               wechat(bills.wechat_trade(ROWS[::-1])).digest}  # fmt: skip

    assert len(digests) == 1
    assert wechat(bills.wechat_trade(ROWS[:1])).digest not in digests


def said(text: bytes, old: str, new: str, encoding: str) -> bytes:
    changed = text.decode(encoding).replace(old, new, 1).encode(encoding)
    assert changed != text
    return changed


WECHAT = bills.wechat_trade(ROWS)
ALIPAY = bills.alipay_text(ROWS, DAY)
SPOILT = {
    "columns": lambda: said(WECHAT, "手续费,费率", "费率,手续费", "utf-8-sig"),
    "a column more": lambda: said(WECHAT, "`CNY,", "`CNY,`x,", "utf-8-sig"),
    "wrong sum": lambda: said(WECHAT, ",`228.00,", ",`228.01,", "utf-8-sig"),
    "wrong count": lambda: said(WECHAT, "`3,`228.00", "`4,`228.00", "utf-8-sig"),
    "wrong fees": lambda: said(WECHAT, "`0.46000,`228.00", "`0.47000,`228.00", "utf-8-sig"),
    "a line gone": lambda: WECHAT.replace(WECHAT.split(b"\r\n")[1] + b"\r\n", b""),
    "footer gone": lambda: b"\r\n".join(WECHAT.split(b"\r\n")[:-2]),
    "encoding": lambda: WECHAT.decode("utf-8-sig").encode("gbk"),
    "formula": lambda: said(WECHAT, "`P20261120a", "`=cmd|'/c calc'!A1", "utf-8-sig"),
    "formula as a number": lambda: said(WECHAT, "`4200000001", "`+4200000001", "utf-8-sig"),
    "amount": lambda: said(WECHAT, "`76.00", "`7.6e1", "utf-8-sig"),
    "wide digits": lambda: said(WECHAT, "`76.00", "`７６.00", "utf-8-sig"),
    "parts of a fen": lambda: said(WECHAT, "`0.46000", "`0.46300", "utf-8-sig"),
    "currency": lambda: said(WECHAT, "`CNY", "`USD", "utf-8-sig"),
    "state": lambda: said(WECHAT, "`SUCCESS", "`PARTLY", "utf-8-sig"),
    "merchant": lambda: said(WECHAT, MERCHANT_ID, "1688000002", "utf-8-sig"),
    "another day": lambda: said(WECHAT, "2026-11-20 09", "2026-11-19 09", "utf-8-sig"),
    "no such day": lambda: said(WECHAT, "2026-11-20 09", "2026-11-31 09", "utf-8-sig"),
    "twice": lambda: bills.wechat_trade([ROWS[0], ROWS[0]]),
    "nul": lambda: said(WECHAT, "OTHERS", "OTH\x00ERS", "utf-8-sig"),
    "empty": lambda: b"",
    "not gzip": lambda: b"\x1f\x8b" + b"x" * 100,
    "gzip cut off": lambda: bills.packed(WECHAT)[:-20],
    "gzip with a tail": lambda: bills.packed(WECHAT) + b"tail",
    "page": lambda: b"<html><body>502 Bad Gateway</body></html>",
}
SPOILT_ALIPAY = {
    "columns": lambda: said(ALIPAY, "服务费（元）,分润（元）", "分润（元）,服务费（元）", "gbk"),
    "a column more": lambda: said(ALIPAY, "交易\t,", "交易\t,x,", "gbk"),
    "wrong sum": lambda: said(ALIPAY, "实收共228.00", "实收共228.01", "gbk"),
    "wrong count": lambda: said(ALIPAY, "交易合计：2", "交易合计：3", "gbk"),
    "wrong refunds": lambda: said(ALIPAY, "退款共-152.00", "退款共-151.00", "gbk"),
    "footer gone": lambda: said(ALIPAY, "#退款合计", "#合计", "gbk"),
    "encoding": lambda: ALIPAY.decode("gbk").encode("utf-8"),
    "broken encoding": lambda: ALIPAY.replace("交易\t".encode("gbk"), b"\xbd\xff\t", 1),
    "formula": lambda: said(ALIPAY, "P20261120a", "=HYPERLINK()", "gbk"),
    "business": lambda: said(ALIPAY, "退款\t", "转账\t", "gbk"),
    "merchant": lambda: said(ALIPAY, SELLER, "2088000000000018", "gbk"),
    "another day": lambda: said(ALIPAY, "起始日期：[2026年11月20日", "起始日期：[2026年11月19日", "gbk"),
    "open quote": lambda: said(ALIPAY, '"青稞, 五斤"', '"青稞, 五斤', "gbk"),
    "zip cut off": lambda: bills.alipay_zip(ALIPAY)[:-30],
    "zip without a bill": lambda: bills.alipay_zip(b"#other"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_bill_of_wechat_pay_is_refused(name):
    with pytest.raises(BadBill):
        wechat(SPOILT[name]())


@pytest.mark.parametrize("name", SPOILT_ALIPAY)
def test_a_spoilt_bill_of_alipay_is_refused(name):
    with pytest.raises(BadBill):
        alipay(SPOILT_ALIPAY[name]())


def archive(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return packed.getvalue()


@pytest.mark.parametrize("name", ["one", "many", "files", "lying"])
def test_an_archive_that_grows_without_end_is_refused(monkeypatch, name):
    monkeypatch.setattr(base, "MOST_BYTES", 1_000_000)
    bomb = {
        "one": archive(a=b"0" * 5_000_000),
        "many": archive(**{f"f{number}": b"0" * 400_000 for number in range(5)}),
        "files": archive(**{f"f{number}": b"#" for number in range(20)}),
        # The size in the directory is a lie: five million are said to be five.
        "lying": archive(a=b"0" * 5_000_000).replace(
            (5_000_000).to_bytes(4, "little"), (5).to_bytes(4, "little")
        ),
    }[name]

    with pytest.raises(BadBill):
        alipay(bomb)


def test_a_gzip_that_grows_without_end_or_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(base, "MOST_BYTES", 1_000_000)

    with pytest.raises(BadBill):
        wechat(gzip.compress(b"`" * 5_000_000))
    monkeypatch.setattr(base, "MOST_PACKED", 100)
    with pytest.raises(BadBill):
        wechat(bills.packed(WECHAT))


def test_too_many_lines_are_refused(monkeypatch):
    monkeypatch.setattr(base, "MOST_LINES", 3)

    with pytest.raises(BadBill):
        wechat(WECHAT)


@pytest.mark.django_db
@pytest.mark.parametrize("content", [SPOILT["wrong sum"], SPOILT["formula"], SPOILT["gzip cut off"]])
def test_nothing_of_a_refused_bill_is_kept(providers, content):
    with pytest.raises(BadBill):
        import_bill(gateway="wechatpay", kind="trade", day=DAY, content=content(), now=utc_now())

    counts = [
        model.objects.count() for model in (ProviderBill, ProviderBillLine, LedgerTransaction, AuditEntry)
    ]
    assert counts == [0, 0, 0, 0]


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/file", "file:///etc/passwd", "http://openapi.alipay.com/file",
     "https://alipay.com.evil.example/x", "https://openapi.alipay.com@evil.example/x", "gopher://x", ""],
)  # fmt: skip
def test_a_file_is_fetched_from_the_providers_own_host_only(url):
    with pytest.raises(GatewayUnavailable, match=r"^$|.*") as refusal:
        download(url, gateway_url="https://openapi.alipay.com/gateway.do", limit=10)

    assert refusal.value.detail == "a file somewhere else"
