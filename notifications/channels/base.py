"""What every channel can do; one module per way of telling."""

from dataclasses import dataclass
from typing import Protocol

from notifications.statuses import DeliveryStatus


class ChannelError(Exception):
    """The provider could not take the message now; it will be tried again."""


class UndeliverableError(ChannelError):
    """The provider will never take this message: no such number, no such mailbox."""


@dataclass(frozen=True)
class Message:
    """One message to one person; texts are in their language, `url` is absolute or empty."""

    to: str
    title: str
    body: str
    url: str = ""
    key: str = ""


@dataclass(frozen=True)
class Receipt:
    """What the provider answered: its reference, and whether the message has already arrived."""

    status: DeliveryStatus
    reference: str = ""


class ChannelDoor(Protocol):
    """A way to tell somebody something. `key` lets a provider drop a message that it has seen."""

    def send(self, message: Message) -> Receipt:
        """Send; ChannelError to be tried again, UndeliverableError to give up."""
        ...
