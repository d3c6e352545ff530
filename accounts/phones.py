"""Telephone numbers as people type them, and the one form in which they are stored."""

import re
import unicodedata

_SEPARATORS = re.compile(r"[\s\-–—‐‑.()/·]+")
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LANDLINE = re.compile(r"0[1-9][0-9]{8,10}")
_FOREIGN = re.compile(r"\+[1-9][0-9]{6,14}")


def normalize_phone(text: str, *, allow_landline: bool = False) -> str:
    """Return 11 digits for a mobile number of mainland China, else "+" and the country form.

    "+86 138-1234 5678", "０１３…" in full-width digits and "0086138…" all become "13812345678".
    ValueError when it is no telephone number; landlines (area code first) only where they are allowed.
    """
    compact = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text))
    if compact.startswith("00"):
        compact = "+" + compact[2:]
    for prefix in ("+86", "86"):
        if _MOBILE.fullmatch(compact.removeprefix(prefix)):
            return compact.removeprefix(prefix)
    if allow_landline and _LANDLINE.fullmatch(compact):
        return compact
    if _FOREIGN.fullmatch(compact) and not compact.startswith("+86"):
        return compact
    raise ValueError("not a telephone number")


def is_mainland_mobile(phone: str) -> bool:
    """Tell whether an SMS code may go to this (normalised) number: dear foreign numbers invite pumping."""
    return _MOBILE.fullmatch(phone) is not None
