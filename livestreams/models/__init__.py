"""Live sessions, rundown, pins and deals; broadcast and takes; chat and gifts; replay and clips."""

from livestreams.models.broadcast import Broadcast, MediaKey, Take
from livestreams.models.deals import FlashDeal
from livestreams.models.gifts import Gift, GiftKind
from livestreams.models.replays import Chapter, Clip, Replay
from livestreams.models.room import BlockedWord, ChatMessage, ModerationAction, QuickReply
from livestreams.models.sessions import (
    Interruption,
    LiveSession,
    PinEvent,
    Reminder,
    RundownItem,
    SessionModerator,
    SessionSeries,
    ViewerSample,
)

__all__ = [
    "BlockedWord",
    "Broadcast",
    "Chapter",
    "ChatMessage",
    "Clip",
    "FlashDeal",
    "Gift",
    "GiftKind",
    "Interruption",
    "LiveSession",
    "MediaKey",
    "ModerationAction",
    "PinEvent",
    "QuickReply",
    "Reminder",
    "Replay",
    "RundownItem",
    "SessionModerator",
    "SessionSeries",
    "Take",
    "ViewerSample",
]
