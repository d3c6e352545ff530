"""The room: chat and its moderation."""

from django.conf import settings
from django.db import models

from livestreams.models.sessions import LiveSession
from livestreams.statuses import MessageKind, MessageStatus, ModerationKind, WordReaction
from shops.models import Host, Shop


class ChatMessage(models.Model):
    """One line in the room; `author` is null for a line of the market, which `params` fill in."""

    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="messages")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    kind = models.CharField(max_length=10, choices=MessageKind, default=MessageKind.SAID)
    text = models.CharField(max_length=200, blank=True)
    params = models.JSONField(default=dict, blank=True)
    held_reason = models.CharField(max_length=20, blank=True)
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


class BlockedWord(models.Model):
    """A word that the chat of every room, or of one shop's rooms, does not let through.

    `folded` is how it is compared: one script, one width, no spaces, no marks.
    """

    shop = models.ForeignKey(
        Shop, null=True, blank=True, on_delete=models.CASCADE, related_name="blocked_words"
    )
    text = models.CharField(max_length=40)
    folded = models.CharField(max_length=80)
    reaction = models.CharField(max_length=10, choices=WordReaction, default=WordReaction.HOLD)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "folded"], name="blocked_word_once", nulls_distinct=False
            ),
            models.CheckConstraint(name="blocked_word_not_empty", condition=~models.Q(folded="")),
        ]

    def __str__(self) -> str:
        return self.text


class QuickReply(models.Model):
    """A line that a host says often, sent with one tap."""

    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="quick_replies")
    text = models.CharField(max_length=200)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]
        verbose_name_plural = "quick replies"

    def __str__(self) -> str:
        return self.text
