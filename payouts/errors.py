"""Refusals of settling and paying."""

from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, MarketError


class SecondPersonNeeded(MarketError):
    """Who approved a payout may not also mark it paid."""

    code = "second_person_needed"
    message = _("You approved this payout yourself. Another operator has to mark it paid.")


class OtherCheckerNeeded(MarketError):
    """Maker and checker are two people: of a run, and of a payout account."""

    code = "other_checker_needed"
    status = 403
    message = _("You made this yourself. Another operator has to check it.")


class NothingToPay(MarketError):
    """No payout waits, or none in the run can be paid."""

    code = "nothing_to_pay"
    message = _("There is nothing to pay here.")


class RunChanged(MarketError):
    """The run is not what the checker has looked at."""

    code = "run_changed"
    message = _("The run has changed since you opened it. Nothing was approved: look at it again.")


class InRun(MarketError):
    """A payout is in a run that is not finished: paying it by hand as well could pay it twice."""

    code = "in_run"
    message = _("This payout is in a payout run. Finish it there.")


class NotPayable(MarketError):
    """A payout may not be sent as it stands; `problem` says why (payouts.statuses.Problem)."""

    code = "not_payable"
    message = _("This cannot be paid as it stands.")

    def __init__(self, problem: str):
        self.problem = problem
        super().__init__()

    def extra(self) -> dict:
        """Return the problem, for programs."""
        return {"problem": str(self.problem)}


class CashInRun(MarketError):
    """Cash leaves in a run only, where the signed receipt is photographed."""

    code = "cash_in_run"
    message = _("Cash is paid in a payout run, with a photo of the signed receipt.")


class AccountUnreadable(MarketError):
    """An account number was sealed with a key that is not there any more, or altered since."""

    code = "account_unreadable"
    message = _("The account number cannot be read: its key is missing. Nothing was sent.")


class ReceiptMissing(Invalid):
    """Cash without a photo of the signature or the receipt."""

    code = "receipt_missing"
    message = _("Add a photo of the signed receipt.")


class BadAnswerFile(Invalid):
    """An answer of the bank that cannot be read as a whole: nothing of it was taken."""

    code = "bad_answer_file"
    message = _("This file cannot be read. Nothing was noted. Save it as CSV and try again.")


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
