"""What a connection was allowed. Who may have it is not known here: the site injects that."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grant:
    """A room that may be read, and the channel that is the reader's own, if any.

    `ticket` is whatever the site needs to find out later whether this still holds.
    """

    room: str
    own: str | None = None
    ticket: tuple = ()


# Given an ASGI scope and the name of a room: the grant, or None for "not there".
Authorise = Callable[[dict, str], Awaitable[Grant | None]]
# Given many grants at once: those that no longer hold.
Recheck = Callable[[Collection[Grant]], Awaitable[set[Grant]]]
