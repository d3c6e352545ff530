"""Sessions, deals, rooms, recordings and replays, for operators."""

from livestreams.admin import deals, media, room, sessions

__all__ = ["deals", "media", "room", "sessions"]
