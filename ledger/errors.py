"""Refusals of the book."""

from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, MarketError


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


class AlreadyReversed(MarketError):
    """A transaction is taken back once."""

    code = "already_reversed"
    message = _("This posting was already taken back.")


class ReversalProposed(MarketError):
    """Somebody has proposed the same reversal and nobody has decided yet."""

    code = "reversal_proposed"
    message = _("Somebody has already proposed this. Decide that one first.")


class SecondApproverNeeded(MarketError):
    """Who proposes a correction does not post it."""

    code = "second_person_needed"
    status = 403
    message = _("You proposed this. Another person must check and post it.")


class BadWindow(Invalid):
    """The window of a statement is not one."""

    message = _("The statement must begin before it ends.")
