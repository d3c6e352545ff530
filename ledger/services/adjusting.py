"""Corrections: one operator proposes, another one checks and posts (rules.md 6)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from common.audit import actor_of, record
from common.errors import Invalid, NotAllowed, NotFound
from common.moves import check_move
from ledger.errors import (
    AlreadyReversed,
    ReversalProposed,
    ReversalRefused,
    SecondApproverNeeded,
    Unbalanced,
)
from ledger.models import LedgerAccount, LedgerAdjustment, LedgerAdjustmentLine, LedgerTransaction
from ledger.services.posting import Posting, post, reverse
from ledger.statuses import ADJUSTMENT_MOVES, AdjustmentStatus, Kind, OwnerKind

if TYPE_CHECKING:
    from accounts.models import User

MAX_LINES = 100
MAX_FEN = 10**12
# A tally finds what it pays by the order that an entry names.
_DOCUMENT = re.compile(r"(order|order_line):[1-9][0-9]{0,17}")
# A line of the provider's bill that nothing of ours explains is settled by a correction that names it.
_BILL_LINE = re.compile(r"provider_bill_line:[1-9][0-9]{0,17}")


@dataclass(frozen=True)
class ProposedLine:
    """One line of a correction: debit positive, credit negative, in fen.

    Lines of a farmer, shop or host name the order that they correct ("order:12", "order_line:7").
    """

    account_id: int
    amount_fen: int
    source: str = ""


@transaction.atomic
def propose_adjustment(
    *, actor: "User", lines: Sequence[ProposedLine], reason: str, now: datetime
) -> LedgerAdjustment:
    """Write a correction down for another person to check; the book is not touched.

    NotAllowed; Invalid without a reason or an order; NotFound for an unknown account; Unbalanced.
    """
    _check_operator(actor)
    reason = _checked_reason(reason)
    if not 2 <= len(lines) <= MAX_LINES or sum(line.amount_fen for line in lines) != 0:
        raise Unbalanced()
    if any(not 0 < abs(line.amount_fen) <= MAX_FEN for line in lines):
        raise Unbalanced()
    accounts = LedgerAccount.objects.in_bulk({line.account_id for line in lines})
    for line in lines:
        account = accounts.get(line.account_id)
        if account is None:
            raise NotFound()
        is_system = account.owner_kind == OwnerKind.SYSTEM
        is_named = _DOCUMENT.fullmatch(line.source) or (is_system and _BILL_LINE.fullmatch(line.source))
        if not is_named and (line.source or not is_system):
            raise Invalid(fields={"source": Invalid.message})
    adjustment = LedgerAdjustment.objects.create(reason=reason, proposed_by=actor, proposed_at=now)
    LedgerAdjustmentLine.objects.bulk_create(
        LedgerAdjustmentLine(
            adjustment=adjustment, account_id=line.account_id, amount_fen=line.amount_fen, source=line.source
        )
        for line in lines
    )
    _audit(actor, "ledger.propose", adjustment, "", now, reason)
    return adjustment


@transaction.atomic
def propose_reversal(*, actor: "User", transaction_id: int, reason: str, now: datetime) -> LedgerAdjustment:
    """Propose to take a posting back; the book is not touched.

    NotAllowed, NotFound, ReversalRefused, AlreadyReversed, ReversalProposed.
    """
    _check_operator(actor)
    reason = _checked_reason(reason)
    original = LedgerTransaction.objects.filter(pk=transaction_id).first()
    if original is None:
        raise NotFound()
    if original.reversal_of_id is not None:
        raise ReversalRefused()
    if LedgerTransaction.objects.filter(reversal_of=original).exists():
        raise AlreadyReversed()
    if original.proposed_reversals.filter(status=AdjustmentStatus.PROPOSED).exists():
        raise ReversalProposed()
    try:
        with transaction.atomic():
            adjustment = LedgerAdjustment.objects.create(
                reverses=original, reason=reason, proposed_by=actor, proposed_at=now
            )
    except IntegrityError as error:
        # Two at once: the database keeps one open proposal a posting.
        raise ReversalProposed() from error
    _audit(actor, "ledger.propose", adjustment, "", now, reason)
    return adjustment


@transaction.atomic
def approve_adjustment(
    *, actor: "User", adjustment_id: int, now: datetime, note: str = ""
) -> LedgerAdjustment:
    """Post what another operator proposed, once; of two at once the second gets MoveRefused.

    NotAllowed, NotFound, SecondApproverNeeded for who proposed it, AlreadyReversed.
    """
    adjustment = _locked(actor, adjustment_id)
    before = adjustment.status
    check_move(ADJUSTMENT_MOVES, before, AdjustmentStatus.POSTED)
    if adjustment.proposed_by_id == actor.pk:
        raise SecondApproverNeeded()
    if adjustment.reverses_id is not None:
        posted = reverse(transaction_id=adjustment.reverses_id, memo=adjustment.reason, now=now)
    else:
        posted = post(
            kind=Kind.ADJUSTMENT,
            key=f"adjustment:{adjustment.pk}",
            source=_source_of(adjustment),
            postings=_postings(adjustment),
            now=now,
            memo=adjustment.reason,
        )
    adjustment.status, adjustment.posted = AdjustmentStatus.POSTED, posted
    adjustment.decided_by, adjustment.decided_at = actor, now
    adjustment.save(update_fields=["status", "posted", "decided_by", "decided_at"])
    _audit(actor, "ledger.approve", adjustment, before, now, note.strip() or adjustment.reason)
    return adjustment


@transaction.atomic
def reject_adjustment(*, actor: "User", adjustment_id: int, reason: str, now: datetime) -> LedgerAdjustment:
    """Turn a proposal down, or take one's own back; the book is not touched."""
    adjustment = _locked(actor, adjustment_id)
    before = adjustment.status
    check_move(ADJUSTMENT_MOVES, before, AdjustmentStatus.REJECTED)
    reason = _checked_reason(reason)
    adjustment.status = AdjustmentStatus.REJECTED
    adjustment.decided_by, adjustment.decided_at = actor, now
    adjustment.save(update_fields=["status", "decided_by", "decided_at"])
    _audit(actor, "ledger.reject", adjustment, before, now, reason)
    return adjustment


def _postings(adjustment: LedgerAdjustment) -> list[Posting]:
    return [
        Posting(
            purpose=line.account.purpose,
            amount_fen=line.amount_fen,
            source=line.source or _source_of(adjustment),
            owner_kind=line.account.owner_kind,
            owner_id=line.account.owner_id,
        )
        for line in adjustment.lines.select_related("account").order_by("pk")
    ]


def _source_of(adjustment: LedgerAdjustment) -> str:
    return f"ledger_adjustment:{adjustment.pk}"


def _check_operator(actor: "User") -> None:
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()


def _checked_reason(reason: str) -> str:
    reason = " ".join(reason.split())
    if not reason or len(reason) > 200:
        raise Invalid(fields={"reason": Invalid.message})
    return reason


def _locked(actor: "User", adjustment_id: int) -> LedgerAdjustment:
    _check_operator(actor)
    adjustment = LedgerAdjustment.objects.select_for_update().filter(pk=adjustment_id).first()
    if adjustment is None:
        raise NotFound()
    return adjustment


def _audit(
    actor: "User", action: str, adjustment: LedgerAdjustment, before: str, now: datetime, reason: str
) -> None:
    record(
        actor=actor_of(actor),
        action=action,
        target=f"ledgeradjustment:{adjustment.pk}",
        before={"status": before},
        after={
            "status": adjustment.status,
            "reverses": adjustment.reverses_id,
            "posted": adjustment.posted_id,
            "lines": [
                [line.account_id, line.amount_fen, line.source] for line in adjustment.lines.order_by("pk")
            ],
        },
        reason=reason,
        now=now,
    )
