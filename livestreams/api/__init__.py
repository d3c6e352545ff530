"""The live part of the REST contract (api.md), a module a part."""

from livestreams.api import room, rundown, sessions, takes

__all__ = ["room", "rundown", "sessions", "takes"]
