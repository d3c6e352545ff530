"""The picture of a session: takes received, replay kept."""

from django.conf import settings
from django.db import models

from livestreams.models.sessions import LiveSession, PinEvent
from livestreams.statuses import ReplayStatus, TakeStatus


class Broadcast(models.Model):
    """The picture of a session. `public_id` names its folder of media."""

    session = models.OneToOneField(LiveSession, on_delete=models.CASCADE, related_name="broadcast")
    public_id = models.UUIDField(unique=True)
    created_at = models.DateTimeField()
    picture_at = models.DateTimeField(null=True, blank=True)  # when the first segment could be watched

    def __str__(self) -> str:
        return f"broadcast of {self.session_id}"


class Take(models.Model):
    """One unbroken recording from one phone; only one may be receiving at a time (the newer phone wins).

    `finished_at` and `duration_ms` are the broadcaster's: every chunk has become picture, so long it is.
    """

    broadcast = models.ForeignKey(Broadcast, on_delete=models.CASCADE, related_name="takes")
    number = models.PositiveIntegerField()
    publisher = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    mime = models.CharField(max_length=80)
    status = models.CharField(max_length=10, choices=TakeStatus, default=TakeStatus.RECEIVING)
    close_reason = models.CharField(max_length=60, blank=True)
    next_seq = models.PositiveIntegerField(default=0)
    received_bytes = models.BigIntegerField(default=0)
    last_chunk_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    duration_ms = models.BigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["number"]
        indexes = [models.Index(fields=["id"], name="take_unfinished", condition=models.Q(finished_at=None))]
        constraints = [
            models.UniqueConstraint(fields=["broadcast", "number"], name="take_number_once"),
            models.UniqueConstraint(
                fields=["broadcast"], name="take_one_receiving", condition=models.Q(status="receiving")
            ),
        ]

    def __str__(self) -> str:
        return f"take {self.number} of {self.broadcast_id}"


class Replay(models.Model):
    """The whole show, joined from all takes; paths are relative to MEDIA_ROOT."""

    session = models.OneToOneField(LiveSession, on_delete=models.CASCADE, related_name="replay")
    status = models.CharField(max_length=10, choices=ReplayStatus, default=ReplayStatus.PROCESSING)
    playlist_path = models.CharField(max_length=200, blank=True)
    poster_path = models.CharField(max_length=200, blank=True)
    duration_ms = models.BigIntegerField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"replay of {self.session_id}"


class Chapter(models.Model):
    """A place in the replay, made from a pin."""

    replay = models.ForeignKey(Replay, on_delete=models.CASCADE, related_name="chapters")
    pin_event = models.OneToOneField(PinEvent, on_delete=models.CASCADE, related_name="chapter")
    title = models.CharField(max_length=120)
    starts_ms = models.BigIntegerField()

    class Meta:
        ordering = ["starts_ms"]

    def __str__(self) -> str:
        return self.title
