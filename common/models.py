"""Tables without domain words: outbox, idempotency keys, audit trail."""

from django.db import models


class OutboxMessage(models.Model):
    """Work that must happen after a commit, written in the same transaction (rules.md 7)."""

    task = models.CharField(max_length=100)
    kwargs = models.JSONField(default=dict)
    queue = models.CharField(max_length=20, default="default")
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    swept_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)
    quarantined_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at"],
                name="outbox_open",
                condition=models.Q(done_at=None, quarantined_at=None),
            )
        ]

    def __str__(self) -> str:
        return f"{self.task} #{self.pk}"


class IdempotencyKey(models.Model):
    """The first answer to a call that must have one effect; kept for ever (rules.md 4)."""

    actor = models.CharField(max_length=40)
    operation = models.CharField(max_length=60)
    key = models.UUIDField()
    body_hash = models.CharField(max_length=64)
    answer = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["actor", "operation", "key"], name="idempotency_key_once")
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.key}"


class AuditEntry(models.Model):
    """Who changed what, from what to what, and why (rules.md PR8). Append-only."""

    actor = models.CharField(max_length=40, db_index=True)
    action = models.CharField(max_length=60)
    target = models.CharField(max_length=60, db_index=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.target}"
