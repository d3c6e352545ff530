"""How goods are looked for. Pure text, no database."""

import unicodedata


def fold(text: str) -> str:
    """Return text in one width (full-width letters become plain), one case, with single spaces and no NUL."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().replace("\0", " ").split())
