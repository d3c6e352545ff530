"""The live part of the REST contract (api.md), a module a part."""

from livestreams.api import keys, moderation, room, rundown, sessions, takes

__all__ = ["keys", "moderation", "room", "rundown", "sessions", "takes"]
