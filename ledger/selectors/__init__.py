"""Reads of the book: `book` (balances and statements), `chain` (what was sealed)."""

from ledger.selectors.book import (
    AccountStatement,
    TrialBalance,
    account_statement,
    balance_of,
    statement_table,
    summed_balance,
    trial_balance,
)

__all__ = [
    "AccountStatement",
    "TrialBalance",
    "account_statement",
    "balance_of",
    "statement_table",
    "summed_balance",
    "trial_balance",
]
