"""The audit trail: written in the same transaction as the change it tells of (rules.md PR8)."""

from datetime import datetime

from common.models import AuditEntry


def actor_of(user) -> str:
    """Return the audit name of a user, or "system" for none."""
    return f"user:{user.pk}" if user is not None and user.pk else "system"


def record(
    *,
    actor: str,
    action: str,
    target: str,
    now: datetime,
    before: dict | None = None,
    after: dict | None = None,
    reason: str = "",
) -> AuditEntry:
    """Append one entry; `target` is "model:pk"; before/after hold ids, states and fen, no personal data."""
    return AuditEntry.objects.create(
        actor=actor, action=action, target=target, before=before, after=after, reason=reason, at=now
    )
