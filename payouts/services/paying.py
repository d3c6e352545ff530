"""Money goes out: one operator approves, another marks it paid, the book is posted once."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from common.audit import actor_of, record
from common.errors import Invalid, MoveRefused, NotAllowed, NotFound
from common.moves import check_move
from ledger.services.posting import Posting, post
from ledger.statuses import Kind
from payouts.errors import (
    InRun,
    ReferenceMissing,
    SecondPersonNeeded,
    StatementMismatchError,
    StatementQuestioned,
)
from payouts.models import Payout, PayoutStatement
from payouts.services.closing import payable_by_account
from payouts.services.telling import tell_paid
from payouts.statuses import OPEN_TRANSFERS, PAYOUT_MOVES, PayoutStatus, StatementStatus
from payouts.transfers import PAID_FROM


@transaction.atomic
def approve_payout(*, actor: User, payout_id: int, now: datetime, reason: str = "") -> Payout:
    """Release a payout for paying, at first or after a failure.

    NotAllowed, NotFound, MoveRefused, InRun; StatementQuestioned while the payee does not agree with it.
    """
    payout = _locked(actor, payout_id)
    _check_alone(payout)
    # After the lock of the payout: a question that came meanwhile is seen.
    if PayoutStatement.objects.filter(pk=payout.statement_id, status=StatementStatus.DISPUTED).exists():
        raise StatementQuestioned()
    before = _move(payout, PayoutStatus.PROCESSING)
    payout.approved_by, payout.approved_at = actor, now
    payout.save(update_fields=["status", "approved_by", "approved_at"])
    _audit(actor, "payouts.approve", payout, before, now, reason)
    return payout


@transaction.atomic
def mark_paid(*, actor: User, payout_id: int, reference: str, now: datetime, way: str = "") -> Payout:
    """Note that another operator has sent the money, and post it; the payee is told.

    The money has left our bank account or till, or our balance at a provider, by `way`, which is the payout's
    own unless it is named. `reference` is the number of the transfer or receipt. Refuses with NotAllowed,
    NotFound, MoveRefused, SecondPersonNeeded, ReferenceMissing, Invalid for another way, InRun; of two
    operators at once the second gets MoveRefused.
    """
    payout = _locked(actor, payout_id)
    _check_alone(payout)
    before = _move(payout, PayoutStatus.PAID)
    if payout.approved_by_id == actor.pk:
        raise SecondPersonNeeded()
    reference = reference.strip()
    if not reference or len(reference) > 80:
        raise ReferenceMissing(fields={"reference": ReferenceMissing.message})
    if way and way not in PAID_FROM:
        raise Invalid(fields={"way": Invalid.message})
    payout.method = way or payout.method
    payout.paid_by, payout.paid_at, payout.reference = actor, now, reference
    payout.save(update_fields=["status", "method", "paid_by", "paid_at", "reference"])
    post(
        kind=Kind.PAYOUT,
        key=f"payout:{payout.pk}",
        source=f"payout:{payout.pk}",
        postings=postings_of(payout, PAID_FROM[payout.method]),
        now=now,
    )
    _audit(actor, "payouts.mark_paid", payout, before, now, "")
    tell_paid(payout=payout, now=now)
    return payout


@transaction.atomic
def fail_payout(*, actor: User, payout_id: int, reason: str, now: datetime) -> Payout:
    """Note that an approved payout did not arrive; it can be approved again. The operator says why."""
    payout = _locked(actor, payout_id)
    _check_alone(payout)
    if payout.status != PayoutStatus.PROCESSING:
        raise MoveRefused()  # what was paid comes back by its transfer only
    before = _move(payout, PayoutStatus.FAILED)
    if not reason.strip():
        raise Invalid(fields={"reason": Invalid.message})
    payout.save(update_fields=["status"])
    _audit(actor, "payouts.fail", payout, before, now, reason)
    return payout


def _check_alone(payout: Payout) -> None:
    if payout.transfers.filter(status__in=OPEN_TRANSFERS).exists():
        raise InRun()


def _locked(actor: User, payout_id: int) -> Payout:
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()
    payout = Payout.objects.select_for_update().filter(pk=payout_id).first()
    if payout is None:
        raise NotFound()
    return payout


def _move(payout: Payout, target: str) -> str:
    before = payout.status
    check_move(PAYOUT_MOVES, before, target)
    payout.status = target
    return before


def postings_of(payout: Payout, paid_from: str) -> list[Posting]:
    """Return what paying a payout posts: what is owed on each account of the payee, out of one of ours.

    StatementMismatchError when the book owes another sum.
    """
    source = f"payout:{payout.pk}"
    owed = payable_by_account(payout.statement)
    if sum(owed.values()) != payout.amount_fen:
        raise StatementMismatchError(f"payout {payout.pk} is not what its statement's entries earned")
    lines = [
        Posting(purpose, amount_fen, source, owner_kind, owner_id)
        for (purpose, owner_kind, owner_id), amount_fen in sorted(owed.items())
    ]
    return [*lines, Posting(paid_from, -payout.amount_fen, source)]


def _audit(actor: User, action: str, payout: Payout, before: str, now: datetime, reason: str) -> None:
    record(
        actor=actor_of(actor),
        action=action,
        target=f"payout:{payout.pk}",
        before={"status": before},
        after={"status": payout.status, "amount_fen": payout.amount_fen},
        reason=reason.strip(),
        now=now,
    )
