"""Refusals of the live room and of the broadcaster's phone."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from common.errors import MarketError


class BadSource(MarketError):
    """The attribution token is forged, too old, or made for another variant (decisions.md 12)."""

    code = "bad_source"
    status = 400
    message = _("This link from the live room is no longer valid. Open the room again; nothing was bought.")


class ReplayNotReady(MarketError):
    """The picture is still being completed, or there is none."""

    code = "replay_not_ready"
    message = _("The replay is not ready yet. Try again in a minute; nothing was changed.")


class ReplayBarred(MarketError):
    """An operator took the replay down."""

    code = "replay_barred"
    status = 403
    message = _("The market has taken this replay down. Talk to the operator.")


class BelowFloorPrice(MarketError):
    """The live price is lower than the farmer allows."""

    code = "below_floor_price"
    message = _("The farmer does not allow a price this low. Choose a higher one.")


class NotAuthorized(MarketError):
    """The farmer has not granted the shop or the host the right to sell these goods."""

    code = "not_authorized"
    message = _("The farmer has not agreed to have these goods sold by this shop or host.")


class HostNotActive(MarketError):
    """The host has not been admitted, or is suspended."""

    code = "host_not_active"
    status = 403
    message = _("The host has not been approved yet, so this show cannot be held.")


class SessionClash(MarketError):
    """Another show of this host or this shop is planned at that time; `allow_clash` overrules it."""

    code = "session_clash"
    message = _("Another show is planned at this time. Choose another time, or plan it all the same.")


class CommissionTooHigh(MarketError):
    """The host would get more than the farmer agreed to."""

    code = "commission_too_high"
    message = _("The farmer does not agree to so much for the host.")


class RundownChanged(MarketError):
    """Somebody added or took out goods while they were being put in order."""

    code = "rundown_changed"
    message = _("Somebody changed the list meanwhile. Nothing was moved; look at the list again.")


class NotOnAir(MarketError):
    """Only possible while the show is on."""

    code = "not_on_air"
    message = _("The show is not on air.")


class RundownLocked(MarketError):
    """The item was already shown and orders may refer to it."""

    code = "rundown_item_shown"
    message = _("This item was already shown in the room and stays in the list.")


class ChatClosed(MarketError):
    """The room takes no more messages."""

    code = "chat_closed"
    message = _("The show is over; the chat is closed.")


class BlockedWords(MarketError):
    """The line holds a word that this room does not let through; which one is not told."""

    code = "blocked_words"
    message = _("There is a word in it that this room does not allow. Change it and send it again.")


class SlowChat(MarketError):
    """The host slowed the chat down: so many seconds between two lines of a person."""

    code = "slow_chat"
    status = 429

    def __init__(self, seconds_left: int):
        message = ngettext(
            "The chat is in slow mode. You can write again in %(count)d second.",
            "The chat is in slow mode. You can write again in %(count)d seconds.",
            seconds_left,
        ) % {"count": seconds_left}
        super().__init__(message, retry_after=seconds_left)


class StillWaiting(MarketError):
    """Too many lines of this person wait for a moderator."""

    code = "still_waiting"
    status = 429
    message = _("Your last lines still wait for a moderator. Please let them be read first.")


class Muted(MarketError):
    """A muted person loses posting, not viewing. `seconds_left` is None for the whole show."""

    code = "muted"
    status = 403
    message = _("The host has muted you in this room. You can go on watching and buying.")

    def __init__(self, seconds_left: int | None = None):
        if seconds_left is None:
            super().__init__()
            return
        minutes = -(-seconds_left // 60)
        message = ngettext(
            "You are muted in this room for another %(count)d minute. You can go on watching and buying.",
            "You are muted in this room for another %(count)d minutes. You can go on watching and buying.",
            minutes,
        ) % {"count": minutes}
        super().__init__(message, retry_after=seconds_left)


class Banned(MarketError):
    """A banned person loses the room."""

    code = "banned"
    status = 403
    message = _("You were asked to leave this room.")


class OfTheCrew(MarketError):
    """Hosts, members of the shop and moderators cannot be silenced."""

    code = "of_the_crew"
    message = _("This person runs the show and cannot be silenced.")


class UnknownRecording(MarketError):
    """The recording's format is not one that we can show."""

    code = "unsupported_media_type"
    status = 415
    message = _("This phone's recording format cannot be shown. Please use another browser.")


class TooManyTranscodes(MarketError):
    """This browser's recording must be re-encoded, and the machine does that for others already."""

    code = "transcoder_busy"
    message = _(
        "This browser's video must be converted, and the converter is busy. Please use Chrome or Safari."
    )


class DiskFull(MarketError):
    """No room for new pictures; orders go on (decisions.md 20)."""

    code = "disk_full"
    status = 507
    message = _("The market's disk is full, so no new picture can be taken. Orders go on; tell the operator.")


class ChunkGap(MarketError):
    """A piece before this one is missing; `next_seq` is the one we wait for."""

    code = "chunk_gap"
    message = _("A piece of the recording is missing before this one.")

    def __init__(self, next_seq: int):
        self.next_seq = next_seq
        super().__init__()

    def extra(self) -> dict:
        """Return the number we wait for."""
        return {"next": self.next_seq}


class TakeClosed(MarketError):
    """The recording was closed; `reason` is a stable code.

    replaced (a newer device sends), stopped, ended (the show is over), unreadable, revoked, disk_full,
    too_fast, host_not_active.
    """

    code = "take_closed"
    message = _("This recording is closed. Start the picture again.")
    messages = {
        "replaced": _("Another device sends the picture now."),
        "ended": _("The show is over."),
        "unreadable": _("This recording cannot be read. Start the picture again."),
        "host_not_active": _("The host is suspended, so no picture is taken."),
    }

    def __init__(self, reason: str = "stopped"):
        self.reason = reason.replace(" ", "_") or "stopped"
        super().__init__(self.messages.get(self.reason))

    def extra(self) -> dict:
        """Return why, for the phone."""
        return {"reason": self.reason}


class ChunkTooLarge(MarketError):
    """One piece of the recording is over the cap."""

    code = "too_large"
    status = 413
    message = _("This piece of the recording is too large.")


class ChunkEmpty(MarketError):
    """A piece without bytes."""

    code = "invalid"
    status = 400
    message = _("This piece of the recording is empty.")


class SessionOver(MarketError):
    """Ended or called off: there is no picture to send."""

    code = "session_over"
    message = _("The show is over, so no key can be made for it.")


class PublishRefused(MarketError):
    """The key of OBS or an app is wrong or revoked; which of the two is not told."""

    code = "publish_refused"
    status = 403
    message = _("The stream key is not valid. Make a new one on the show's OBS page.")


class TakenOver(MarketError):
    """A newer device sends the picture; a sender that connects again by itself does not win it back."""

    code = "taken_over"
    message = _("Another device sends the picture now. Stop it there first.")


class DealClosed(MarketError):
    """The deal has not begun, was stopped, or is over by the database's clock."""

    code = "deal_closed"
    message = _("This deal is not on right now, so nothing was ordered. The ordinary price still holds.")


class DealRunning(MarketError):
    """Another deal of the same item is on: one at a time."""

    code = "deal_running"
    message = _("A deal for these goods is already on. Stop it first, or choose others.")


class QuotaReached(MarketError):
    """The rundown's quota of the item leaves no room for so many."""

    code = "quota_reached"
    message = _("The list of this show allows fewer of these goods. Take fewer, or raise the amount there.")


class GiftGone(MarketError):
    """The market does not offer this gift (any more)."""

    code = "gift_gone"
    message = _("This gift is no longer offered. Choose another one; nothing was paid.")


class GiftLimit(MarketError):
    """More than one gift, or one person's gifts of a day, may cost."""

    code = "gift_limit"
    message = _("That is more than may be given at once or in a day. Keep something for tomorrow.")


class OwnGift(MarketError):
    """A host gives to their own show."""

    code = "own_gift"
    message = _("This is your own show. Gifts come from those who watch.")
