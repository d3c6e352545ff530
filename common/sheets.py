"""Tables that people open in a table program: no cell may run as a formula (rules.md 10)."""

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

# Table programs take these, half and full width, for the beginning of a formula or a command.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
BYTE_ORDER_MARK = "\ufeff"  # without it a table program reads Chinese as rubbish


def safe_cell(value: Any) -> Any:
    """Return a cell that is shown and never run; numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, int | Decimal):
        return value
    text = str(value)
    return f"'{text}" if text.lstrip(" \u3000").startswith(FORMULA_STARTS) or text[:1].isspace() else text


def csv_text(rows: Iterable[Sequence[Any]]) -> str:
    """Return the rows as CSV that table programs open as it is meant."""
    out = io.StringIO()
    out.write(BYTE_ORDER_MARK)
    csv.writer(out).writerows([safe_cell(cell) for cell in row] for row in rows)
    return out.getvalue()
