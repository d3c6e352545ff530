"""Unified social credit codes of Chinese companies: 18 characters, the last checks the others (GB 32100)."""

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
LENGTH = 18


def tidy(code: str) -> str:
    """Return a code as it is written officially: capitals without spaces."""
    return "".join(code.split()).upper()


def is_credit_code(code: str) -> bool:
    """Say whether the code, tidied, has the right letters and the right check digit."""
    if len(code) != LENGTH or any(letter not in ALPHABET for letter in code):
        return False
    total = sum(ALPHABET.index(letter) * pow(3, place, 31) for place, letter in enumerate(code[:-1]))
    return ALPHABET[(31 - total % 31) % 31] == code[-1]
