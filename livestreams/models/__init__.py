"""Live sessions, rundown and pins, broadcast and takes, chat, replay."""

from livestreams.models.broadcast import Broadcast, Chapter, Replay, Take
from livestreams.models.room import ChatMessage, ModerationAction
from livestreams.models.sessions import LiveSession, PinEvent, RundownItem

__all__ = [
    "Broadcast",
    "Chapter",
    "ChatMessage",
    "LiveSession",
    "ModerationAction",
    "PinEvent",
    "Replay",
    "RundownItem",
    "Take",
]
