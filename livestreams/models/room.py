"""The room: chat and its moderation."""

from django.conf import settings
from django.db import models

from livestreams.models.sessions import LiveSession
from livestreams.statuses import MessageStatus, ModerationKind


class ChatMessage(models.Model):
    """One line in the room; `author` is null for a system line."""

    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="messages")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    text = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=MessageStatus, default=MessageStatus.VISIBLE)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["session", "-id"], name="chat_history")]

    def __str__(self) -> str:
        return self.text


class ModerationAction(models.Model):
    """Who did what to whom, why, and until when. Append-only."""

    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="moderation")
    kind = models.CharField(max_length=10, choices=ModerationKind)
    moderator = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    message = models.ForeignKey(ChatMessage, null=True, blank=True, on_delete=models.SET_NULL)
    reason = models.CharField(max_length=200, blank=True)
    until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} in {self.session_id}"
