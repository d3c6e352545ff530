"""Sessions, what they plan and what they showed, for operators."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin_base import BaseAdmin, Move, ReadOnlyInline
from common.admin_links import Link, list_link, object_link, related, state, yuan
from common.clock import utc_now
from livestreams.models import (
    Interruption,
    LiveSession,
    PinEvent,
    Reminder,
    RundownItem,
    SessionModerator,
    SessionSeries,
    ViewerSample,
)
from livestreams.services.overseeing import end_by_operator
from livestreams.statuses import SessionStatus


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


@admin.register(SessionSeries)
class SessionSeriesAdmin(BaseAdmin):
    """Shows that come back."""

    noun, title = _("series"), _("Series")
    list_display = ["frequency", "count", related("created_by", _("person")), "created_at"]
    list_filter = ["frequency"]
    list_select_related = ["created_by"]
    search_fields = ["sessions__title"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]


@admin.register(Reminder)
class ReminderAdmin(BaseAdmin):
    """Who wants to be told when a show begins."""

    noun, title = _("reminder"), _("Reminders")
    list_display = [
        related("session", _("live session")),
        related("user", _("person")),
        "created_at",
        "told_at",
    ]
    list_select_related = ["session", "user"]
    search_fields = ["session__title", "=user__phone"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]


@admin.register(SessionModerator)
class SessionModeratorAdmin(BaseAdmin):
    """Whom hosts trust with their rooms."""

    noun, title = _("moderator"), _("Moderators")
    list_display = [
        related("session", _("live session")),
        related("user", _("person")),
        related("appointed_by", _("appointed by")),
        "created_at",
    ]
    list_select_related = ["session", "user", "appointed_by"]
    search_fields = ["session__title", "=user__phone"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]


@admin.register(Interruption)
class InterruptionAdmin(BaseAdmin):
    """Times without picture."""

    noun, title = _("interruption"), _("Interruptions")
    list_display = [related("session", _("live session")), "began_at", "ended_at"]
    list_select_related = ["session"]
    search_fields = ["session__title"]
    date_hierarchy = "began_at"
    ordering = ["-pk"]


@admin.register(ViewerSample)
class ViewerSampleAdmin(BaseAdmin):
    """Viewers minute by minute."""

    noun, title = _("viewer count"), _("Viewers by minute")
    list_display = [related("session", _("live session")), "minute_at", "viewers", "likes"]
    list_select_related = ["session"]
    search_fields = ["session__title"]
    date_hierarchy = "minute_at"
    ordering = ["-pk"]
