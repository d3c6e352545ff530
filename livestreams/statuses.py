"""States of sessions, takes, chat and replays, and the moves between them (domain.md)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class SessionStatus(TextChoices):
    """Life of a live session."""

    DRAFT = "draft", _("draft")  # only the host sees it
    SCHEDULED = "scheduled", _("scheduled")  # announced
    LIVE = "live", _("live")  # picture and room are on
    INTERRUPTED = "interrupted", _("interrupted")  # the picture is lost, the room and the shop go on
    ENDED = "ended", _("ended")  # over; the replay stays
    CANCELLED = "cancelled", _("cancelled")


SESSION_MOVES = {
    SessionStatus.DRAFT: frozenset({SessionStatus.SCHEDULED, SessionStatus.CANCELLED}),
    SessionStatus.SCHEDULED: frozenset({SessionStatus.LIVE, SessionStatus.CANCELLED}),
    SessionStatus.LIVE: frozenset({SessionStatus.INTERRUPTED, SessionStatus.ENDED}),
    SessionStatus.INTERRUPTED: frozenset({SessionStatus.LIVE, SessionStatus.ENDED}),
}
ON_AIR = frozenset({SessionStatus.LIVE, SessionStatus.INTERRUPTED})
PUBLIC = frozenset(
    {SessionStatus.SCHEDULED, SessionStatus.LIVE, SessionStatus.INTERRUPTED, SessionStatus.ENDED}
)


class TakeStatus(TextChoices):
    """A take is one unbroken recording."""

    RECEIVING = "receiving", _("receiving")
    CLOSED = "closed", _("closed")


class MessageStatus(TextChoices):
    """A chat message is hidden, not deleted: it is evidence."""

    VISIBLE = "visible", _("visible")
    HELD = "held", _("held")
    HIDDEN = "hidden", _("hidden")


class ModerationKind(TextChoices):
    """What a moderator did."""

    HIDE = "hide", _("hid a message")
    MUTE = "mute", _("muted")
    UNMUTE = "unmute", _("unmuted")
    BAN = "ban", _("banned")


class ReplayStatus(TextChoices):
    """What stays afterwards."""

    PROCESSING = "processing", _("being prepared")
    READY = "ready", _("ready")
    FAILED = "failed", _("failed")
    HIDDEN = "hidden", _("hidden")
