"""One round of all comparisons, written down; operators are told of what is new (rules.md 15)."""

import logging
from datetime import datetime

from django.db import Error as AnyDatabaseError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from backoffice.comparing import JOBS, Difference
from common import outbox
from common.audit import record
from ledger.models import ReconciliationFinding, ReconciliationRun
from notifications.services.telling import Note, tell_many

logger = logging.getLogger(__name__)

MOST_TOLD = 200


def reconcile(*, now: datetime) -> ReconciliationRun:
    """Run every comparison and write down what differs; nothing that is compared is changed.

    What is open already is not told again unless its numbers moved; what is no longer found is closed. A
    comparison that breaks is named in `failed_jobs`, and the others go on.
    """
    run = ReconciliationRun.objects.create(started_at=now)
    for name, find in JOBS.items():
        try:
            with transaction.atomic():
                found = list(find(now))
        except (AnyDatabaseError, OSError) as error:
            logger.exception("comparison %s failed", name)
            run.failed_jobs[name] = type(error).__name__
            run.save(update_fields=["failed_jobs"])
            continue
        run.new_findings += _write_down(run, name, found, now)
        run.jobs[name] = len({(one.kind, one.subject) for one in found})
        run.open_findings += run.jobs[name]
        run.save(update_fields=["jobs"])  # whoever waits for the round sees how far it is
    with transaction.atomic():
        run.ended_at = now
        run.save()
        if run.new_findings or run.failed_jobs:
            record(
                actor="system",
                action="backoffice.differences_found",
                target=f"reconciliationrun:{run.pk}",
                after={"new": run.new_findings, "open": run.open_findings, "failed": run.failed_jobs},
                now=now,
            )
            outbox.enqueue("backoffice.tell_differences", run_id=run.pk)
    return run


@transaction.atomic
def _write_down(run: ReconciliationRun, job: str, found: list[Difference], now: datetime) -> int:
    known = {
        (one.kind, one.subject): one
        for one in ReconciliationFinding.objects.select_for_update().filter(job=job, resolved_at=None)
    }
    new = 0
    for (kind, subject), one in {(each.kind, each.subject): each for each in found}.items():
        expected, amount = one.expected[:200], one.found[:200]
        before = known.pop((kind, subject), None)
        if before is None:
            ReconciliationFinding.objects.create(
                job=job, kind=kind, subject=subject, expected=expected, found=amount, run=run,
                first_seen_at=now, last_seen_at=now,
            )  # fmt: skip
        else:
            moved = (before.expected, before.found) != (expected, amount)
            before.expected, before.found, before.last_seen_at = expected, amount, now
            if moved:  # whoever took note of it took note of other numbers
                before.acknowledged_by = before.acknowledged_at = None
            before.save(
                update_fields=["expected", "found", "last_seen_at", "acknowledged_by", "acknowledged_at"]
            )
            if not moved:
                continue
        new += 1
        logger.error("%s: %s of %s is %s, expected %s", job, kind, subject, amount, expected)
    ReconciliationFinding.objects.filter(pk__in=[one.pk for one in known.values()]).update(resolved_at=now)
    return new


def tell_differences(*, run_id: int, now: datetime) -> int:
    """Tell every operator that a round found something new, once a round; return how many were told."""
    run = ReconciliationRun.objects.get(pk=run_id)
    operators = User.objects.filter(is_staff=True, is_active=True).order_by("pk")[:MOST_TOLD]
    count = run.new_findings + len(run.failed_jobs)

    def words() -> tuple[str, str]:
        return (
            _("Records do not agree: %(count)s") % {"count": count},
            _("The comparison of money, goods and files found something new. Please look at it."),
        )

    return tell_many(
        kind="differences_found",
        notes=[Note(user, f"differences:{run.pk}:{user.pk}") for user in operators],
        words=words,
        url="/admin/ledger/reconciliationfinding/?open=yes",
        now=now,
    )
