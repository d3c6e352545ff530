"""Whether a paper is genuine: for anybody who holds it, and about nothing that is not on it."""

import hmac
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from common.masking import mask_name
from payouts.models import PayoutStatement
from payouts.selectors.seals import ALPHABET, LETTERS, is_unaltered, letters_of

CODE_GROUPS = (4, 4, 4)


@dataclass(frozen=True)
class Checked:
    """What the market's book says about a paper; `is_unaltered` is False where somebody changed it since."""

    is_unaltered: bool
    net_fen: int
    starts_at: datetime
    last_moment: datetime
    issued_at: datetime
    masked_name: str


def check_paper(*, code: str, letters: str) -> Checked | None:
    """Return what a statement says, for its number with the right letters; None for everything else.

    A wrong number and wrong letters are the same answer: neither can be found out without the other.
    """
    statement = (
        PayoutStatement.objects.filter(code=_code(code))
        .exclude(seal="")
        .select_related("period", "farmer", "host", "payee_shop")
        .first()
    )
    # Compared before the lines are read: only who holds the paper makes the database work.
    expected = letters_of(statement.seal) if statement else "-" * LETTERS
    if not hmac.compare_digest(_typed(letters).encode(), expected.encode()):
        return None
    return Checked(
        is_unaltered=is_unaltered(statement),
        net_fen=statement.net_fen,
        starts_at=statement.period.starts_at,
        last_moment=statement.period.last_moment,
        issued_at=statement.issued_at,
        masked_name=mask_name(statement.payee_name),
    )


def _typed(text: str) -> str:
    """Return the letters of a typed text as they stand on paper."""
    plain = unicodedata.normalize("NFKC", text[:60]).upper()
    return "".join(letter for letter in plain if letter in ALPHABET)


def _code(text: str) -> str:
    letters = _typed(text)
    parts, start = [], 0
    for length in CODE_GROUPS:
        parts.append(letters[start : start + length])
        start += length
    return "-".join(parts) if len(letters) == sum(CODE_GROUPS) else ""
