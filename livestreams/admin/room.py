"""Rooms, for operators."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin_base import BaseAdmin, Move
from common.admin_links import related, state
from common.clock import utc_now
from livestreams.models import (
    BlockedWord,
    ChatMessage,
    ModerationAction,
    QuickReply,
)
from livestreams.services.overseeing import hide_by_operator
from livestreams.statuses import MessageStatus


@admin.register(ChatMessage)
class ChatMessageAdmin(BaseAdmin):
    """Lines in rooms; hidden, never deleted."""

    noun, title = _("chat message"), _("Chat")
    list_display = [
        "text",
        related("author", _("person")),
        related("session", _("live session")),
        state({"visible": "success", "held": "warning", "hidden": "danger"}),
        "created_at",
    ]
    list_filter = ["status"]
    list_select_related = ["author", "session"]
    search_fields = ["text", "=author__phone", "session__title"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]
    moves = (
        Move(
            name="hide",
            label=_("Hide"),
            run=lambda request, message, data: hide_by_operator(
                actor=request.user, message_id=message.pk, reason=data["reason"], now=utc_now()
            ),
            states=frozenset({MessageStatus.VISIBLE, MessageStatus.HELD}),
            bulk=True,
            is_dangerous=True,
        ),
    )


@admin.register(ModerationAction)
class ModerationActionAdmin(BaseAdmin):
    """Who did what to whom, and why."""

    noun, title = _("moderation"), _("Moderation")
    list_display = [
        "kind",
        related("session", _("live session")),
        related("moderator", _("moderator")),
        related("person", _("person")),
        "reason",
        "until",
        "created_at",
    ]
    list_filter = ["kind"]
    list_select_related = ["session", "moderator", "person"]
    search_fields = ["=person__phone", "=moderator__phone", "session__title", "reason"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]


@admin.register(BlockedWord)
class BlockedWordAdmin(BaseAdmin):
    """Words that the chat does not let through."""

    noun, title = _("blocked word"), _("Blocked words")
    list_display = [
        "text",
        related("shop", _("shop")),
        "reaction",
        related("created_by", _("person")),
        "created_at",
    ]
    list_filter = ["reaction"]
    list_select_related = ["shop", "created_by"]
    search_fields = ["text", "shop__name"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]


@admin.register(QuickReply)
class QuickReplyAdmin(BaseAdmin):
    """What hosts say with one tap."""

    noun, title = _("quick reply"), _("Quick replies")
    list_display = ["text", related("host", _("host")), "position"]
    list_select_related = ["host"]
    search_fields = ["text", "host__name"]
    ordering = ["-pk"]
