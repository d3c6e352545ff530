"""A session, what it plans to show, and what it shows now."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from livestreams.statuses import PUBLIC, SeriesFrequency, SessionStatus
from shops.models import Host, Photo, Shop, Variant


class SessionSeries(models.Model):
    """A show that comes back; its sessions are made when it is planned, each can be changed alone."""

    frequency = models.CharField(max_length=12, choices=SeriesFrequency)
    count = models.PositiveSmallIntegerField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "session series"
        constraints = [
            models.CheckConstraint(
                name="series_count_bounded", condition=models.Q(count__gte=2, count__lte=60)
            )
        ]

    def __str__(self) -> str:
        return f"{self.frequency} × {self.count}"


class LiveSessionQuerySet(models.QuerySet):
    """Scopes of sessions."""

    def public(self):
        """Return what everybody may see."""
        return self.filter(status__in=PUBLIC)

    def announced(self):
        """Return what calendars tell of: all that was ever announced, the called-off shows included."""
        return self.filter(announced_at__isnull=False).exclude(status=SessionStatus.DRAFT)

    def for_presenter(self, user):
        """Return sessions that the person presents, or that belong to a shop they work in."""
        return self.filter(models.Q(host__user=user) | models.Q(shop__memberships__user=user)).distinct()

    def for_crew(self, user):
        """Return sessions that the person presents or was named a moderator of: who may pin and moderate."""
        presents = models.Q(host__user=user) | models.Q(shop__memberships__user=user)
        return self.filter(presents | models.Q(moderators__user=user)).distinct()


class LiveSession(models.Model):
    """One show of one host for one shop."""

    host = models.ForeignKey(Host, on_delete=models.PROTECT, related_name="sessions")
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="sessions")
    title = models.CharField(_("title"), max_length=80)
    description = models.TextField(_("description"), blank=True)
    cover = models.ForeignKey(Photo, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    status = models.CharField(max_length=12, choices=SessionStatus, default=SessionStatus.DRAFT)
    scheduled_at = models.DateTimeField(_("starts at"))
    planned_minutes = models.PositiveSmallIntegerField(_("planned length in minutes"), default=120)
    series = models.ForeignKey(
        SessionSeries, null=True, blank=True, on_delete=models.SET_NULL, related_name="sessions"
    )
    started_at = models.DateTimeField(null=True, blank=True)
    interrupted_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=120, blank=True)
    cancel_reason = models.CharField(max_length=200, blank=True)
    announced_at = models.DateTimeField(null=True, blank=True)
    # How often what calendars show of it has changed since it was announced (RFC 5545, SEQUENCE).
    revision = models.PositiveIntegerField(default=0)
    # The beginning of which people were already told that it is near; another beginning is told again.
    reminded_for = models.DateTimeField(null=True, blank=True)
    slow_mode_seconds = models.PositiveSmallIntegerField(
        default=0
    )  # least pause between two lines of a person
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


class Reminder(models.Model):
    """A person asked to be told when the show begins. `told_at` is the last word about its beginning."""

    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="reminders")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reminders")
    created_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        # People are told in the order in which they asked, a batch at a time.
        indexes = [models.Index(fields=["session", "id"], name="reminders_of_session")]
        constraints = [models.UniqueConstraint(fields=["session", "user"], name="reminder_once")]

    def __str__(self) -> str:
        return f"{self.user_id} on {self.session_id}"


class SessionModerator(models.Model):
    """A person whom the host trusts with the chat and the pins of one show."""

    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="moderators")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="moderates")
    appointed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "user"], name="session_moderator_once")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.session_id}"


class Interruption(models.Model):
    """A time without picture; at most one is open. The report counts them as drop-outs."""

    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="interruptions")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["began_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["session"], name="interruption_one_open", condition=models.Q(ended_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"{self.session_id} without picture from {self.began_at:%H:%M:%S}"


class ViewerSample(models.Model):
    """The most viewers at once and the hearts so far, minute by minute, for the report."""

    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="viewer_samples")
    minute_at = models.DateTimeField()
    viewers = models.PositiveIntegerField()
    likes = models.PositiveIntegerField()

    class Meta:
        ordering = ["minute_at"]
        constraints = [models.UniqueConstraint(fields=["session", "minute_at"], name="viewer_sample_once")]

    def __str__(self) -> str:
        return f"{self.viewers} in {self.session_id}"
