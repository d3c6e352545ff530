"""Cash of a run is counted into a hand, and the signed receipt photographed."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from common.errors import MoveRefused, NotAllowed
from payouts.errors import NotPayable, ReceiptMissing, ReferenceMissing, SecondPersonNeeded
from payouts.models import PayoutTransfer
from payouts.services.running import locked_transfer
from payouts.services.transferring import prepare, problem_before_sending, settle_transfer
from payouts.statuses import PayoutMethod, RunStatus, TransferStatus
from payouts.transfers.base import Facts
from shops.models import Photo


@transaction.atomic
def hand_out(
    *, actor: User, transfer_id: int, receipt_id: int | None, number: str, now: datetime
) -> PayoutTransfer:
    """Note that cash was paid: by another operator than the checker, with a private photo of the receipt.

    `number` is that of the receipt. NotAllowed, NotFound, MoveRefused, SecondPersonNeeded, ReceiptMissing,
    ReferenceMissing; NotPayable when it may not be paid any more. Nothing is noted then.
    """
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()
    run, transfer = locked_transfer(transfer_id)
    is_due = run.status == RunStatus.SENDING and transfer.status == TransferStatus.READY
    if transfer.way != PayoutMethod.CASH or not is_due:
        raise MoveRefused()
    if transfer.payout.approved_by_id == actor.pk:
        raise SecondPersonNeeded()
    number = number.strip()
    if not number or len(number) > 64:
        raise ReferenceMissing(fields={"number": ReferenceMissing.message})
    receipt = Photo.objects.filter(pk=receipt_id, uploaded_by=actor, is_private=True).first()
    if receipt is None or receipt.payout_transfers.exists():
        raise ReceiptMissing(fields={"file": ReceiptMissing.message})
    problem = problem_before_sending(transfer)
    if problem:
        raise NotPayable(problem)
    prepare(run, transfer, now)
    facts = Facts(transfer.reference, "paid", transfer.amount_fen, provider_reference=number)
    return settle_transfer(transfer_id=transfer.pk, facts=facts, now=now, actor=actor, receipt=receipt)
