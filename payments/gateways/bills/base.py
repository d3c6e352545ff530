"""What every bill is made of, and how a file from outside is opened without trusting it."""

import hashlib
import io
import json
import zipfile
import zlib
from dataclasses import astuple, dataclass
from datetime import date, datetime
from re import fullmatch
from zoneinfo import ZoneInfo

from payments.errors import BadBill
from payments.statuses import BillLineKind

SHANGHAI = ZoneInfo("Asia/Shanghai")
MOST_PACKED = 20 * 1024 * 1024
MOST_BYTES = 100 * 1024 * 1024
MOST_LINES = 200_000
MOST_FILES = 8  # in one archive
AMOUNT = r"-?\d{1,9}(\.\d{1,5})?"


@dataclass(frozen=True)
class BillLine:
    """One line. `reference` and `provider_reference` name the payment, or the refund, here and there.

    Amounts of payments and refunds are above zero. `fee_fen` is what the provider kept, below zero when it
    gave a fee back. Of other movements the amount is signed: what came in is above zero.
    """

    kind: str
    happened_at: datetime
    reference: str
    provider_reference: str
    payment_reference: str
    amount_fen: int
    fee_fen: int


@dataclass(frozen=True)
class Bill:
    """A whole bill whose own totals agree with its lines."""

    lines: tuple[BillLine, ...]

    def total(self, kind: str) -> int:
        """Return the sum of one kind of lines in fen."""
        return sum(line.amount_fen for line in self.lines if line.kind == kind)

    @property
    def fee_fen(self) -> int:
        """Return what the provider kept in all."""
        return sum(line.fee_fen for line in self.lines)

    @property
    def digest(self) -> str:
        """Return SHA-256 over what the bill says: files of the same bill differ by the time of the export."""
        said = sorted([str(part) for part in astuple(line)] for line in self.lines)
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def unzip(content: bytes) -> list[bytes]:
    """Return the files of an archive; BadBill for one that is broken, locked, or larger than any bill."""
    if len(content) > MOST_PACKED:
        raise BadBill("too large")
    opened, room = [], MOST_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.infolist()
            if not 0 < len(names) <= MOST_FILES:
                raise BadBill("not the files of a bill")
            for name in names:
                if name.flag_bits & 1:
                    raise BadBill("locked")
                # What an archive says about its sizes is not believed.
                with archive.open(name) as file:
                    opened.append(file.read(room + 1))
                room -= len(opened[-1])
                if room < 0:
                    raise BadBill("too large")
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError) as error:
        raise BadBill("a broken archive") from error
    return opened


def gunzip(content: bytes) -> bytes:
    """Return what one gzip file holds; BadBill for one that is broken or larger than any bill."""
    if len(content) > MOST_PACKED:
        raise BadBill("too large")
    unpacker = zlib.decompressobj(wbits=31)
    try:
        opened = unpacker.decompress(content, MOST_BYTES + 1)
    except zlib.error as error:
        raise BadBill("a broken archive") from error
    if len(opened) > MOST_BYTES:
        raise BadBill("too large")
    if not unpacker.eof or unpacker.unused_data:
        raise BadBill("a broken archive")
    return opened


def text_of(content: bytes, encoding: str) -> list[str]:
    """Return the lines of a text; BadBill when it is not of its encoding, or holds what no bill holds."""
    if len(content) > MOST_BYTES:
        raise BadBill("too large")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise BadBill("broken encoding") from error
    if "\x00" in text or "\ufffd" in text:
        raise BadBill("broken encoding")
    lines = text.replace("\r\n", "\n").split("\n")
    if len(lines) > MOST_LINES:
        raise BadBill("too many lines")
    return lines


def fen_of(text: str) -> int:
    """Return an amount of yuan in fen; BadBill for anything but a number of whole fen."""
    if not text.isascii() or not fullmatch(AMOUNT, text):
        raise BadBill(f"not an amount: {text[:20]}")
    sign, (yuan, _point, rest) = (-1 if text[0] == "-" else 1), text.lstrip("-").partition(".")
    rest = rest.ljust(5, "0")
    if rest[2:] != "000":
        raise BadBill(f"parts of a fen: {text[:20]}")
    return sign * (int(yuan) * 100 + int(rest[:2]))


def count_of(text: str) -> int:
    """Return a number of rows."""
    if not text.isascii() or not fullmatch(r"\d{1,7}", text):
        raise BadBill(f"not a count: {text[:20]}")
    return int(text)


def name_of(text: str) -> str:
    """Return a number of a document, empty or not; BadBill for what could be anything else, a formula too."""
    if not text.isascii() or not fullmatch(r"[0-9A-Za-z_][0-9A-Za-z_-]{0,63}|", text):
        raise BadBill(f"not a number of a document: {text[:20]}")
    return text


def time_of(text: str) -> datetime:
    """Return a time of the bill, which is Shanghai's."""
    if not fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text):
        raise BadBill(f"not a time: {text[:20]}")
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)
    except ValueError as error:
        raise BadBill(f"not a time: {text[:20]}") from error


def same(found: object, told: object, what: str) -> None:
    """Raise BadBill unless what the lines add up to is what the bill itself says."""
    if found != told:
        raise BadBill(f"{what}: the lines say {found}, the bill says {told}")


def checked(lines: list[BillLine], day: date) -> Bill:
    """Return the bill; BadBill for a line that comes twice or belongs to another day."""
    seen = set()
    for line in lines:
        named = (line.kind, line.provider_reference, line.reference)
        if line.kind in (BillLineKind.PAYMENT, BillLineKind.REFUND):
            if not all(named) or line.amount_fen <= 0:
                raise BadBill("a payment without a number or an amount")
            if named in seen:
                raise BadBill(f"twice: {line.provider_reference}")
        seen.add(named)
        happened_on = line.happened_at.date()
        # A refund may carry the time of its payment.
        if happened_on > day or (happened_on < day and line.kind != BillLineKind.REFUND):
            raise BadBill(f"a line of {happened_on}")
    return Bill(tuple(lines))
