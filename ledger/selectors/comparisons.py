"""How the comparisons of the market's records stand (rules.md 15)."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from ledger.models import ReconciliationFinding, ReconciliationRun

RUNS_LOOKED_AT = 20


@dataclass(frozen=True)
class JobState:
    """One comparison: when it last came to an end, what is open, and why it could not be made (or "")."""

    job: str
    compared_at: datetime | None
    open_count: int
    new_count: int
    problem: str


def open_findings() -> QuerySet[ReconciliationFinding]:
    """Return the differences that the last rounds still found."""
    return ReconciliationFinding.objects.filter(resolved_at=None)


def running_comparison(*, since: datetime) -> ReconciliationRun | None:
    """Return the round that is under way; one that began before `since` died."""
    return ReconciliationRun.objects.filter(ended_at=None, started_at__gte=since).order_by("-pk").first()


def job_states() -> list[JobState]:
    """Return every comparison that the last rounds made or tried, by name."""
    counts = {
        row["job"]: row
        for row in open_findings()
        .values("job")
        .annotate(all=Count("pk"), new=Count("pk", filter=Q(acknowledged_at=None)))
        .order_by("job")
    }
    compared: dict[str, datetime] = {}
    problems: dict[str, str] = {}
    for run in ReconciliationRun.objects.order_by("-pk")[:RUNS_LOOKED_AT]:
        for job in run.jobs:
            compared.setdefault(job, run.started_at)
            problems.setdefault(job, "")
        for job, problem in run.failed_jobs.items():
            problems.setdefault(job, problem)
    return [
        JobState(
            job=job,
            compared_at=compared.get(job),
            open_count=counts.get(job, {}).get("all", 0),
            new_count=counts.get(job, {}).get("new", 0),
            problem=problems.get(job, ""),
        )
        for job in sorted({*compared, *problems, *counts})
    ]
