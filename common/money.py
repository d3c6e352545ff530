"""Money is an integer number of fen (1/100 yuan, CNY). Never float."""

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal

BASIS_POINTS = 10_000
_YUAN = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")


def yuan_text(amount_fen: int) -> str:
    """Return fen as yuan with two decimals: 6800 -> "68.00", -5 -> "-0.05"."""
    sign = "-" if amount_fen < 0 else ""
    yuan, fen = divmod(abs(amount_fen), 100)
    return f"{sign}{yuan:,}.{fen:02d}"


def figure_text(amount_fen: int) -> str:
    """Return fen as people read them in a column: -5 -> "−0.05", with the sign of books, not a hyphen."""
    return yuan_text(amount_fen).replace("-", "−")


def money_text(amount_fen: int) -> str:
    """Return fen as an amount of money: 6800 -> "¥68.00", -5 -> "−¥0.05"."""
    return f"{'−' if amount_fen < 0 else ''}¥{yuan_text(abs(amount_fen))}"


def parse_yuan(text: str) -> int:
    """Return a typed yuan amount ("68", "68.5", "￥1,068.00", full-width digits) as fen; else ValueError."""
    cleaned = unicodedata.normalize("NFKC", text).strip().removeprefix("¥").replace(",", "").strip()
    if not _YUAN.fullmatch(cleaned):
        raise ValueError(f"not an amount of yuan: {text[:40]!r}")
    fen = Decimal(cleaned) * 100
    if fen != fen.to_integral_value():
        raise ValueError(f"not a whole number of fen: {text[:40]!r}")
    return int(fen)


def share_bp(amount_fen: int, rate_bp: int) -> int:
    """Return the part of an amount at a rate in basis points, rounded half up to the fen."""
    return (amount_fen * rate_bp + BASIS_POINTS // 2) // BASIS_POINTS


def split_largest_remainder(total_fen: int, weights: Sequence[int]) -> list[int]:
    """Split an amount in proportion to the weights so that the parts add up (rules.md 6).

    Weights are non-negative integers with a positive sum; ties go to the earlier part.
    """
    weight_sum = sum(weights)
    if weight_sum <= 0 or any(weight < 0 for weight in weights):
        raise ValueError("weights must be non-negative with a positive sum")
    sign = -1 if total_fen < 0 else 1
    total = abs(total_fen)
    parts = [total * weight // weight_sum for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % weight_sum), i))
    for i in by_remainder[: total - sum(parts)]:
        parts[i] += 1
    return [sign * part for part in parts]
