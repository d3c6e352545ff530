"""The bill of trades of Alipay: an archive of GBK tables with notes around them, each line after a #.

A bill whose columns are others is refused, never guessed at. What names a buyer is not kept.
"""

import csv
from datetime import date
from re import search

from payments.errors import BadBill
from payments.gateways.bills.base import (
    Bill,
    BillLine,
    checked,
    count_of,
    fen_of,
    name_of,
    same,
    text_of,
    time_of,
    unzip,
)
from payments.statuses import BillLineKind

TITLE = "#支付宝业务明细查询"
COLUMNS = [
    "支付宝交易号",
    "商户订单号",
    "业务类型",
    "商品名称",
    "创建时间",
    "完成时间",
    "门店编号",
    "门店名称",
    "操作员",
    "终端号",
    "对方账户",
    "订单金额（元）",
    "商家实收（元）",
    "支付宝红包（元）",
    "集分宝（元）",
    "支付宝优惠（元）",
    "商家优惠（元）",
    "券核销金额（元）",
    "券名称",
    "商家红包消费金额（元）",
    "卡消费金额（元）",
    "退款批次号/请求号",
    "服务费（元）",
    "分润（元）",
    "备注",
]
KINDS = {"交易": BillLineKind.PAYMENT, "退款": BillLineKind.REFUND}
ACCOUNT = r"#账号：\[(\d{16})\d*\]"
FIRST_DAY = r"起始日期：\[(\d{4})年(\d\d)月(\d\d)日"
TOTALS = (
    (BillLineKind.PAYMENT, r"#交易合计：(\d+)笔，商家实收共(-?[\d.]+)元"),
    (BillLineKind.REFUND, r"#退款合计：(\d+)笔，商家实收退款共(-?[\d.]+)元"),
)


def read_trade(content: bytes, merchant: str, day: date) -> Bill:
    """Read the bill of trades, out of its archive or as a single table."""
    files = unzip(content) if content.startswith(b"PK") else [content]
    texts = [lines for lines in (text_of(file, "gb18030") for file in files) if lines[0].strip() == TITLE]
    if len(texts) != 1:
        raise BadBill("not the one table of a bill")
    notes = [line.strip() for line in texts[0] if line.startswith("#")]
    table = [line for line in texts[0] if line.strip() and not line.startswith("#")]
    account, first = _found(ACCOUNT, notes), _found(FIRST_DAY, notes)
    if account[0] != merchant:
        raise BadBill("of another merchant")
    same("-".join(first), day.isoformat(), "day")
    lines = [_line(row) for row in _rows(table)]
    for kind, pattern in TOTALS:
        count, total = _found(pattern, notes)
        amounts = [line.amount_fen for line in lines if line.kind == kind]
        same(len(amounts), count_of(count), f"rows of {kind}")
        same(sum(amounts), abs(fen_of(total)), f"sum of {kind}")
    return checked(lines, day)


def _found(pattern: str, notes: list[str]) -> tuple[str, ...]:
    found = [match.groups() for match in (search(pattern, note) for note in notes) if match]
    if len(found) != 1:
        raise BadBill("a bill without its notes")
    return found[0]


def _rows(table: list[str]) -> list[dict[str, str]]:
    try:
        read = [[cell.strip() for cell in row] for row in csv.reader(table, strict=True)]
    except csv.Error as error:
        raise BadBill("not a table") from error
    if not read or read[0] != COLUMNS:
        raise BadBill("other columns than a bill has")
    if any(len(row) != len(COLUMNS) for row in read):
        raise BadBill("a line of other columns")
    return [dict(zip(COLUMNS, row, strict=True)) for row in read[1:]]


def _line(row: dict[str, str]) -> BillLine:
    kind = KINDS.get(row["业务类型"])
    if kind is None:
        raise BadBill(f"unknown business {row['业务类型'][:20]}")
    is_refund = kind == BillLineKind.REFUND
    amount, payment = fen_of(row["商家实收（元）"]), name_of(row["商户订单号"])
    return BillLine(
        kind=kind,
        happened_at=time_of(row["完成时间"]),
        reference=name_of(row["退款批次号/请求号"]) if is_refund else payment,
        provider_reference=name_of(row["支付宝交易号"]),
        payment_reference=payment,
        amount_fen=-amount if is_refund else amount,
        fee_fen=-fen_of(row["服务费（元）"]),
    )
