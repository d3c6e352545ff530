"""Money goes out by hand: one operator approves, another marks it paid, the book is posted once.

What holds in a run holds here, too: an account that another operator has checked, and a tally that nobody
questions. Cash goes out in a run only, where its receipt is photographed.
"""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from common.audit import actor_of, record
from common.errors import Invalid, MoveRefused, NotAllowed, NotFound
from common.moves import check_move
from ledger.errors import AlreadyReversed
from ledger.models import LedgerTransaction
from ledger.services.posting import Posting, opposites_of, post
from ledger.statuses import Kind
from payouts.errors import (
    CashInRun,
    InRun,
    NotPayable,
    ReferenceMissing,
    SecondPersonNeeded,
    StatementMismatchError,
    StatementQuestioned,
)
from payouts.models import Payout, PayoutAccount, PayoutStatement
from payouts.selectors.payability import accounts_of, problem_of
from payouts.services.closing import payable_by_account
from payouts.services.telling import tell_paid, tell_returned
from payouts.statuses import (
    OPEN_TRANSFERS,
    PAYOUT_MOVES,
    PayoutMethod,
    PayoutStatus,
    Problem,
    StatementStatus,
    TransferStatus,
)
from payouts.transfers import PAID_FROM


@transaction.atomic
def approve_payout(*, actor: User, payout_id: int, now: datetime, reason: str = "") -> Payout:
    """Release a payout for paying, at first or after a failure.

    NotAllowed, NotFound, MoveRefused, InRun; StatementQuestioned while the payee does not agree with it;
    NotPayable without an account that was checked.
    """
    payout = _locked(actor, payout_id)
    _check_alone(payout)
    before = _move(payout, PayoutStatus.PROCESSING)
    account = _checked_account(payout)
    payout.approved_by, payout.approved_at = actor, now
    payout.paid_by, payout.paid_at, payout.reference = None, None, ""
    payout.method = account.method
    payout.save(
        update_fields=["status", "approved_by", "approved_at", "paid_by", "paid_at", "reference", "method"]
    )
    _audit(actor, "payouts.approve", payout, before, now, reason)
    return payout


@transaction.atomic
def mark_paid(*, actor: User, payout_id: int, reference: str, now: datetime, way: str = "") -> Payout:
    """Note that another operator has sent the money, and post it; the payee is told.

    The money has left our bank account, or our balance at a provider, by `way`, which is the account's own
    unless it is named. `reference` is the number of the transfer. Refuses with NotAllowed, NotFound,
    MoveRefused, SecondPersonNeeded, ReferenceMissing, Invalid for another way, CashInRun, InRun; with
    StatementQuestioned and NotPayable when the payee or the account has changed since the approval; of two
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
    account = _checked_account(payout)
    if account.current.written_at > payout.approved_at:
        raise NotPayable(Problem.ACCOUNT_CHANGED)
    payout.method = way or payout.method
    if payout.method == PayoutMethod.CASH:
        raise CashInRun()
    payout.paid_by, payout.paid_at, payout.reference = actor, now, reference
    payout.save(update_fields=["status", "method", "paid_by", "paid_at", "reference"])
    post(
        kind=Kind.PAYOUT,
        key=_next_key(payout),
        source=_source(payout),
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


@transaction.atomic
def note_hand_return(*, actor: User, payout_id: int, reason: str, now: datetime) -> Payout:
    """Note that money which was paid by hand has come back: it is owed again, and the payee is told.

    NotAllowed, NotFound, Invalid without a reason; MoveRefused for what is not paid, or was paid in a run;
    AlreadyReversed when the posting was taken back in the book.
    """
    payout = _locked(actor, payout_id)
    if not reason.strip():
        raise Invalid(fields={"reason": Invalid.message})
    if payout.status != PayoutStatus.PAID or payout.transfers.filter(status=TransferStatus.PAID).exists():
        raise MoveRefused()
    before = _move(payout, PayoutStatus.FAILED)
    payout.save(update_fields=["status"])
    paid = LedgerTransaction.objects.filter(kind=Kind.PAYOUT, source=_source(payout)).latest("pk")
    key = f"payout_returned:by hand:{paid.pk}"
    take_back_payout(paid=paid, key=key, reason=reason.strip(), now=now)
    _audit(actor, "payouts.hand_return", payout, before, now, reason)
    tell_returned(payout=payout, returned_as=key, now=now)
    return payout


def take_back_payout(*, paid: LedgerTransaction, key: str, reason: str, now: datetime) -> LedgerTransaction:
    """Post the opposite of a payout whose money came back; tallies never claim it. AlreadyReversed."""
    if LedgerTransaction.objects.filter(reversal_of=paid).exists():
        raise AlreadyReversed()
    return post(
        kind=Kind.PAYOUT_RETURNED,
        key=key,
        source=paid.source,
        postings=opposites_of(paid),
        now=now,
        memo=reason[:200],
        reversal_of=paid,
    )


def _next_key(payout: Payout) -> str:
    """Return the key of the next sending by hand: what came back is posted anew when it is sent again."""
    earlier = LedgerTransaction.objects.filter(kind=Kind.PAYOUT, source=_source(payout)).count()
    return f"{_source(payout)}:by hand:{earlier}" if earlier else _source(payout)


def _source(payout: Payout) -> str:
    return f"payout:{payout.pk}"


def _checked_account(payout: Payout) -> PayoutAccount:
    # Read after the lock of the payout: what changed meanwhile is seen.
    payout.statement = PayoutStatement.objects.get(pk=payout.statement_id)
    if payout.statement.status == StatementStatus.DISPUTED:
        raise StatementQuestioned()
    account = accounts_of([payout]).get(payout.pk)
    problem = problem_of(payout, account)
    # By hand money goes out by ways that the market itself does not use.
    if account is None or problem not in ("", Problem.WAY_OFF):
        raise NotPayable(problem)
    return account


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
    source = _source(payout)
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
