"""What was approved and may not be paid after all goes back to be looked at again."""

from datetime import datetime

from accounts.models import User
from common.audit import actor_of, record
from common.moves import check_move
from payouts.models import Payout, PayoutAccount, PayoutRun, PayoutTransfer
from payouts.selectors.payability import payee_of
from payouts.statuses import (
    OPEN_TRANSFERS,
    PAYOUT_MOVES,
    RUN_MOVES,
    TRANSFER_MOVES,
    PayoutStatus,
    RunStatus,
    TransferStatus,
)


def return_to_review(*, account: PayoutAccount, problem: str, actor: User, now: datetime) -> int:
    """Take the payee's payouts that have not left yet out of what may be sent; return how many.

    In a run that nobody has approved they are held; what was approved to be paid by hand waits for another
    approval. What is on its way already stays: it may be paid. The caller holds the lock of the account.
    """
    field, pk = payee_of(account)
    mine = PayoutTransfer.objects.filter(
        status=TransferStatus.READY, **{f"payout__statement__{field}": pk}
    ).values_list("pk", "run_id")
    pks, run_ids = {transfer for transfer, _run in mine}, {run for _transfer, run in mine}
    runs = lock_runs(run_ids)
    moved = 0
    for transfer in PayoutTransfer.objects.select_for_update().filter(pk__in=pks).order_by("pk"):
        if transfer.status == TransferStatus.READY:
            take_back(transfer, runs[transfer.run_id], problem=problem, actor=actor, now=now)
            moved += 1
    for run in runs.values():
        end_when_done(run, now=now)
    by_hand = Payout.objects.filter(status=PayoutStatus.PROCESSING, **{f"statement__{field}": pk})
    for payout_id in by_hand.exclude(transfers__status__in=OPEN_TRANSFERS).values_list("pk", flat=True):
        if back_to_pending(payout_id):
            _audit(payout_id, {"payout": PayoutStatus.PROCESSING}, {"problem": problem}, actor, now)
            moved += 1
    return moved


def lock_runs(run_ids: set[int]) -> dict[int, PayoutRun]:
    """Lock runs in order."""
    return {
        run.pk: run for run in PayoutRun.objects.select_for_update().filter(pk__in=run_ids).order_by("pk")
    }


def take_back(
    transfer: PayoutTransfer,
    run: PayoutRun,
    *,
    problem: str,
    actor: User | None,
    now: datetime,
    why: str = "",
) -> None:
    """Hold a transfer of a draft, or leave it out of an approved run, so that its payout waits for review."""
    is_draft = run.status == RunStatus.DRAFT
    target = TransferStatus.HELD if is_draft else TransferStatus.LEFT_OUT
    before = transfer.status
    check_move(TRANSFER_MOVES, before, target)
    transfer.status, transfer.problem = target, problem
    if not is_draft:
        transfer.settled_at = now
        back_to_pending(transfer.payout_id)
    transfer.save(update_fields=["status", "problem", "settled_at"])
    after = {"transfer": target, "problem": problem, "run": run.pk}
    _audit(transfer.payout_id, {"transfer": before}, after, actor, now, why)


def back_to_pending(payout_id: int) -> bool:
    """Let an approved payout wait for an approval again; False when it is not approved any more."""
    payout = Payout.objects.select_for_update().get(pk=payout_id)
    if payout.status != PayoutStatus.PROCESSING:
        return False
    check_move(PAYOUT_MOVES, payout.status, PayoutStatus.PENDING)
    payout.status, payout.approved_by, payout.approved_at = PayoutStatus.PENDING, None, None
    payout.save(update_fields=["status", "approved_by", "approved_at"])
    return True


def _audit(
    payout_id: int, before: dict, after: dict, actor: User | None, now: datetime, reason: str = ""
) -> None:
    record(
        actor=actor_of(actor),
        action="payouts.return_to_review",
        target=f"payout:{payout_id}",
        before=before,
        after=after,
        reason=reason,
        now=now,
    )


def end_when_done(run: PayoutRun, *, now: datetime) -> None:
    """End a run of which nothing is open any more; the caller holds its lock."""
    if run.status not in (RunStatus.APPROVED, RunStatus.SENDING):
        return
    if run.transfers.filter(status__in=OPEN_TRANSFERS).exists():
        return
    before = run.status
    check_move(RUN_MOVES, before, RunStatus.DONE)
    run.status, run.ended_at = RunStatus.DONE, now
    run.save(update_fields=["status", "ended_at"])
    record(
        actor=actor_of(None),
        action="payouts.end_run",
        target=f"payoutrun:{run.pk}",
        before={"status": before},
        after={"status": run.status},
        now=now,
    )
