"""What operators do about comparisons: ask for a round, and take note of what it found."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from common import outbox
from common.audit import actor_of, record
from common.errors import InProgress, Invalid, MoveRefused, NotAllowed
from ledger.models import ReconciliationFinding
from ledger.selectors.comparisons import running_comparison

if TYPE_CHECKING:
    from accounts.models import User

LONGEST_ROUND = timedelta(minutes=15)


@transaction.atomic
def ask_to_compare(*, actor: "User", now: datetime) -> None:
    """Let a worker compare everything now. NotAllowed; InProgress while a round is under way."""
    _check_operator(actor)
    if running_comparison(since=now - LONGEST_ROUND) is not None:
        raise InProgress()
    record(actor=actor_of(actor), action="ledger.compare_now", target="reconciliationrun:0", now=now)
    outbox.enqueue("backoffice.reconcile")


@transaction.atomic
def acknowledge_finding(*, actor: "User", finding_id: int, note: str, now: datetime) -> ReconciliationFinding:
    """Note that a person knows of a difference and what they do about it; nothing is repaired.

    It stays open until the records agree, and rings again when its numbers move. NotAllowed, MoveRefused
    for one that is closed or taken note of, Invalid without a note.
    """
    _check_operator(actor)
    if not note.strip():
        raise Invalid(fields={"reason": Invalid.message})
    finding = ReconciliationFinding.objects.select_for_update().get(pk=finding_id)
    if finding.resolved_at is not None or finding.acknowledged_at is not None:
        raise MoveRefused()
    before = {"note": finding.note}
    finding.note = note.strip()[:300]
    finding.acknowledged_by, finding.acknowledged_at = actor, now
    finding.save(update_fields=["note", "acknowledged_by", "acknowledged_at"])
    record(
        actor=actor_of(actor),
        action="ledger.acknowledge_finding",
        target=f"reconciliationfinding:{finding.pk}",
        before=before,
        after={"job": finding.job, "kind": finding.kind, "subject": finding.subject},
        reason=finding.note,
        now=now,
    )
    return finding


def _check_operator(actor: "User") -> None:
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()
