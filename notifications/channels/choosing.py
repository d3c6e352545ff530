"""Which door a channel goes through; settings name the provider."""

from django.conf import settings

from notifications.channels.base import ChannelDoor
from notifications.channels.email import EmailChannel
from notifications.channels.inbox import InboxChannel
from notifications.channels.sms import ConsoleSmsChannel, NoSmsChannel
from notifications.statuses import Channel

SMS_PROVIDERS: dict[str, type] = {"console": ConsoleSmsChannel, "": NoSmsChannel}


def door_of(channel: str) -> ChannelDoor:
    """Return the door of a channel; KeyError for a provider that nobody wrote."""
    if channel == Channel.SMS:
        return SMS_PROVIDERS[settings.SMS_CHANNEL]()
    return {Channel.INBOX: InboxChannel, Channel.EMAIL: EmailChannel}[Channel(channel)]()
