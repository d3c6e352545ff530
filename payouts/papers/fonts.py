"""The Chinese font of our papers, read once a process: reading it costs half a second."""

import copy
import functools
import logging
from importlib.resources import files

from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.fonts import SubsetMap, TTFFont

FAMILY = "sc"
# The library reports every glyph table that it leaves out of a subset.
logging.getLogger("fontTools.subset").setLevel(logging.ERROR)


def add_chinese_font(pdf: FPDF) -> None:
    """Give a document the font; only the glyphs that it uses are embedded."""
    known = _read_once()
    font = copy.copy(known)
    # Widths and the map of characters are shared; what a document changes is its own.
    font.ttfont = TTFont(str(known.ttffile), recalcTimestamp=False, lazy=True)
    font.missing_glyphs = []
    font.subset = SubsetMap(font)
    pdf.fonts[FAMILY] = font


@functools.cache
def _read_once() -> TTFFont:
    pdf = FPDF()
    pdf.add_font(FAMILY, fname=str(files("pylopdf_fonts_zh_cn") / "NotoSansSC-Regular.otf"))
    return pdf.fonts[FAMILY]
