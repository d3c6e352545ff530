"""SMS. In a demo the console channel plays the provider: nothing leaves the machine."""

import fcntl
import logging
import os
from datetime import UTC, datetime

from django.conf import settings

from common.masking import mask_phone
from notifications.channels.base import ChannelError, Message, Receipt
from notifications.statuses import DeliveryStatus

logger = logging.getLogger(__name__)


class ConsoleSmsChannel:
    """Appends one line a message to var/log/sms.log; in demo mode the text is in the server's log, too."""

    def send(self, message: Message) -> Receipt:
        """Write the line; ChannelError where the disk refuses it, and in production."""
        if settings.IS_PRODUCTION:
            raise ChannelError("the console plays the SMS provider in demos only (SMS_CHANNEL)")
        text = " ".join(" ".join(part for part in (message.title, message.body) if part).split())
        path = settings.VAR_DIR / "log" / "sms.log"
        line = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\t{message.to}\t{text}\n"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # The demo's phones: only the person who runs the demo may read them.
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with open(descriptor, "a", encoding="utf-8") as log:
                fcntl.flock(log, fcntl.LOCK_EX)
                log.write(line)
        except OSError as error:
            raise ChannelError(f"the SMS log cannot be written: {error.strerror}") from error
        if settings.MARKET_MODE == "demo":
            logger.info("SMS to %s: %s", message.to, text)
        else:
            logger.info("SMS to %s, %d characters", mask_phone(message.to), len(text))
        return Receipt(status=DeliveryStatus.SENT)


class NoSmsChannel:
    """No provider is set up: production says so on the delivery instead of losing the message."""

    def send(self, message: Message) -> Receipt:
        """Refuse until SMS_CHANNEL names a provider."""
        raise ChannelError("no SMS provider is set up (SMS_CHANNEL)")
