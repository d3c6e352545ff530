"""The page of comparisons: how each stands, what differs, who knows of it; and a round right now."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.admin_base import BaseAdmin, Move, ReadOnlyInline
from common.admin_links import Link, list_link, object_link, related, source_column, source_link
from common.clock import utc_now
from common.errors import MarketError
from ledger.comparing_words import job_words, kind_words, side_text
from ledger.models import ReconciliationFinding, ReconciliationRun
from ledger.selectors.comparisons import job_states, running_comparison
from ledger.services.overseeing import LONGEST_ROUND, acknowledge_finding, ask_to_compare


@display(description=_("comparison"), ordering="job")
def _job(finding: ReconciliationFinding) -> str:
    return job_words(finding.job)


@display(description=_("kind"), ordering="kind")
def _kind(finding: ReconciliationFinding) -> str:
    return kind_words(finding.kind)


@display(description=_("expected"))
def _expected(finding: ReconciliationFinding) -> Any:
    return side_text(finding.kind, finding.expected)


@display(description=_("found"))
def _found(finding: ReconciliationFinding) -> Any:
    return side_text(finding.kind, finding.found)


class FindingInline(ReadOnlyInline):
    """What a run found for the first time."""

    model = ReconciliationFinding
    fields = readonly_fields = [_job, _kind, source_column("subject", _("what")), _expected, _found]


@admin.register(ReconciliationRun)
class ReconciliationRunAdmin(BaseAdmin):
    """Rounds of all comparisons."""

    noun, title = _("comparison"), _("Comparisons")
    list_display = ["id", "started_at", "ended_at", "open_findings", "new_findings", "failed_jobs"]
    search_fields = ["=id"]
    date_hierarchy = "started_at"
    ordering = ["-pk"]
    inlines = [FindingInline]


class EmptyFilter(admin.SimpleListFilter):
    """Whether an instant has not come yet: yes or no."""

    column, empty = "", "yes"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer both."""
        return [("yes", _("Yes")), ("no", _("No"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Filter."""
        if not self.value():
            return queryset
        return queryset.filter(**{f"{self.column}__isnull": self.value() == self.empty})


class OpenFilter(EmptyFilter):
    """Whether it is still so."""

    title, parameter_name, column = _("still so"), "open", "resolved_at"


class AcknowledgedFilter(EmptyFilter):
    """Whether somebody has taken note of it."""

    title, parameter_name, column, empty = _("taken note of"), "acknowledged", "acknowledged_at", "no"


@admin.register(ReconciliationFinding)
class ReconciliationFindingAdmin(BaseAdmin):
    """Records that do not agree. They close by themselves once they agree again; nothing repairs them."""

    noun, title = _("difference"), _("Differences")
    editable_fields = ("note",)
    hidden_fields = ("job", "kind", "expected", "found")
    extra_columns = (_job, _kind, _expected, _found)
    list_before_template = "admin/_comparisons.html"
    list_display = [
        _job,
        _kind,
        source_column("subject", _("what")),
        _expected,
        _found,
        "first_seen_at",
        "resolved_at",
        related("acknowledged_by", _("taken note of by")),
        "note",
    ]
    list_filter = [OpenFilter, AcknowledgedFilter, "job"]
    list_select_related = ["acknowledged_by"]
    search_fields = ["=subject", "=kind", "note"]
    date_hierarchy = "first_seen_at"
    ordering = ["resolved_at", "acknowledged_at", "-pk"]
    moves = (
        Move(
            name="acknowledge",
            label=_("Take note of it"),
            told=_("It stays on the list until the records agree, and calls again when its numbers move."),
            run=lambda request, finding, data: acknowledge_finding(
                actor=request.user, finding_id=finding.pk, note=data["reason"], now=utc_now()
            ),
            states=frozenset({(None, None)}),
            field="open_and_new",
            bulk=True,
        ),
    )

    def get_urls(self) -> list:
        """Add the round right now."""
        run = self.admin_site.admin_view(self.run_view)
        return [path("run/", run, name="ledger_reconciliationfinding_run"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show how every comparison stands above what differs."""
        running = running_comparison(since=utc_now() - LONGEST_ROUND)
        context = {
            "states": [(state, job_words(state.job)) for state in job_states()],
            "running": running,
            "compared": len(running.jobs) + len(running.failed_jobs) if running else 0,
            "run_url": reverse("admin:ledger_reconciliationfinding_run"),
            "may_run": self.has_change_permission(request),
        }
        return super().changelist_view(request, (extra_context or {}) | context)

    def run_view(self, request: HttpRequest) -> HttpResponse:
        """Ask a worker to compare everything now."""
        if request.method != "POST" or not self.has_change_permission(request):
            raise PermissionDenied
        try:
            ask_to_compare(actor=request.user, now=utc_now())
        except MarketError as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, _now("A worker compares everything now. Reload this page in a moment."))
        return redirect(self._url("changelist"))

    def links(self, finding: ReconciliationFinding) -> list[Link | None]:
        """Return what it is about, its postings, and the run that found it."""
        return [
            source_link(finding.subject),
            list_link("ledger.ledgertransaction", _("Postings"), q=finding.subject),
            object_link(finding.run),
        ]
