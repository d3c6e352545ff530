"""The live part of the REST contract (api.md), a module a part."""

from livestreams.api import (
    deals,
    gifts,
    keys,
    moderation,
    replays,
    room,
    rundown,
    sessions,
    takes,
)

__all__ = [
    "deals",
    "gifts",
    "keys",
    "moderation",
    "replays",
    "room",
    "rundown",
    "sessions",
    "takes",
]
