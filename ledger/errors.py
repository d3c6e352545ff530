"""Refusals of the book."""

from django.utils.translation import gettext_lazy as _

from common.errors import MarketError


class Unbalanced(MarketError):
    """The entries do not add up to zero, are fewer than two, or hold a zero."""

    code = "unbalanced"


class PostingConflict(MarketError):
    """The key was already used for another posting."""

    code = "posting_conflict"


class ReversalRefused(MarketError):
    """A reversal is not reversed again."""

    code = "reversal_refused"
    message = _("This already corrects another posting. Post the right amounts anew.")
