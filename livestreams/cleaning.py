"""What people type, made fit for a list of lines: one line, no tricks with direction or height."""

import unicodedata

from livestreams.folding import BLANK_LETTERS

JOINER = "\u200d"  # builds emoji out of others
# A stack of Tibetan needs several marks on one letter; a pile of accents climbs over other people's lines.
MARKS_OF_A_SCRIPT = 5
MARKS_OF_DECORATION = 2
BLANKS = BLANK_LETTERS | {"\u2800"}


def clean_text(text: str) -> str:
    """Return one line without control and direction-changing characters, spaces collapsed, marks bounded.

    Empty when nothing of it can be seen.
    """
    kept: list[str] = []
    marks = 0
    for char in unicodedata.normalize("NFC", text):
        if char.isspace() or char in BLANKS:
            kept.append(" ")
            marks = 0
        elif unicodedata.category(char)[0] == "M":
            marks += 1
            if marks <= (MARKS_OF_DECORATION if _is_decoration(char) else MARKS_OF_A_SCRIPT):
                kept.append(char)
        elif char == JOINER:
            if kept and kept[-1] not in (" ", JOINER):
                kept.append(char)
        elif unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn"):
            kept.append(char)
            marks = 0
    line = " ".join("".join(kept).split())
    return line if any(_is_seen(char) for char in line) else ""


def _is_decoration(char: str) -> bool:
    return not 0x0900 <= ord(char) <= 0x109F and not 0x1780 <= ord(char) <= 0x17FF


def _is_seen(char: str) -> bool:
    return char != JOINER and unicodedata.category(char)[0] not in "MZC"
