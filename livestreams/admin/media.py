"""Recordings and replays, for operators."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin_base import BaseAdmin, Move
from common.admin_links import Link, list_link, object_link, related, state
from common.clock import utc_now
from livestreams.models import (
    Broadcast,
    Chapter,
    Clip,
    MediaKey,
    Replay,
    Take,
)
from livestreams.services.keys import revoke_by_operator
from livestreams.services.trimming import bar_replay, remake_by_operator


@admin.register(Broadcast)
class BroadcastAdmin(BaseAdmin):
    """Pictures of sessions."""

    noun, title = _("broadcast"), _("Broadcasts")
    list_display = [
        "public_id",
        related("session", _("live session")),
        "created_at",
        "keep_until",
        "cleared_at",
    ]
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
    list_filter = ["status", "is_barred"]
    list_select_related = ["session"]
    search_fields = ["session__title", "session__host__name"]
    moves = (
        Move(
            name="bar",
            label=_("Take it down"),
            run=lambda request, replay, data: bar_replay(
                actor=request.user, replay_id=replay.pk, is_barred=True, reason=data["reason"], now=utc_now()
            ),
            states=frozenset({False}),
            field="is_barred",
            is_dangerous=True,
        ),
        Move(
            name="unbar",
            label=_("Allow it again"),
            run=lambda request, replay, data: bar_replay(
                actor=request.user, replay_id=replay.pk, is_barred=False, reason=data["reason"], now=utc_now()
            ),
            states=frozenset({True}),
            field="is_barred",
        ),
        Move(
            name="remake",
            label=_("Try the file again"),
            run=lambda request, replay, data: remake_by_operator(
                actor=request.user, replay_id=replay.pk, reason=data["reason"], now=utc_now()
            ),
            states=frozenset({""}),
            field="master_sha256",
        ),
    )
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


@admin.register(MediaKey)
class MediaKeyAdmin(BaseAdmin):
    """With which key a picture is sent; only its hash is kept."""

    noun, title = _("media key"), _("Media keys")
    hidden_fields = ("digest",)
    list_display = [
        related("session", _("live session")),
        "hint",
        related("created_by", _("person")),
        "created_at",
        "revoked_at",
    ]
    list_select_related = ["session", "created_by"]
    search_fields = ["session__title", "=hint"]
    moves = (
        Move(
            name="revoke",
            label=_("Revoke the key"),
            run=lambda request, key, data: revoke_by_operator(
                actor=request.user, key_id=key.pk, reason=data["reason"], now=utc_now()
            ),
            states=frozenset({None}),
            field="revoked_at",
            is_dangerous=True,
        ),
    )
    date_hierarchy = "created_at"
    ordering = ["-pk"]


@admin.register(Clip)
class ClipAdmin(BaseAdmin):
    """Pieces cut from replays."""

    noun, title = _("clip"), _("Clips")
    list_display = [
        "title",
        related("replay", _("replay")),
        state({"processing": "warning", "ready": "success", "failed": "danger"}),
        "starts_ms",
        "ends_ms",
        "created_at",
    ]
    list_filter = ["status"]
    list_select_related = ["replay__session"]
    search_fields = ["title", "replay__session__title"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]
