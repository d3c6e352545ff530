"""`manage.py reconcile`: run every comparison now, print what differs, exit 1 if anything does."""

from django.core.management.base import BaseCommand, CommandError

from backoffice.services.reconciling import reconcile
from common.clock import utc_now
from ledger.models import ReconciliationFinding


class Command(BaseCommand):
    """Print the open differences."""

    help = "Compare money, stock, orders, payouts, outbox, files and rooms; exits with 1 if anything differs."

    def handle(self, **options) -> None:
        """Run."""
        run = reconcile(now=utc_now())
        for one in ReconciliationFinding.objects.filter(resolved_at=None).order_by("job", "kind", "pk"):
            self.stdout.write(
                f"{one.job}: {one.kind} of {one.subject} is {one.found}, expected {one.expected}"
            )
        for job, problem in run.failed_jobs.items():
            self.stdout.write(f"{job}: could not be compared ({problem})")
        if run.open_findings or run.failed_jobs:
            raise CommandError(f"{run.open_findings} differences, {len(run.failed_jobs)} failed comparisons")
        self.stdout.write("everything agrees")
