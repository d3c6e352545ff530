"""Bills of WeChat Pay v3: text whose every value begins with a backtick, and its totals in the last line.

A bill whose columns are others is refused, never guessed at. What names a buyer is not kept.
"""

from datetime import date

from payments.errors import BadBill
from payments.gateways.bills.base import (
    Bill,
    BillLine,
    checked,
    count_of,
    fen_of,
    gunzip,
    name_of,
    same,
    text_of,
    time_of,
)
from payments.statuses import BillLineKind

TRADE = [
    "交易时间",
    "公众账号ID",
    "商户号",
    "特约商户号",
    "设备号",
    "微信订单号",
    "商户订单号",
    "用户标识",
    "交易类型",
    "交易状态",
    "付款银行",
    "货币种类",
    "应结订单金额",
    "代金券金额",
    "微信退款单号",
    "商户退款单号",
    "退款金额",
    "充值券退款金额",
    "退款类型",
    "退款状态",
    "商品名称",
    "商户数据包",
    "手续费",
    "费率",
    "订单金额",
    "申请退款金额",
    "费率备注",
]
TRADE_TOTALS = [
    "总交易单数",
    "应结订单总金额",
    "退款总金额",
    "充值券退款总金额",
    "手续费总金额",
    "订单总金额",
    "申请退款总金额",
]
FUNDS = [
    "记账时间",
    "微信支付业务单号",
    "资金流水单号",
    "业务名称",
    "业务类型",
    "收支类型",
    "收支金额(元)",
    "账户结余(元)",
    "资金变更提交申请人",
    "备注",
    "业务凭证号",
]
FUNDS_TOTALS = ["资金流水总笔数", "收入笔数", "收入金额", "支出笔数", "支出金额"]
GZIP = b"\x1f\x8b"
FUND_KINDS = {
    ("交易", "收入"): BillLineKind.PAYMENT,
    ("退款", "支出"): BillLineKind.REFUND,
    ("扣除交易手续费", "支出"): BillLineKind.FEE,
    ("扣除交易手续费", "收入"): BillLineKind.FEE,
}


def read_trade(content: bytes, merchant: str, day: date) -> Bill:
    """Read the bill of trades (bill_type ALL); see payments.gateways.bills.read_bill."""
    rows, totals = _table(content, TRADE, TRADE_TOTALS)
    lines, paid_fen, refunded_fen, fees_fen = [], 0, 0, 0
    for row in rows:
        if row["商户号"] != merchant:
            raise BadBill("of another merchant")
        if row["货币种类"] != "CNY":
            raise BadBill("of another currency")
        is_refund = row["交易状态"] in ("REFUND", "REVOKED")
        if not is_refund and row["交易状态"] != "SUCCESS":
            raise BadBill(f"unknown state {row['交易状态'][:20]}")
        fee = fen_of(row["手续费"])
        amount = fen_of(row["退款金额"] if is_refund else row["应结订单金额"])
        paid_fen += 0 if is_refund else amount
        refunded_fen += amount if is_refund else 0
        fees_fen += fee
        payment = name_of(row["商户订单号"])
        lines.append(
            BillLine(
                kind=BillLineKind.REFUND if is_refund else BillLineKind.PAYMENT,
                happened_at=time_of(row["交易时间"]),
                reference=name_of(row["商户退款单号"]) if is_refund else payment,
                provider_reference=name_of(row["微信退款单号"] if is_refund else row["微信订单号"]),
                payment_reference=payment,
                amount_fen=amount,
                fee_fen=fee,
            )
        )
    same(len(lines), count_of(totals["总交易单数"]), "rows")
    same(paid_fen, fen_of(totals["应结订单总金额"]), "payments")
    same(refunded_fen, fen_of(totals["退款总金额"]), "refunds")
    same(fees_fen, fen_of(totals["手续费总金额"]), "fees")
    return checked(lines, day)


def read_funds(content: bytes, merchant: str, day: date) -> Bill:
    """Read the bill of movements on the basic account, which names no merchant."""
    rows, totals = _table(content, FUNDS, FUNDS_TOTALS)
    lines, came, went = [], [], []
    for row in rows:
        amount, direction = fen_of(row["收支金额(元)"]), row["收支类型"]
        if direction not in ("收入", "支出") or amount < 0:
            raise BadBill(f"neither in nor out: {direction[:20]}")
        (came if direction == "收入" else went).append(amount)
        kind = FUND_KINDS.get((row["业务类型"], direction), BillLineKind.OTHER)
        signed = amount if direction == "收入" else -amount
        is_fee, is_other = kind == BillLineKind.FEE, kind == BillLineKind.OTHER
        lines.append(
            BillLine(
                kind=kind,
                happened_at=time_of(row["记账时间"]),
                reference=name_of(row["资金流水单号"]),
                provider_reference=name_of(row["微信支付业务单号"]),
                payment_reference="",
                amount_fen=0 if is_fee else signed if is_other else amount,
                fee_fen=-signed if is_fee else 0,
            )
        )
    same(len(lines), count_of(totals["资金流水总笔数"]), "rows")
    same(len(came), count_of(totals["收入笔数"]), "rows in")
    same(sum(came), fen_of(totals["收入金额"]), "money in")
    same(len(went), count_of(totals["支出笔数"]), "rows out")
    same(sum(went), fen_of(totals["支出金额"]), "money out")
    return checked(lines, day)


def _table(
    content: bytes, columns: list[str], totals: list[str]
) -> tuple[list[dict[str, str]], dict[str, str]]:
    lines = text_of(gunzip(content) if content.startswith(GZIP) else content, "utf-8-sig")
    while lines and not lines[-1].strip():
        lines.pop()
    if len(lines) < 3 or lines[0].split(",") != columns or lines[-2].split(",") != totals:
        raise BadBill("other columns than a bill has")
    rows = [_values(line, columns) for line in lines[1:-2]]
    return rows, _values(lines[-1], totals)


def _values(line: str, columns: list[str]) -> dict[str, str]:
    # A comma in a name is none between two values: those are told by the backtick.
    if not line.startswith("`"):
        raise BadBill("a line that is not of a bill")
    values = [value.strip() for value in line[1:].split(",`")]
    if len(values) != len(columns):
        raise BadBill(f"{len(values)} values in {len(columns)} columns")
    return dict(zip(columns, values, strict=True))
