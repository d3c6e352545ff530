"""Refusals of settling and paying."""

from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, MarketError


class SecondPersonNeeded(MarketError):
    """Who approved a payout may not also mark it paid."""

    code = "second_person_needed"
    message = _("You approved this payout yourself. Another operator has to mark it paid.")


class ReferenceMissing(Invalid):
    """A payment without a reference cannot be found again at the bank."""

    code = "reference_missing"
    message = _("Enter the number of the bank transfer or of the signed receipt.")


class StatementQuestioned(MarketError):
    """A payee has a question about the tally that nobody has answered yet."""

    code = "statement_questioned"
    message = _("The payee has a question about this tally. Answer it first.")


class StatementMismatchError(Exception):
    """A ledger entry differs from what was frozen at the sale: for an operator, never for a payee."""
