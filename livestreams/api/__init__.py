"""The live part of the REST contract (api.md), a module a part."""

from livestreams.api import keys, room, rundown, sessions, takes

__all__ = ["keys", "room", "rundown", "sessions", "takes"]
