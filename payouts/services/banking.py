"""The bank's file goes out and its answer comes in, carried by people."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from accounts.models import User
from common.audit import actor_of, record
from common.errors import Invalid, MoveRefused
from payouts.errors import BadAnswerFile, NothingToPay
from payouts.models import PayoutRun, PayoutTransfer
from payouts.services.reviewing import end_when_done
from payouts.services.running import locked_run
from payouts.services.transferring import prepare, settle_transfer, wish_of
from payouts.statuses import PayoutMethod, RunStatus, TransferStatus
from payouts.transfers.bank_file import (
    FORMATS,
    AnswerRow,
    BankFile,
    UnreadableAnswerError,
    read_answer,
)
from payouts.transfers.base import Facts


@dataclass
class Report:
    """What an answer of the bank came to: numbers of rows, and (row, fault) of those not taken.

    Faults: reference, amount, result (unreadable); unknown (not of this run), repeated, differs (another
    sum), settled (something else was noted before).
    """

    paid: int = 0
    failed: int = 0
    returned: int = 0
    waiting: int = 0
    known: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)


def make_bank_file(*, actor: User, run_id: int, layout: str, now: datetime) -> BankFile:
    """Return the file for the bank; its payouts are on their way from the first time on.

    Asked again it holds the same lines, whatever came of them since; each look is on record. Invalid for a
    layout we do not write or a bank that it cannot name; MoveRefused before the start. NothingToPay when no
    payout may go by the bank any more: what was left out for it stays noted, and the run ends if it was all.
    """
    made = _make_file(actor, run_id, layout, now)
    if made is None:
        raise NothingToPay()
    return made


@transaction.atomic
def _make_file(actor: User, run_id: int, layout: str, now: datetime) -> BankFile | None:
    run = locked_run(actor, run_id)
    if layout not in FORMATS:
        raise Invalid(fields={"layout": Invalid.message})
    if run.status not in (RunStatus.SENDING, RunStatus.DONE):
        raise MoveRefused()
    if run.file_made_at is None:
        for transfer in _of_bank(run).filter(status=TransferStatus.READY).select_for_update(of=["self"]):
            prepare(run, transfer, now)
    written = list(_of_bank(run).filter(attempts__gt=0))
    if not written:
        end_when_done(run, now=now)
        return None
    if run.file_made_at is None:
        run.file_made_at = now
        run.save(update_fields=["file_made_at"])
    try:
        made = FORMATS[layout](run.pk, run.file_made_at, [wish_of(transfer) for transfer in written])
    except ValueError as error:  # no bank code, or a character that the bank's encoding lacks
        raise Invalid(fields={"layout": Invalid.message}) from error
    record(
        actor=actor_of(actor),
        action="payouts.make_bank_file",
        target=f"payoutrun:{run.pk}",
        after={
            "layout": layout,
            "payouts": len(written),
            "total_fen": sum(transfer.amount_fen for transfer in written),
            "sha256": hashlib.sha256(made.content).hexdigest(),
        },
        now=now,
    )
    return made


def take_bank_answer(*, actor: User, run_id: int, content: bytes, now: datetime) -> Report:
    """Take the bank's answer in, row by row; what is wrong with a row is reported and nothing of it noted.

    BadAnswerFile for a file that cannot be read as a whole: nothing is noted. Taking it in again changes
    nothing. NotAllowed, NotFound, MoveRefused.
    """
    try:
        rows = read_answer(content)
    except UnreadableAnswerError as error:
        _check(actor, run_id)
        raise BadAnswerFile(fields={"file": BadAnswerFile.message}) from error
    return _take_in(actor, run_id, rows, hashlib.sha256(content).hexdigest(), now)


@transaction.atomic
def _check(actor: User, run_id: int) -> None:
    locked_run(actor, run_id)


@transaction.atomic
def _take_in(actor: User, run_id: int, rows: list[AnswerRow], digest: str, now: datetime) -> Report:
    run = locked_run(actor, run_id)
    if run.status not in (RunStatus.SENDING, RunStatus.DONE):
        raise MoveRefused()
    report, seen = Report(), set()
    transfers = {transfer.reference: transfer for transfer in _of_bank(run).filter(attempts__gt=0)}
    for row in rows:
        fault = row.fault or _fault_of(row.facts, transfers, seen)
        if fault:
            report.faults.append((row.number, fault))
            continue
        seen.add(row.facts.reference)
        _count(report, _settle(transfers[row.facts.reference], row.facts, actor, now))
    record(
        actor=actor_of(actor),
        action="payouts.take_bank_answer",
        target=f"payoutrun:{run.pk}",
        after={
            "sha256": digest, "paid": report.paid, "failed": report.failed, "returned": report.returned,
            "known": report.known, "faults": report.faults[:50],
        },
        now=now,
    )  # fmt: skip
    return report


def _fault_of(facts: Facts, transfers: dict[str, PayoutTransfer], seen: set[str]) -> str:
    transfer = transfers.get(facts.reference)
    if transfer is None:
        return "unknown"
    if facts.reference in seen:
        return "repeated"
    if facts.amount_fen != transfer.amount_fen:
        return "differs"
    noted, said = transfer.status, facts.state
    fits = {
        TransferStatus.SENDING: ("paid", "failed", "returned", "in_transit"),
        TransferStatus.PAID: ("paid", "returned"),
        TransferStatus.FAILED: ("failed",),
        TransferStatus.RETURNED: ("paid", "returned"),
    }
    return "" if said in fits.get(TransferStatus(noted), ()) else "settled"


def _settle(transfer: PayoutTransfer, facts: Facts, actor: User, now: datetime) -> str:
    if facts.state == "in_transit":
        return "waiting"
    settled = settle_transfer(transfer_id=transfer.pk, facts=facts, now=now, actor=actor)
    return "known" if settled.status == transfer.status else str(settled.status)


def _count(report: Report, name: str) -> None:
    setattr(report, name, getattr(report, name) + 1)


def _of_bank(run: PayoutRun):
    return (
        run.transfers.filter(way=PayoutMethod.BANK)
        .select_related("payout__statement", "account_version__account")
        .order_by("pk")
    )
