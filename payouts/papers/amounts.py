"""Sums in words, so that a figure on paper cannot be changed with a pen."""

DIGITS = "零壹贰叁肆伍陆柒捌玖"
PLACES = ("", "拾", "佰", "仟")
GROUPS = ("", "万", "亿", "万亿")

SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
THOUSANDS = ("", " thousand", " million", " billion", " trillion")


def in_words(amount_fen: int, language: str) -> str:
    """Return a sum of fen in words: 壹佰零伍元整, or One hundred and five yuan."""
    return in_chinese(amount_fen) if language.startswith("zh") else in_english(amount_fen)


def in_chinese(amount_fen: int) -> str:
    """Return a sum in the capitals of Chinese bookkeeping: 10050 -> 人民币壹佰元伍角整."""
    yuan, rest = divmod(abs(amount_fen), 100)
    jiao, fen = divmod(rest, 10)
    words = f"{_chinese_number(yuan)}元" if yuan else ""
    if not rest:
        words = (words or "零元") + "整"
    else:
        if jiao:
            words += f"{DIGITS[jiao]}角"
        elif yuan:
            words += "零"
        words += f"{DIGITS[fen]}分" if fen else "整"
    return f"人民币{'负' if amount_fen < 0 else ''}{words}"


def _chinese_number(number: int) -> str:
    groups = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    words = ""
    is_gap = False
    for place in reversed(range(len(groups))):
        group = groups[place]
        if not group:
            is_gap = bool(words)
            continue
        if words and (is_gap or group < 1_000):
            words += "零"
        words += _chinese_group(group) + GROUPS[place]
        is_gap = False
    return words


def _chinese_group(group: int) -> str:
    words = ""
    is_gap = False
    for place in reversed(range(4)):
        digit = group // 10**place % 10
        if not digit:
            is_gap = bool(words)
            continue
        words += ("零" if is_gap else "") + DIGITS[digit] + PLACES[place]
        is_gap = False
    return words


def in_english(amount_fen: int) -> str:
    """Return a sum in English words: 10050 -> One hundred yuan and fifty fen."""
    yuan, fen = divmod(abs(amount_fen), 100)
    parts = []
    if yuan or not fen:
        parts.append(f"{_english_number(yuan)} yuan")
    if fen:
        parts.append(f"{_english_number(fen)} fen")
    words = ("minus " if amount_fen < 0 else "") + " and ".join(parts)
    return words[:1].upper() + words[1:]


def _english_number(number: int) -> str:
    if number < 1_000:
        return _english_group(number)
    groups = []
    while number:
        number, group = divmod(number, 1_000)
        groups.append(group)
    said = [
        _english_group(groups[place]) + THOUSANDS[place]
        for place in reversed(range(len(groups)))
        if groups[place]
    ]
    if groups[0] and groups[0] < 100:
        return f"{' '.join(said[:-1])} and {said[-1]}"
    return " ".join(said)


def _english_group(group: int) -> str:
    hundreds, rest = divmod(group, 100)
    words = f"{SMALL[hundreds]} hundred" if hundreds else ""
    if rest or not hundreds:
        small = SMALL[rest] if rest < 20 else TENS[rest // 10] + (f"-{SMALL[rest % 10]}" if rest % 10 else "")
        words += (" and " if words else "") + small
    return words
