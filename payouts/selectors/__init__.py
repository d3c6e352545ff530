"""Reads of settlement: what may be claimed, what a person has earned, what a statement says."""

from payouts.selectors.earnings import Earnings, MonthSum, earnings_by_month, expected_payout
from payouts.selectors.statements import (
    StatementRow,
    get_statement,
    list_statements,
    list_statements_to_print,
    split_of,
    statement_lines,
)

__all__ = [
    "Earnings",
    "MonthSum",
    "StatementRow",
    "earnings_by_month",
    "expected_payout",
    "get_statement",
    "list_statements",
    "list_statements_to_print",
    "split_of",
    "statement_lines",
]
