"""Sessions, rooms and replays, for operators."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin_base import BaseAdmin, Move, ReadOnlyInline
from common.admin_links import Link, list_link, object_link, related, state, yuan
from common.clock import utc_now
from livestreams.models import (
    Broadcast,
    Chapter,
    ChatMessage,
    LiveSession,
    ModerationAction,
    PinEvent,
    Replay,
    RundownItem,
    Take,
)
from livestreams.services.overseeing import end_by_operator, hide_by_operator
from livestreams.statuses import MessageStatus, SessionStatus


class RundownInline(ReadOnlyInline):
    """What a session plans to show."""

    model = RundownItem
    fields = readonly_fields = [
        "position",
        related("variant", _("variant")),
        yuan("live_price_fen", _("live price")),
        "quota",
    ]


@admin.register(LiveSession)
class LiveSessionAdmin(BaseAdmin):
    """Shows of hosts for shops."""

    noun, title = _("live session"), _("Live sessions")
    list_display = [
        "title",
        state(
            {
                "draft": "",
                "scheduled": "info",
                "live": "success",
                "interrupted": "warning",
                "ended": "",
                "cancelled": "danger",
            }
        ),
        related("host", _("host")),
        related("shop", _("shop")),
        "scheduled_at",
        "peak_viewers",
    ]
    list_filter = ["status", "shop"]
    list_select_related = ["host", "shop"]
    search_fields = ["title", "host__name", "shop__name", "=host__contact__phone"]
    date_hierarchy = "scheduled_at"
    ordering = ["-pk"]
    inlines = [RundownInline]
    moves = (
        Move(
            name="end",
            label=_("End the show"),
            run=lambda request, session, data: end_by_operator(
                actor=request.user, session_id=session.pk, reason=data["reason"], now=utc_now()
            ),
            states=frozenset({SessionStatus.LIVE, SessionStatus.INTERRUPTED}),
            is_dangerous=True,
        ),
    )

    def links(self, session: LiveSession) -> list[Link | None]:
        """Return the room, chat, pins, takes and sales."""
        return [
            Link(_("Room"), f"/live/{session.pk}/"),
            list_link("livestreams.chatmessage", _("Chat"), session__id__exact=session.pk),
            list_link("livestreams.pinevent", _("Pins"), session__id__exact=session.pk),
            list_link("orders.orderline", _("Sales"), live_session__id__exact=session.pk),
            object_link(getattr(session, "broadcast", None)),
            object_link(getattr(session, "replay", None)),
        ]


@admin.register(RundownItem)
class RundownItemAdmin(BaseAdmin):
    """Planned positions."""

    noun, title = _("rundown item"), _("Rundown")
    list_display = [
        related("session", _("live session")),
        "position",
        related("variant", _("variant")),
        yuan("live_price_fen", _("live price")),
        "quota",
        "per_buyer_limit",
    ]
    list_select_related = ["session", "variant"]
    search_fields = ["session__title", "variant__product__title"]
    ordering = ["-pk"]


@admin.register(PinEvent)
class PinEventAdmin(BaseAdmin):
    """What was shown when."""

    noun, title = _("pin"), _("Pins")
    list_display = [
        related("session", _("live session")),
        related("rundown_item", _("rundown item")),
        "opened_at",
        "closed_at",
        "media_time_ms",
    ]
    list_select_related = ["session", "rundown_item"]
    search_fields = ["session__title", "rundown_item__variant__product__title"]
    date_hierarchy = "opened_at"
    ordering = ["-pk"]


@admin.register(Broadcast)
class BroadcastAdmin(BaseAdmin):
    """Pictures of sessions."""

    noun, title = _("broadcast"), _("Broadcasts")
    list_display = ["public_id", related("session", _("live session")), "created_at"]
    list_select_related = ["session"]
    search_fields = ["=public_id", "session__title"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]

    def links(self, broadcast: Broadcast) -> list[Link | None]:
        """Return session and takes."""
        takes = list_link("livestreams.take", _("Takes"), broadcast__id__exact=broadcast.pk)
        return [object_link(broadcast.session), takes]


@admin.register(Take)
class TakeAdmin(BaseAdmin):
    """Unbroken recordings."""

    noun, title = _("take"), _("Takes")
    list_display = [
        "number",
        related("broadcast", _("broadcast")),
        state({"receiving": "success", "closed": ""}),
        "next_seq",
        "received_bytes",
        "last_chunk_at",
        "close_reason",
    ]
    list_filter = ["status"]
    list_select_related = ["broadcast"]
    search_fields = ["broadcast__session__title", "=broadcast__public_id", "=publisher__phone"]
    date_hierarchy = "started_at"
    ordering = ["-pk"]


@admin.register(Replay)
class ReplayAdmin(BaseAdmin):
    """What stays afterwards."""

    noun, title = _("replay"), _("Replays")
    list_display = [
        related("session", _("live session")),
        state({"processing": "warning", "ready": "success", "failed": "danger", "hidden": ""}),
        "duration_ms",
        "error",
        "created_at",
    ]
    list_filter = ["status"]
    list_select_related = ["session"]
    search_fields = ["session__title", "session__host__name"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]


@admin.register(Chapter)
class ChapterAdmin(BaseAdmin):
    """Places in replays."""

    noun, title = _("chapter"), _("Chapters")
    list_display = ["title", related("replay", _("replay")), "starts_ms"]
    list_select_related = ["replay"]
    search_fields = ["title", "replay__session__title"]
    ordering = ["-pk"]


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
