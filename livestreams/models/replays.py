"""What stays of a show: the replay, its chapters, pieces cut from it. Paths are relative to MEDIA_ROOT."""

from django.conf import settings
from django.db import models

from livestreams.models.sessions import LiveSession, PinEvent
from livestreams.statuses import ClipStatus, ReplayStatus


class Replay(models.Model):
    """The whole show, joined from all takes.

    The master is one file with chapters, kept as evidence with its SHA-256: hiding the replay and cutting its
    ends change what people see, never the master (decisions.md 20). `hidden_at` may come before it is ready;
    `is_barred`: an operator took it down, so the host cannot offer it again. `sprite` tells how the sheet of
    small pictures is laid out: columns, rows, width, height (pixels of one), count, starts_ms (of the first,
    in the whole show) and interval_ms.
    """

    session = models.OneToOneField(LiveSession, on_delete=models.CASCADE, related_name="replay")
    status = models.CharField(max_length=10, choices=ReplayStatus, default=ReplayStatus.PROCESSING)
    playlist_path = models.CharField(max_length=200, blank=True)
    poster_path = models.CharField(max_length=200, blank=True)
    sprite_path = models.CharField(max_length=200, blank=True)
    sprite = models.JSONField(default=dict, blank=True)
    master_path = models.CharField(max_length=200, blank=True)
    master_sha256 = models.CharField(max_length=64, blank=True)
    master_bytes = models.BigIntegerField(default=0)
    duration_ms = models.BigIntegerField(null=True, blank=True)
    trim_start_ms = models.BigIntegerField(default=0)
    trim_end_ms = models.BigIntegerField(null=True, blank=True)
    hidden_at = models.DateTimeField(null=True, blank=True)
    is_barred = models.BooleanField(default=False)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="replay_trim_ordered",
                condition=models.Q(trim_start_ms__gte=0)
                & (models.Q(trim_end_ms=None) | models.Q(trim_end_ms__gt=models.F("trim_start_ms"))),
            )
        ]

    def __str__(self) -> str:
        return f"replay of {self.session_id}"


class Chapter(models.Model):
    """A place in the replay, made from a pin; `starts_ms` counts in the whole show, before any trimming."""

    replay = models.ForeignKey(Replay, on_delete=models.CASCADE, related_name="chapters")
    pin_event = models.OneToOneField(PinEvent, on_delete=models.CASCADE, related_name="chapter")
    title = models.CharField(max_length=120)
    starts_ms = models.BigIntegerField()

    class Meta:
        ordering = ["starts_ms"]

    def __str__(self) -> str:
        return self.title


class Clip(models.Model):
    """A short piece of a replay as a file of its own; places count in the whole show."""

    replay = models.ForeignKey(Replay, on_delete=models.CASCADE, related_name="clips")
    chapter = models.ForeignKey(
        Chapter, null=True, blank=True, on_delete=models.SET_NULL, related_name="clips"
    )
    title = models.CharField(max_length=120)
    starts_ms = models.BigIntegerField()
    ends_ms = models.BigIntegerField()
    status = models.CharField(max_length=10, choices=ClipStatus, default=ClipStatus.PROCESSING)
    video_path = models.CharField(max_length=200, blank=True)
    poster_path = models.CharField(max_length=200, blank=True)
    duration_ms = models.BigIntegerField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["replay", "starts_ms", "ends_ms"], name="clip_once"),
            models.CheckConstraint(
                name="clip_ordered",
                condition=models.Q(starts_ms__gte=0, ends_ms__gt=models.F("starts_ms")),
            ),
        ]

    def __str__(self) -> str:
        return self.title
