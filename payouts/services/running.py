"""A payout run: put together by one operator, approved by another, started, called off."""

import uuid
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from common import outbox
from common.audit import actor_of, record
from common.errors import Invalid, MoveRefused, NotAllowed, NotFound
from common.idempotency import run_once
from common.moves import check_move
from payments.services.settling import new_reference
from payouts.errors import NothingToPay, OtherCheckerNeeded, RunChanged
from payouts.models import Payout, PayoutAccount, PayoutRun, PayoutTransfer
from payouts.selectors.payability import accounts_of, problem_of
from payouts.services.reviewing import back_to_pending, end_when_done, take_back
from payouts.statuses import (
    OPEN_TRANSFERS,
    PAYOUT_MOVES,
    RUN_MOVES,
    PayoutMethod,
    PayoutStatus,
    Problem,
    RunStatus,
    TransferStatus,
)
from payouts.transfers import ONLINE

WAITING = (PayoutStatus.PENDING, PayoutStatus.FAILED)


def make_run(
    *, actor: User, idempotency_key: uuid.UUID, now: datetime, shop_id: int | None = None, note: str = ""
) -> tuple[PayoutRun, bool]:
    """Put every payout that waits into a new run, of one shop's periods if it is named.

    What cannot be paid as it stands is held, with the problem. Nothing is approved. Returns (run, replayed).
    NotAllowed; NothingToPay; of two operators at once the second finds only what the first has left.
    """
    _check_operator(actor)
    note = " ".join(note.split())[:100]

    def make() -> dict[str, Any]:
        waiting = Payout.objects.filter(status__in=WAITING)
        if shop_id is not None:
            waiting = waiting.filter(statement__period__shop_id=shop_id)
        # Whoever comes second waits here, and then sees the open transfers of the first.
        locked = list(waiting.order_by("pk").select_for_update().values_list("pk", flat=True))
        free = Payout.objects.filter(pk__in=locked, status__in=WAITING).exclude(
            transfers__status__in=OPEN_TRANSFERS
        )
        payouts = list(free.select_related("statement").order_by("pk"))
        if not payouts:
            raise NothingToPay()
        run = PayoutRun.objects.create(made_by=actor, made_at=now, note=note)
        accounts = accounts_of(payouts)
        PayoutTransfer.objects.bulk_create(
            _new_transfer(run, payout, accounts.get(payout.pk), now) for payout in payouts
        )
        _audit(actor, "payouts.make_run", run, "", now, "", payouts=len(payouts))
        return {"run": run.pk}

    answer, replayed = run_once(
        actor=actor_of(actor),
        operation="payouts.make_run",
        key=idempotency_key,
        body=[shop_id, note],
        now=now,
        run=make,
    )
    return PayoutRun.objects.get(pk=answer["run"]), replayed


@transaction.atomic
def recheck_run(*, actor: User, run_id: int, now: datetime) -> PayoutRun:
    """Look at every payout of a draft again: accounts that were added or stopped since are taken in."""
    run = locked_run(actor, run_id)
    if run.status != RunStatus.DRAFT:
        raise MoveRefused()
    _recheck(run)
    _audit(actor, "payouts.recheck_run", run, run.status, now, "")
    return run


@transaction.atomic
def leave_out(*, actor: User, transfer_id: int, reason: str, now: datetime) -> PayoutTransfer:
    """Take one payout out of a run that has not sent it; it waits for the next run. The reason is kept.

    NotAllowed, NotFound, Invalid, MoveRefused.
    """
    _check_operator(actor)
    if not reason.strip():
        raise Invalid(fields={"reason": Invalid.message})
    run, transfer = locked_transfer(transfer_id)
    if transfer.status not in (TransferStatus.HELD, TransferStatus.READY):
        raise MoveRefused()
    if run.status == RunStatus.DRAFT:
        transfer.status, transfer.problem, transfer.settled_at = (
            TransferStatus.LEFT_OUT, Problem.TAKEN_OUT, now,
        )  # fmt: skip
        transfer.save(update_fields=["status", "problem", "settled_at"])
        _audit(actor, "payouts.leave_out", run, run.status, now, reason, payout=transfer.payout_id)
    else:
        take_back(transfer, run, problem=Problem.TAKEN_OUT, actor=actor, now=now, why=reason.strip())
        end_when_done(run, now=now)
    return transfer


@transaction.atomic
def approve_run(*, actor: User, run_id: int, total_fen: int, now: datetime, reason: str = "") -> PayoutRun:
    """Approve what can be paid of a run, as another operator than its maker; held ones are left out.

    `total_fen` is what the checker has seen: RunChanged when it is another sum by now. OtherCheckerNeeded,
    MoveRefused, NothingToPay, NotAllowed, NotFound. Of two at once the second gets MoveRefused.
    """
    run = locked_run(actor, run_id)
    check_move(RUN_MOVES, run.status, RunStatus.APPROVED)
    if run.made_by_id == actor.pk:
        raise OtherCheckerNeeded()
    transfers = _recheck(run)
    ready = [transfer for transfer in transfers if transfer.status == TransferStatus.READY]
    if not ready:
        raise NothingToPay()
    if sum(transfer.amount_fen for transfer in ready) != total_fen:
        raise RunChanged()
    pks = [transfer.payout_id for transfer in ready]
    for payout in Payout.objects.select_for_update().filter(pk__in=pks).order_by("pk"):
        check_move(PAYOUT_MOVES, payout.status, PayoutStatus.PROCESSING)
    methods = {transfer.payout_id: transfer.way for transfer in ready}
    for way in set(methods.values()):
        of_way = [pk for pk, method in methods.items() if method == way]
        Payout.objects.filter(pk__in=of_way).update(
            status=PayoutStatus.PROCESSING,
            method=way,
            approved_by=actor,
            approved_at=now,
            paid_by=None,
            paid_at=None,
            reference="",
        )
    run.transfers.filter(status=TransferStatus.HELD).update(status=TransferStatus.LEFT_OUT, settled_at=now)
    before, run.status = run.status, RunStatus.APPROVED
    run.approved_by, run.approved_at = actor, now
    run.save(update_fields=["status", "approved_by", "approved_at"])
    _audit(actor, "payouts.approve_run", run, before, now, reason, payouts=len(ready), total_fen=total_fen)
    return run


@transaction.atomic
def start_run(*, actor: User, run_id: int, now: datetime) -> PayoutRun:
    """Let an approved run go: providers are called by a worker, the file and the cash wait for people.

    NotAllowed, NotFound, MoveRefused; of two operators at once the second gets MoveRefused.
    """
    run = locked_run(actor, run_id)
    check_move(RUN_MOVES, run.status, RunStatus.SENDING)
    before, run.status, run.started_at = run.status, RunStatus.SENDING, now
    run.save(update_fields=["status", "started_at"])
    ready = run.transfers.filter(status=TransferStatus.READY, way__in=ONLINE).order_by("pk")
    for pk in ready.values_list("pk", flat=True):
        outbox.enqueue("payouts.send_transfer", transfer_id=pk)
    _audit(actor, "payouts.start_run", run, before, now, "")
    return run


@transaction.atomic
def cancel_run(*, actor: User, run_id: int, reason: str, now: datetime) -> PayoutRun:
    """Call a run off before anything of it was sent; its payouts wait for another. The reason is kept."""
    run = locked_run(actor, run_id)
    if not reason.strip():
        raise Invalid(fields={"reason": Invalid.message})
    check_move(RUN_MOVES, run.status, RunStatus.CANCELLED)
    was_approved = run.status == RunStatus.APPROVED
    for transfer in run.transfers.select_for_update().filter(status__in=OPEN_TRANSFERS).order_by("pk"):
        transfer.status, transfer.settled_at = TransferStatus.LEFT_OUT, now
        transfer.problem = transfer.problem or Problem.TAKEN_OUT
        transfer.save(update_fields=["status", "problem", "settled_at"])
        if was_approved:
            back_to_pending(transfer.payout_id)
    before, run.status, run.ended_at = run.status, RunStatus.CANCELLED, now
    run.save(update_fields=["status", "ended_at"])
    _audit(actor, "payouts.cancel_run", run, before, now, reason)
    return run


def locked_run(actor: User, run_id: int) -> PayoutRun:
    """Lock a run for an operator; NotAllowed, NotFound."""
    _check_operator(actor)
    run = PayoutRun.objects.select_for_update().filter(pk=run_id).first()
    if run is None:
        raise NotFound()
    return run


def locked_transfer(transfer_id: int) -> tuple[PayoutRun, PayoutTransfer]:
    """Lock the run of a transfer and then the transfer; NotFound."""
    run_id = PayoutTransfer.objects.filter(pk=transfer_id).values_list("run_id", flat=True).first()
    if run_id is None:
        raise NotFound()
    run = PayoutRun.objects.select_for_update().get(pk=run_id)
    found = PayoutTransfer.objects.select_for_update(of=["self"]).select_related(
        "payout__statement", "account_version__account"
    )
    return run, found.get(pk=transfer_id)


def _new_transfer(
    run: PayoutRun, payout: Payout, account: PayoutAccount | None, now: datetime
) -> PayoutTransfer:
    transfer = PayoutTransfer(
        run=run, payout=payout, amount_fen=payout.amount_fen, reference=new_reference("P", now)
    )
    _look(transfer, account)
    return transfer


def _look(transfer: PayoutTransfer, account: PayoutAccount | None) -> None:
    problem = problem_of(transfer.payout, account)
    version = account.current if account else None
    transfer.problem = problem
    transfer.status = TransferStatus.HELD if problem else TransferStatus.READY
    transfer.account_version = version
    transfer.way = version.method if version else PayoutMethod.CASH
    transfer.amount_fen = transfer.payout.amount_fen


def _recheck(run: PayoutRun) -> list[PayoutTransfer]:
    open_ones = run.transfers.select_for_update(of=["self"]).filter(
        status__in=(TransferStatus.HELD, TransferStatus.READY)
    )
    transfers = list(open_ones.select_related("payout__statement").order_by("pk"))
    accounts = accounts_of([transfer.payout for transfer in transfers])
    for transfer in transfers:
        _look(transfer, accounts.get(transfer.payout_id))
    PayoutTransfer.objects.bulk_update(
        transfers, ["status", "problem", "account_version", "way", "amount_fen"]
    )
    return transfers


def _check_operator(actor: User) -> None:
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()


def _audit(
    actor: User, action: str, run: PayoutRun, before: str, now: datetime, reason: str, **more: int
) -> None:
    record(
        actor=actor_of(actor),
        action=action,
        target=f"payoutrun:{run.pk}",
        before={"status": before},
        after={"status": run.status} | more,
        reason=reason.strip(),
        now=now,
    )
