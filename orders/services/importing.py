"""Tracking numbers by the sheet: read what a carrier's counter or a shop's table holds, check it, send it."""

import csv
import io
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.errors import Invalid, MarketError
from orders.errors import AnswerFirst, BadSheet
from orders.models import Order, Shipment
from orders.services.case_moves import orders_to_answer
from orders.services.shipping import TO_SHIP, check_parcel, ship_order
from orders.statuses import Carrier

MAX_BYTES = 2 * 1024 * 1024
MAX_ROWS = 10_000
CELL_MAX = 60
# What one request may take; sheets that are longer go on with the next press, what is sent stays sent.
SECONDS = 20
FIELDS = {
    "number": ("order number", "order", "number", "订单号", "订单编号"),
    "carrier": ("carrier", "快递公司", "快递", "物流公司"),
    "tracking_number": ("tracking number", "tracking_number", "tracking", "快递单号", "运单号", "物流单号"),
}
NAMES = {
    "中国邮政": Carrier.CHINA_POST, "邮政": Carrier.CHINA_POST, "china post": Carrier.CHINA_POST,
    "邮政ems": Carrier.EMS, "顺丰": Carrier.SF, "顺丰速运": Carrier.SF, "sf express": Carrier.SF,
    "中通": Carrier.ZTO, "中通快递": Carrier.ZTO, "zto express": Carrier.ZTO, "圆通": Carrier.YTO,
    "圆通速递": Carrier.YTO, "圆通快递": Carrier.YTO, "yto express": Carrier.YTO, "申通": Carrier.STO,
    "申通快递": Carrier.STO, "sto express": Carrier.STO, "韵达": Carrier.YUNDA, "韵达快递": Carrier.YUNDA,
    "韵达速递": Carrier.YUNDA, "yunda express": Carrier.YUNDA, "京东": Carrier.JD, "京东物流": Carrier.JD,
    "京东快递": Carrier.JD, "jd logistics": Carrier.JD,
}  # fmt: skip
FORMULA = re.compile(r"[=+\-@\t＝＋－＠]")
ROUNDED = re.compile(r"\d+([.,]\d+)?E\+?\d+", re.IGNORECASE)


@dataclass(frozen=True)
class Row:
    """A row as a person counts it; `outcome` is one of ready, sent, repeated, refused, left."""

    row: int
    number: str
    carrier: str
    tracking_number: str
    outcome: str = "ready"
    problem: str = ""
    message: str = ""


def read_sheet(data: bytes) -> list[Row]:
    """Return the rows of a CSV sheet in UTF-8 or GB 18030; BadSheet when it is none, or too long.

    A cell that is a formula or a number that a table program has rounded is refused, never guessed.
    """
    if len(data) > MAX_BYTES:
        raise BadSheet(_("The sheet is too large: at most 2 MB."))
    text = _decoded(data)
    first = text.split("\n", 1)[0]
    delimiter = max(",\t;，", key=first.count)
    cells = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = next(cells, [])
        places = _places(header)
        rows = []
        for i, line in enumerate(cells, start=2):
            if any(cell.strip() for cell in line):
                rows.append(_row(i, line, places))
            if len(rows) > MAX_ROWS:
                raise BadSheet(_("The sheet is too long: at most 10,000 rows."))
    except csv.Error as error:
        raise BadSheet() from error
    if not rows:
        raise BadSheet(_("There is no row below the headings."))
    return _without_doubles(rows)


def check_sheet(*, actor: User, rows: Sequence[Row]) -> list[Row]:
    """Say what would become of each row; nothing is changed."""
    orders = {
        order.number: order
        for order in Order.objects.for_member(actor).filter(number__in={row.number for row in rows})
    }
    numbers = Shipment.objects.filter(tracking_number__in={row.tracking_number for row in rows})
    taken = {(one.carrier, one.tracking_number): one.order_id for one in numbers}
    asked = orders_to_answer(orders.values())
    return [row if row.problem else _checked(row, orders, taken, asked) for row in rows]


def send_sheet(*, actor: User, rows: Sequence[Row], now: datetime, seconds: float = SECONDS) -> list[Row]:
    """Ship what each good row names, each in a transaction of its own; what time does not allow is "left".

    Sending the same sheet again changes nothing and goes on where it stopped.
    """
    until = time.monotonic() + seconds
    done = []
    for row in check_sheet(actor=actor, rows=rows):
        if row.outcome != "ready":
            done.append(row)
        elif time.monotonic() > until:
            done.append(replace(row, outcome="left"))
        else:
            done.append(_sent(actor, row, now))
    return done


@transaction.atomic
def _sent(actor: User, row: Row, now: datetime) -> Row:
    try:
        with transaction.atomic():
            ship_order(
                actor=actor,
                number=row.number,
                carrier=row.carrier,
                tracking_number=row.tracking_number,
                now=now,
            )
    except MarketError as refusal:
        return _refused(row, refusal.code, refusal.message)
    return replace(row, outcome="sent")


def _decoded(data: bytes) -> str:
    if data[:2] == b"PK" or b"\0" in data:
        raise BadSheet(_("This is not a CSV file. Save the table as CSV and try again."))
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadSheet(_("This is not a CSV file. Save the table as CSV and try again."))


def _places(header: Sequence[str]) -> dict[str, int]:
    names = [cell.strip().strip("\ufeff").casefold() for cell in header]
    places = {}
    for field, words in FIELDS.items():
        found = [i for i, name in enumerate(names) if name in words]
        if len(found) != 1:
            raise BadSheet(_("The first row must name once each: order number, carrier, tracking number."))
        places[field] = found[0]
    return places


def _row(i: int, line: Sequence[str], places: dict[str, int]) -> Row:
    raw = {field: line[place] if place < len(line) else "" for field, place in places.items()}
    cells = {field: cell.strip()[:CELL_MAX] for field, cell in raw.items()}
    row = Row(row=i, **cells)
    if any(FORMULA.match(cell) for cell in raw.values()):
        return _refused(row, "formula", _("A cell begins like a formula. Type the number itself."))
    if any(ROUNDED.fullmatch(cell) for cell in cells.values()):
        return _refused(row, "rounded", _("The table has rounded this number. Type it again as text."))
    if not all(cells.values()):
        return _refused(row, "empty_cell", _("Something is missing in this row."))
    carrier = NAMES.get(cells["carrier"].casefold(), cells["carrier"].casefold())
    try:
        carrier, tracking_number = check_parcel(carrier, cells["tracking_number"])
    except Invalid as refusal:
        field, words = next(iter(refusal.fields.items()))
        return _refused(row, f"bad_{field}", words)
    return replace(row, carrier=carrier, tracking_number=tracking_number)


def _without_doubles(rows: Sequence[Row]) -> list[Row]:
    seen: dict[str, set] = {"number": set(), "parcel": set()}
    kept = []
    for row in rows:
        parcel = (row.carrier, row.tracking_number)
        if not row.problem and (row.number in seen["number"] or parcel in seen["parcel"]):
            row = _refused(row, "twice", _("This order or this tracking number stands in the sheet twice."))
        elif not row.problem:
            seen["number"].add(row.number)
            seen["parcel"].add(parcel)
        kept.append(row)
    return kept


def _checked(row: Row, orders: dict[str, Order], taken: dict[tuple[str, str], int], asked: set[int]) -> Row:
    order = orders.get(row.number)
    if order is None:
        return _refused(row, "not_found", _("There is no such order in your shop."))
    holder = taken.get((row.carrier, row.tracking_number))
    if holder == order.pk:
        return replace(row, outcome="repeated")
    if holder is not None:
        return _refused(row, "tracking_number_taken", _("Another order has this tracking number."))
    if order.status not in TO_SHIP:
        return _refused(row, "move_refused", _("This order is not to be sent now."))
    if order.pk in asked:
        return _refused(row, AnswerFirst.code, AnswerFirst.message)
    return row


def _refused(row: Row, problem: str, message: object) -> Row:
    return replace(row, outcome="refused", problem=problem, message=str(message))
