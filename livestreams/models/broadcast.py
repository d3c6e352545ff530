"""The picture of a session as it is received."""

from django.conf import settings
from django.db import models

from livestreams.models.sessions import LiveSession
from livestreams.statuses import TakeKind, TakeStatus


class MediaKey(models.Model):
    """The secret with which a session's picture is sent; hashed, shown once (rules.md 12).

    One is active at a time; a new one revokes it, and with it every recording that began under it.
    """

    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="media_keys")
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=4)  # the last characters, so that a person can tell two keys apart
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session"], name="media_key_one_active", condition=models.Q(revoked_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"…{self.hint}"


class Broadcast(models.Model):
    """The picture of a session. `public_id` names its folder of media.

    `keep_until` is set when the show has ended: until then its recording is evidence (decisions.md 20).
    `cleared_at` is when retention removed the recording.
    """

    session = models.OneToOneField(LiveSession, on_delete=models.CASCADE, related_name="broadcast")
    public_id = models.UUIDField(unique=True)
    created_at = models.DateTimeField()
    picture_at = models.DateTimeField(null=True, blank=True)  # when the first segment could be watched
    keep_until = models.DateTimeField(null=True, blank=True)
    cleared_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"broadcast of {self.session_id}"


class Take(models.Model):
    """One unbroken recording from one phone; only one may be receiving at a time (the newer phone wins).

    `began_at` is when its first picture was taken, by the server's clock: the phone says how long after
    `started_at` its recorder began, a duration, so that a wrong clock does no harm.
    `finished_at` and `duration_ms` are the broadcaster's: every chunk has become picture, so long it is.
    """

    broadcast = models.ForeignKey(Broadcast, on_delete=models.CASCADE, related_name="takes")
    number = models.PositiveIntegerField()
    publisher = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    kind = models.CharField(max_length=10, choices=TakeKind, default=TakeKind.BROWSER)
    media_key = models.ForeignKey(
        MediaKey, null=True, blank=True, on_delete=models.SET_NULL, related_name="takes"
    )
    # Of the media server: its number of the connection, and a keyed hash of the address that it came from.
    connection = models.CharField(max_length=24, blank=True)
    origin = models.CharField(max_length=32, blank=True)
    mime = models.CharField(max_length=80)
    status = models.CharField(max_length=10, choices=TakeStatus, default=TakeStatus.RECEIVING)
    close_reason = models.CharField(max_length=60, blank=True)
    next_seq = models.PositiveIntegerField(default=0)
    received_bytes = models.BigIntegerField(default=0)
    last_chunk_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField()
    began_at = models.DateTimeField(null=True, blank=True)
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
