"""Money that the market takes from its balance at a provider to its bank, or brings there."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from common.errors import MoveRefused, NotAllowed, NotFound
from ledger.models import LedgerAccount, LedgerAdjustment, LedgerAdjustmentLine
from ledger.services.adjusting import ProposedLine, propose_adjustment
from ledger.statuses import AdjustmentStatus, OwnerKind, Purpose
from payments.models import ProviderBillLine
from payments.selectors import same_lines
from payments.statuses import BillLineKind


@transaction.atomic
def propose_bank_transfer(*, actor: User, line_id: int, reason: str, now: datetime) -> LedgerAdjustment:
    """Say that a movement on a provider's bill went to our bank, or came from it; another operator posts it.

    Until then nothing is in the book and the line stays a difference. NotAllowed, NotFound, Invalid without a
    reason; MoveRefused for a payment, refund or fee, for a bill that was replaced, and for what was proposed
    or posted before, under this or an earlier version of the bill.
    """
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()
    # Two operators at once take turns here: the second sees what the first has proposed.
    found = ProviderBillLine.objects.select_for_update(of=["self"]).select_related("bill")
    line = found.filter(pk=line_id).first()
    if line is None:
        raise NotFound()
    if line.kind != BillLineKind.OTHER or not line.amount_fen or not line.bill.is_current:
        raise MoveRefused()
    named = LedgerAdjustmentLine.objects.filter(
        source__in=[f"provider_bill_line:{pk}" for pk in same_lines(line)],
        adjustment__status__in=(AdjustmentStatus.PROPOSED, AdjustmentStatus.POSTED),
    )
    if named.exists():
        raise MoveRefused()
    subject = f"provider_bill_line:{line.pk}"
    return propose_adjustment(
        actor=actor,
        lines=[
            ProposedLine(_account(Purpose.BANK), -line.amount_fen, subject),
            ProposedLine(_account(Purpose.CASH), line.amount_fen, subject),
        ],
        reason=reason,
        now=now,
    )


def _account(purpose: str) -> int:
    account, _is_new = LedgerAccount.objects.get_or_create(
        purpose=purpose, owner_kind=OwnerKind.SYSTEM, owner_id=0
    )
    return account.pk
