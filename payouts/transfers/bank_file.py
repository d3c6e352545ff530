"""Files that an operator carries to the bank, and the bank's answer. No network.

`csv` is for people and for banks that import tables. `cmbc` is the interbank batch file ("PO") of China
Minsheng Bank, as the settlement gateway of iBoxPay writes it for that bank (package gateway.xmcmbc, class
CommonPacker, open on GitHub): a head `PO|number|fen`, a line `our number|account|holder|bank code|bank|fen|
summary|remark` for each, a foot of eight `#`; GBK, lines ended by CR LF.
"""

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from common.money import parse_yuan, yuan_text
from common.sheets import BYTE_ORDER_MARK, csv_text
from ledger.statuses import Purpose
from payouts.statuses import PayoutMethod
from payouts.transfers.base import Facts, TransferState, Wish

ANSWER_MAX_BYTES = 2 * 1024 * 1024
ANSWER_MAX_ROWS = 10_000
HEAD = ("流水号", "户名", "账号", "开户行", "行号", "金额", "用途")
# Names that banks give to the columns of an answer; ours first.
COLUMNS = {
    "reference": ("流水号", "客户流水号", "业务参考号", "reference"),
    "amount": ("金额", "交易金额", "amount"),
    "result": ("结果", "交易结果", "状态", "处理状态", "result"),
    "reason": ("说明", "失败原因", "备注", "reason"),
    "number": ("银行流水号", "回单号", "number"),
}
NEEDED = ("reference", "amount", "result")
RESULTS: dict[str, TransferState] = {
    "成功": "paid", "交易成功": "paid", "已成功": "paid", "paid": "paid",
    "失败": "failed", "交易失败": "failed", "failed": "failed",
    "退票": "returned", "退汇": "returned", "returned": "returned",
    "处理中": "in_transit", "processing": "in_transit",
}  # fmt: skip
_FOREIGN = re.compile(r"[|\r\n\t\x00-\x1f]")


@dataclass(frozen=True)
class BankFiles:
    """See payouts.transfers.base.Way."""

    name: str = PayoutMethod.BANK
    paid_from: str = Purpose.BANK
    is_online: bool = False


@dataclass(frozen=True)
class BankFile:
    """A file to download."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class AnswerRow:
    """One line of the bank's answer: what it says, or what is wrong with it (`fault`)."""

    number: int
    facts: Facts | None
    fault: str = ""


class UnreadableAnswerError(ValueError):
    """The whole file cannot be read; the text says why: size, encoding, table, columns, rows."""


def as_csv(run_id: int, made_at: datetime, wishes: Sequence[Wish]) -> BankFile:
    """Return the table; long numbers stay text, and nothing in it runs as a formula."""
    rows: list[Sequence[object]] = [HEAD]
    for wish in wishes:
        amount = yuan_text(wish.amount_fen).replace(",", "")
        # A tab keeps a table program from making 6.2228E+18 of a card; banks trim it.
        account = f"{wish.detail}\t"
        rows.append(
            [wish.reference, wish.holder, account, wish.bank_name, wish.bank_code, amount, wish.remark]
        )
    content = csv_text(rows).encode()
    return BankFile(f"payout-run-{run_id}.csv", "text/csv; charset=utf-8", content)


def as_cmbc(run_id: int, made_at: datetime, wishes: Sequence[Wish]) -> BankFile:
    """Return China Minsheng Bank's batch file; ValueError for a name or a bank that it cannot hold."""
    lines = [f"PO|{len(wishes)}|{sum(wish.amount_fen for wish in wishes)}"]
    for wish in wishes:
        if not wish.bank_code:
            raise ValueError(f"no bank code for {wish.reference}")
        fields = [
            wish.reference, wish.detail, wish.holder, wish.bank_code, wish.bank_name, str(wish.amount_fen),
            "货款", wish.remark,
        ]  # fmt: skip
        lines.append("|".join(_FOREIGN.sub(" ", field) for field in fields))
    content = "\r\n".join([*lines, "########"]).encode("gbk")
    return BankFile(f"req_outer_{made_at:%Y%m%d}_{run_id % 1000:03d}.txt", "text/plain; charset=gbk", content)


FORMATS: dict[str, Callable[[int, datetime, Sequence[Wish]], BankFile]] = {"csv": as_csv, "cmbc": as_cmbc}


def read_answer(content: bytes) -> list[AnswerRow]:
    """Return the rows of the bank's answer, a table as CSV in UTF-8 or GBK; UnreadableAnswerError."""
    if len(content) > ANSWER_MAX_BYTES:
        raise UnreadableAnswerError("size")
    table = _table(_decoded(content))
    head = [cell.strip().lower() for cell in next(table, [])]
    places = {name: _place(head, names) for name, names in COLUMNS.items()}
    if any(places[name] is None for name in NEEDED):
        raise UnreadableAnswerError("columns")
    rows = []
    for number, cells in enumerate(table, start=2):
        if len(rows) >= ANSWER_MAX_ROWS:
            raise UnreadableAnswerError("rows")
        if any(cell.strip() for cell in cells):
            rows.append(_row(number, cells, places))
    if not rows:
        raise UnreadableAnswerError("empty")
    return rows


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        # Half a file, or another kind of file, that happens to decode.
        if not any(sign in text for sign in ("\x00", "\ufffd")):
            return text.removeprefix(BYTE_ORDER_MARK)
    raise UnreadableAnswerError("encoding")


def _table(text: str):
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise UnreadableAnswerError("table") from error


def _place(head: list[str], names: Sequence[str]) -> int | None:
    return next((head.index(name) for name in names if name in head), None)


def _row(number: int, cells: list[str], places: dict[str, int | None]) -> AnswerRow:
    def cell(name: str) -> str:
        place = places[name]
        # Our own table guards cells with an apostrophe and a tab.
        return (
            cells[place].strip().removeprefix("'").strip() if place is not None and place < len(cells) else ""
        )

    reference, result = cell("reference"), cell("result").lower()
    if not re.fullmatch(r"[0-9A-Za-z]{8,32}", reference):
        return AnswerRow(number, None, "reference")
    try:
        amount_fen = parse_yuan(cell("amount"))
    except ValueError:
        return AnswerRow(number, None, "amount")
    if result not in RESULTS:
        return AnswerRow(number, None, "result")
    facts = Facts(reference, RESULTS[result], amount_fen, cell("number")[:64], cell("reason")[:100])
    return AnswerRow(number, facts)
