"""Refusals of the book."""

from common.errors import MarketError


class Unbalanced(MarketError):
    """The entries do not add up to zero, are fewer than two, or hold a zero."""

    code = "unbalanced"


class PostingConflict(MarketError):
    """The key was already used for another posting."""

    code = "posting_conflict"
