"""A session, what it plans to show, and what it shows now."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from livestreams.statuses import PUBLIC, SessionStatus
from shops.models import Host, Photo, Shop, Variant


class LiveSessionQuerySet(models.QuerySet):
    """Scopes of sessions."""

    def public(self):
        """Return what everybody may see."""
        return self.filter(status__in=PUBLIC)

    def for_presenter(self, user):
        """Return sessions that the person presents, or that belong to a shop they work in."""
        return self.filter(models.Q(host__user=user) | models.Q(shop__memberships__user=user)).distinct()


class LiveSession(models.Model):
    """One show of one host for one shop. `last_chunk_at` tells whether the picture still arrives."""

    host = models.ForeignKey(Host, on_delete=models.PROTECT, related_name="sessions")
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="sessions")
    title = models.CharField(_("title"), max_length=80)
    description = models.TextField(_("description"), blank=True)
    cover = models.ForeignKey(Photo, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    status = models.CharField(max_length=12, choices=SessionStatus, default=SessionStatus.DRAFT)
    scheduled_at = models.DateTimeField(_("starts at"))
    started_at = models.DateTimeField(null=True, blank=True)
    interrupted_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=120, blank=True)
    peak_viewers = models.PositiveIntegerField(default=0)
    like_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()

    objects = LiveSessionQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["status", "scheduled_at"], name="session_calendar")]

    def __str__(self) -> str:
        return self.title


class RundownItem(models.Model):
    """Planned position of a variant in a session; without a live price the variant's own price holds."""

    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="rundown")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="rundown_items")
    position = models.PositiveSmallIntegerField()
    live_price_fen = models.BigIntegerField(null=True, blank=True)
    quota = models.PositiveIntegerField(null=True, blank=True)
    per_buyer_limit = models.PositiveIntegerField(null=True, blank=True)
    host_commission_bp = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["session", "variant"], name="rundown_variant_once"),
            models.CheckConstraint(
                name="rundown_values_sane",
                condition=(models.Q(live_price_fen=None) | models.Q(live_price_fen__gt=0))
                & models.Q(host_commission_bp__lte=10_000),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.session_id} #{self.position}"


class PinEvent(models.Model):
    """What is being shown now; one open per session. `media_time_ms` is the place in its picture."""

    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="pins")
    rundown_item = models.ForeignKey(RundownItem, on_delete=models.PROTECT, related_name="pins")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    media_time_ms = models.BigIntegerField(null=True, blank=True)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session"], name="pin_one_open", condition=models.Q(closed_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"pin {self.pk}"
