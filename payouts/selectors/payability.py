"""Whether a payout may be sent as it stands, and where to."""

from collections.abc import Iterable

from django.conf import settings
from django.db.models import Q

from payouts.models import Payout, PayoutAccount, PayoutStatement
from payouts.statuses import PayoutAccountStatus, Problem, StatementStatus

PAYEE_FIELDS = ("farmer_id", "host_id", "payee_shop_id")


def payee_of(row: PayoutStatement | PayoutAccount) -> tuple[str, int]:
    """Return the field that names the payee, and its value."""
    return next((field, getattr(row, field)) for field in PAYEE_FIELDS if getattr(row, field) is not None)


def accounts_of(payouts: Iterable[Payout]) -> dict[int, PayoutAccount]:
    """Return the payout account of each payout whose payee has one, by payout; statements are at hand."""
    payees = {payout.pk: payee_of(payout.statement) for payout in payouts}
    named = Q(pk=None)
    for field in PAYEE_FIELDS:
        ids = {value for name, value in payees.values() if name == field}
        if ids:
            named |= Q(**{f"{field}__in": ids})
    found = {payee_of(one): one for one in PayoutAccount.objects.filter(named).select_related("current")}
    return {pk: found[payee] for pk, payee in payees.items() if payee in found}


def problem_of(payout: Payout, account: PayoutAccount | None) -> str:
    """Return why a payout cannot be paid now, or an empty text; the book itself is asked before it leaves."""
    if payout.statement.status == StatementStatus.DISPUTED:
        return Problem.DISPUTED
    if payout.amount_fen != payout.statement.net_fen:
        return Problem.AMOUNT_DIFFERS
    if account is None:
        return Problem.NO_ACCOUNT
    if account.status == PayoutAccountStatus.RESTRICTED:
        return Problem.RESTRICTED
    if account.status != PayoutAccountStatus.ACTIVE or account.verified_at is None or account.current is None:
        return Problem.NOT_CHECKED
    return "" if account.current.method in settings.PAYOUT_WAYS else Problem.WAY_OFF
