"""A statement on A4: who, how much in figures and words, line by line, and a code that proves it."""

from collections.abc import Iterable
from dataclasses import dataclass

import segno
from django.utils import translation
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from fpdf import FPDF

from common.money import figure_text, money_text
from payouts.papers.amounts import in_words
from payouts.papers.fonts import FAMILY, add_chinese_font
from payouts.selectors.papers import Paper
from payouts.selectors.statements import StatementRow
from payouts.statuses import LineKind

MARGIN, WIDTH, HEIGHT = 15.0, 210.0, 297.0
INNER = WIDTH - 2 * MARGIN
QR = 30.0
ROW, NOTE = 6.5, 4.5
PINE, INK, GREY, LINE = (31, 95, 74), (29, 27, 22), (110, 104, 92), (222, 214, 196)


@dataclass(frozen=True)
class Column:
    """One column of the lines."""

    title: str
    width: float
    is_number: bool = False


def draw_statements(papers: Iterable[Paper], *, language: str) -> bytes:
    """Return statements as one PDF, each beginning on a sheet of its own, in a language of the site."""
    with translation.override(language):
        sheet = _Sheet(language)
        for paper in papers:
            sheet.draw(paper)
        return bytes(sheet.output())


class _Sheet(FPDF):
    def __init__(self, language: str) -> None:
        super().__init__(format="A4")
        self.language = language
        self.paper: Paper | None = None
        self.first_page = 1
        add_chinese_font(self)
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.set_auto_page_break(True, margin=22)
        self.set_lang("zh-CN" if language.startswith("zh") else "en")

    def draw(self, paper: Paper) -> None:
        """Draw one statement from a new page on."""
        # The page before gets its foot here, so the tally it belongs to changes only afterwards.
        self.add_page()
        self.paper, self.first_page = paper, self.page_no()
        self.set_title(f"{_('Tally')} {paper.code}")
        self._head(paper)
        self._sum(paper)
        self._lines(paper)
        self._totals(paper)
        self._signature()

    def footer(self) -> None:
        """Repeat on every page which tally it belongs to."""
        if self.paper is None:
            return
        self.set_y(-15)
        self._say(f"{_('Tally number')} {self.paper.code}", size=8, colour=GREY, width=INNER / 2, line=5)
        number = self.page_no() - self.first_page + 1
        page = _("page %(number)s") % {"number": number}
        self._say(page, size=8, colour=GREY, width=INNER / 2, line=5, align="R")

    def _head(self, paper: Paper) -> None:
        top = self.get_y()
        self._say(_("Tally"), size=20, colour=PINE, line=10, is_last=True)
        self._say(paper.shop_name, size=10, colour=GREY, line=6, is_last=True, width=INNER - QR - 5)
        self._say(paper.payee_name, size=16, line=10, is_last=True, width=INNER - QR - 5)
        days = f"{_day(paper.starts_at)} – {_day(paper.last_moment)}"
        self._say(days, size=10, line=6, is_last=True)
        self._say(f"{_('Tally number')} {paper.code}", size=10, line=6, is_last=True)
        if paper.check_url:
            _draw_qr(self, paper.check_url, x=WIDTH - MARGIN - QR, y=top)
            self.set_xy(WIDTH - MARGIN - QR - 10, top + QR + 1)
            self._say(f"{_('Check letters')} {paper.letters}", size=8, width=QR + 10, line=4, align="R")
        self.set_xy(MARGIN, top + QR + 10)

    def _sum(self, paper: Paper) -> None:
        words = _("You are paid") if paper.net_fen > 0 else _("Carried to the next tally")
        self.set_fill_color(246, 241, 226)
        self.rect(MARGIN, self.get_y(), INNER, 20, style="F")
        self.set_xy(MARGIN + 4, self.get_y() + 3)
        self._say(words, size=12, colour=GREY, width=60, line=7)
        figure = money_text(paper.net_fen)
        self._say(figure, size=18, colour=PINE, width=INNER - 68, line=7, align="R", is_last=True)
        self.set_x(MARGIN + 4)
        in_full = in_words(paper.net_fen, self.language)
        self._say(in_full, size=11, width=INNER - 8, line=7, align="R", is_last=True)
        self.set_xy(MARGIN, self.get_y() + 7)

    def _lines(self, paper: Paper) -> None:
        columns = _columns(paper)
        self._table_head(columns)
        for row in paper.lines:
            if self.get_y() + ROW + (NOTE if row.note else 0) > HEIGHT - 24:
                self.add_page()
                self._table_head(columns)
            for column, text in zip(columns, _cells(row, paper), strict=True):
                align = "R" if column.is_number else "L"
                self._say(text, size=10, width=column.width, line=ROW, align=align)
            self.ln(ROW)
            if row.note:
                self._note(row.note, indent=columns[0].width)
        if paper.lines_left:
            more = _("And %(count)s more lines, which your page of this tally shows.") % {
                "count": paper.lines_left
            }
            self._say(more, size=9, colour=GREY, line=ROW, is_last=True)
        self.ln(3)

    def _note(self, text: str, *, indent: float) -> None:
        """Say below a line why it is there, in full."""
        self.set_x(MARGIN + indent)
        self.set_font(FAMILY, size=8)
        self.set_text_color(*GREY)
        self.multi_cell(INNER - indent, NOTE, text, align="L", new_x="LMARGIN", new_y="NEXT")

    def _table_head(self, columns: list[Column]) -> None:
        for column in columns:
            align = "R" if column.is_number else "L"
            self._say(column.title, size=9, colour=GREY, width=column.width, line=ROW, align=align)
        self.ln(ROW)
        self.set_draw_color(*LINE)
        self.line(MARGIN, self.get_y(), WIDTH - MARGIN, self.get_y())

    def _totals(self, paper: Paper) -> None:
        rows = _totals_of(paper)
        if self.get_y() + (len(rows) + 6) * 6 > HEIGHT - 24:
            self.add_page()
        for label, amount_fen in rows:
            self.set_x(MARGIN + INNER / 2)
            self._say(label, size=10, colour=GREY, width=INNER / 4, line=6)
            self._say(money_text(amount_fen), size=10, width=INNER / 4, line=6, align="R", is_last=True)
        self.line(MARGIN + INNER / 2, self.get_y(), WIDTH - MARGIN, self.get_y())
        self.set_x(MARGIN + INNER / 2)
        self._say(_("Total"), size=12, width=INNER / 4, line=9)
        total = money_text(paper.net_fen)
        self._say(total, size=12, colour=PINE, width=INNER / 4, line=9, align="R", is_last=True)
        self.ln(2)

    def _signature(self) -> None:
        paper = self.paper
        if paper.check_url:
            hint = _("Is this paper genuine? Scan the code, or type number and letters at %(address)s.")
            self._say(hint % {"address": paper.check_page}, size=8, colour=GREY, line=5, is_last=True)
        made = _("Made on %(at)s. A question? Tell your shop the tally number.")
        self._say(made % {"at": _moment(paper.issued_at)}, size=8, colour=GREY, line=5, is_last=True)
        self.ln(8)
        self._say(f"{_('Received by')} ____________________    {_('Day')} ______________", size=10, line=8)

    def _say(
        self, text: str, *, size: float, line: float, width: float = INNER, align: str = "L",
        colour: tuple[int, int, int] = INK, is_last: bool = False,
    ) -> None:  # fmt: skip
        self.set_font(FAMILY, size=size)
        self.set_text_color(*colour)
        place = {"new_x": "LMARGIN", "new_y": "NEXT"} if is_last else {"new_x": "RIGHT", "new_y": "TOP"}
        self.cell(width, line, _fitted(self, text, width), align=align, **place)


def _columns(paper: Paper) -> list[Column]:
    first = [Column(_("Day"), 14), Column(_("What"), 0), Column(_("Order number"), 34)]
    numbers = [Column(_("Yours"), 22, is_number=True)]
    if _has_shares(paper):
        names = (_("Buyer paid"), _("Host"), _("Market"))
        numbers = [*(Column(name, 20, is_number=True) for name in names), *numbers]
    rest = INNER - sum(column.width for column in [*first, *numbers])
    first[1] = Column(first[1].title, rest)
    return [*first, *numbers]


def _has_shares(paper: Paper) -> bool:
    return not paper.is_host and paper.gross_fen > 0


def _cells(row: StatementRow, paper: Paper) -> list[str]:
    what = row.title + (f" × {row.quantity}" if row.quantity else "")
    if row.kind != LineKind.SALE:
        what = f"{row.kind_label} {what}".strip()
    shares = [row.gross_fen, -row.commission_fen, -row.platform_fee_fen]
    numbers = [figure_text(fen) if fen else "" for fen in shares] if _has_shares(paper) else []
    return [
        date_format(localtime(row.posted_at), "m-d"),
        what,
        row.order_number,
        *numbers,
        figure_text(row.amount_fen),
    ]


def _totals_of(paper: Paper) -> list[tuple[str, int]]:
    if paper.is_host:
        rows = [(_("Host commission"), paper.gross_fen), (_("Gifts from viewers"), paper.gift_fen)]
    else:
        rows = [
            (_("Buyers paid for goods"), paper.gross_fen),
            (_("Host's share"), -paper.commission_fen),
        ]
    rows += [
        (_("Market's share"), -paper.platform_fee_fen),
        (_("Freight"), paper.freight_fen),
        (_("Coupons given away"), paper.coupon_fen),
        (_("Goods came back"), paper.refund_fen),
        (_("Corrections"), paper.correction_fen),
        (_("From the last tally"), paper.carried_fen),
    ]
    return [(label, amount_fen) for label, amount_fen in rows if amount_fen]


def _fitted(pdf: FPDF, text: str, width: float) -> str:
    """Return a text that fits its cell; a long one ends in an ellipsis."""
    room = width - 2 * pdf.c_margin
    if pdf.get_string_width(text) <= room:
        return text
    while text and pdf.get_string_width(text + "…") > room:
        text = text[:-1]
    return text + "…"


def _draw_qr(pdf: FPDF, address: str, *, x: float, y: float) -> None:
    code = segno.make(address, error="m", micro=False)
    rows = list(code.matrix)
    side = QR / len(rows)
    pdf.set_fill_color(0, 0, 0)
    for down, row in enumerate(rows):
        start = None
        for across, is_dark in enumerate([*row, 0]):
            if is_dark and start is None:
                start = across
            elif not is_dark and start is not None:
                # A hair wider than the grid: no white seams between the modules of a column.
                pdf.rect(x + start * side, y + down * side, (across - start) * side, side + 0.02, style="F")
                start = None


def _day(at) -> str:
    return date_format(localtime(at), "DATE_FORMAT")


def _moment(at) -> str:
    return date_format(localtime(at), "DATETIME_FORMAT")
