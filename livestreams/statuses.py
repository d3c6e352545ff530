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


class EndReason(TextChoices):
    """Why the market itself ended a show; an operator's reason is free text, a host needs none."""

    PICTURE_LOST = "picture_lost", _("The picture stayed away for too long.")


class ReminderWord(TextChoices):
    """What people who asked to be reminded are told."""

    SOON = "soon", _("begins soon")
    LIVE = "live", _("has begun")
    MOVED = "moved", _("has another time")
    CANCELLED = "cancelled", _("was called off")


class TakeStatus(TextChoices):
    """A take is one unbroken recording."""

    RECEIVING = "receiving", _("receiving")
    CLOSED = "closed", _("closed")


class TakeKind(TextChoices):
    """What sends a recording."""

    BROWSER = "browser", _("browser")  # numbered chunks of a recorder
    RTMP = "rtmp", _("RTMP")  # OBS or a streaming app


class SeriesFrequency(TextChoices):
    """How often a show comes back."""

    DAILY = "daily", _("every day")
    WEEKLY = "weekly", _("every week")
    FORTNIGHTLY = "fortnightly", _("every two weeks")


class DealStatus(TextChoices):
    """Life of a flash deal, on the server's clock."""

    SCHEDULED = "scheduled", _("planned")  # no units are set aside yet
    COUNTDOWN = "countdown", _("about to start")  # units are set aside, nobody can buy yet
    ACTIVE = "active", _("on sale")
    SOLD_OUT = "sold_out", _("sold out")  # becomes active again when an unpaid order gives units back
    ENDED = "ended", _("ended")  # what was not sold is back with the variant


DEAL_MOVES = {
    DealStatus.SCHEDULED: frozenset({DealStatus.COUNTDOWN, DealStatus.ACTIVE, DealStatus.ENDED}),
    DealStatus.COUNTDOWN: frozenset({DealStatus.ACTIVE, DealStatus.ENDED}),
    DealStatus.ACTIVE: frozenset({DealStatus.SOLD_OUT, DealStatus.ENDED}),
    DealStatus.SOLD_OUT: frozenset({DealStatus.ACTIVE, DealStatus.ENDED}),
}
DEAL_OPEN = frozenset({DealStatus.COUNTDOWN, DealStatus.ACTIVE, DealStatus.SOLD_OUT})


class MessageKind(TextChoices):
    """Who or what speaks. All but SAID are lines of the market, worded in the reader's language."""

    SAID = "said", _("said")  # a person wrote it
    SALE = "sale", _("sale")  # params: buyer (masked), title, quantity
    DEAL = "deal", _("deal")  # params: title, price_fen, quantity, event (started, sold_out, ended)
    GIFT = "gift", _("gift")  # params: giver (masked), name, quantity, icon, event (given)
    NOTICE = "notice", _("notice")  # params: event


class GiftStatus(TextChoices):
    """Life of a gift: nobody sees it before it is paid."""

    PENDING = "pending", _("waiting to be paid")
    PAID = "paid", _("given")
    EXPIRED = "expired", _("not paid in time")
    RETURNING = "returning", _("on its way back")  # the host has it no more, the giver has the money not yet
    RETURNED = "returned", _("given back")


GIFT_MOVES = {
    GiftStatus.PENDING: frozenset({GiftStatus.PAID, GiftStatus.EXPIRED}),
    GiftStatus.PAID: frozenset({GiftStatus.RETURNING}),
    GiftStatus.RETURNING: frozenset({GiftStatus.RETURNED}),
}


class GiftIcon(TextChoices):
    """How a gift looks: a sign of static/img/icons.svg."""

    HEART = "heart", _("heart")
    STAR = "star", _("star")
    LEAF = "leaf", _("leaf")
    MOUNTAIN = "mountain", _("mountain")
    GIFT = "gift", _("parcel with a ribbon")


class MessageStatus(TextChoices):
    """A chat message is hidden, not deleted: it is evidence."""

    VISIBLE = "visible", _("visible")
    HELD = "held", _("held")
    HIDDEN = "hidden", _("hidden")


class ModerationKind(TextChoices):
    """What a moderator did."""

    HIDE = "hide", _("hid a message")
    SHOW = "show", _("showed a held message")
    MUTE = "mute", _("muted")
    UNMUTE = "unmute", _("unmuted")
    BAN = "ban", _("banned")
    UNBAN = "unban", _("let back in")
    SLOW = "slow", _("changed the pace of the chat")
    APPOINT = "appoint", _("made a moderator")
    DISMISS = "dismiss", _("no longer a moderator")


class HeldReason(TextChoices):
    """Why a line waits for a moderator."""

    WORD = "word", _("a blocked word")
    LINK = "link", _("a link")
    PHONE = "phone", _("a telephone number")
    ACCOUNT = "account", _("an account elsewhere")


class WordReaction(TextChoices):
    """What happens to a line with a blocked word."""

    HOLD = "hold", _("hold for a moderator")
    REFUSE = "refuse", _("refuse")


class ReplayStatus(TextChoices):
    """What stays afterwards."""

    PROCESSING = "processing", _("being prepared")
    READY = "ready", _("ready")
    FAILED = "failed", _("failed")
    HIDDEN = "hidden", _("hidden")


class ClipStatus(TextChoices):
    """A short piece of a replay."""

    PROCESSING = "processing", _("being prepared")
    READY = "ready", _("ready")
    FAILED = "failed", _("failed")


class ReplayProblem(TextChoices):
    """Why a replay, its file or a clip could not be made, in words for the host."""

    NO_PICTURE = "no picture arrived", _("No picture arrived from the host, so there is nothing to show.")
    UNPLAYABLE = "unplayable", _("The recording is damaged and cannot be played.")
    PIECE_MISSING = "piece missing", _("A piece of the recording is missing on the disk. Tell the operator.")
    NO_ROOM = "disk full", _("The disk is full. Nothing was lost; it is tried again when there is room.")
    TOO_SLOW = "too slow", _("It took too long just now. Nothing was lost; it is tried again.")
    BROKEN = "broken", _("Something went wrong here. Nothing was lost; it is tried again.")
