"""Outbox, idempotency keys, audit trail and Django's own rows, for operators."""

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.admin_base import BaseAdmin, Move
from common.admin_links import source_column
from common.audit import actor_of
from common.clock import utc_now
from common.models import AuditEntry, IdempotencyKey, OutboxMessage
from common.retrying import retry

admin.site.unregister(Group)


class OutboxStateFilter(admin.SimpleListFilter):
    """What waits, what is done, what needs an operator."""

    title = _("state")
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple]:
        """Return the three states."""
        return [("waiting", _("waiting")), ("done", _("done")), ("quarantined", _("quarantined"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        """Narrow the list."""
        if self.value() == "waiting":
            return queryset.filter(done_at=None, quarantined_at=None)
        if self.value() == "done":
            return queryset.exclude(done_at=None)
        if self.value() == "quarantined":
            return queryset.exclude(quarantined_at=None)
        return queryset


@admin.register(OutboxMessage)
class OutboxMessageAdmin(BaseAdmin):
    """Work after commits; quarantined messages can be tried again."""

    noun, title = _("outbox message"), _("Outbox")
    list_display = ["task", "kwargs", "outcome", "attempts", "created_at", "done_at"]
    list_filter = [OutboxStateFilter, "task"]
    search_fields = ["task", "last_error", "=id"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]
    moves = (
        Move(
            name="retry",
            label=_("Try again"),
            run=lambda request, message, data: retry(
                message_id=message.pk,
                actor=actor_of(request.user),
                reason=data["reason"],
                now=utc_now(),
            ),
            bulk=True,
        ),
    )

    @display(
        description=_("state"),
        label={"waiting": "info", "done": "success", "quarantined": "danger"},
    )
    def outcome(self, message: OutboxMessage) -> tuple[str, str]:
        """Return the state as a word."""
        if message.quarantined_at:
            return "quarantined", _("quarantined")
        return ("done", _("done")) if message.done_at else ("waiting", _("waiting"))


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(BaseAdmin):
    """First answers to calls that must have one effect."""

    noun, title = _("idempotency key"), _("Idempotency keys")
    list_display = ["operation", source_column("actor", _("actor")), "key", "created_at"]
    list_filter = ["operation"]
    search_fields = ["=key", "=actor"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]


@admin.register(AuditEntry)
class AuditEntryAdmin(BaseAdmin):
    """Who changed what, and why."""

    noun, title = _("audit entry"), _("Audit trail")
    list_display = [
        "action",
        source_column("target", _("what")),
        source_column("actor", _("actor")),
        "reason",
        "at",
    ]
    list_filter = ["action"]
    search_fields = ["=actor", "=target", "action", "reason"]
    date_hierarchy = "at"
    ordering = ["-pk"]


@admin.register(LogEntry)
class LogEntryAdmin(BaseAdmin):
    """Django's own history of admin pages."""

    noun, title = _("admin history"), _("Admin history")
    list_display = ["action_time", "user", "content_type", "object_repr", "change_message"]
    list_filter = ["action_flag"]
    search_fields = ["object_repr", "change_message"]
    date_hierarchy = "action_time"
    list_select_related = ["user", "content_type"]


@admin.register(Group)
class GroupAdmin(BaseAdmin):
    """Sets of permissions for operators."""

    noun, title = _("group of operators"), _("Groups of operators")
    can_add = True
    editable_fields = ("name", "permissions")
    list_display = ["name"]
    search_fields = ["name"]
    filter_horizontal = ["permissions"]

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Allow superusers only: who may give rights has them all."""
        return request.user.is_superuser

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Allow superusers only."""
        return request.user.is_superuser
