"""E-mail through Django's mail backend: the console in a demo, SMTP in production."""

from smtplib import SMTPException, SMTPRecipientsRefused

from django.core.mail import EmailMessage

from notifications.channels.base import ChannelError, Message, Receipt, UndeliverableError
from notifications.statuses import DeliveryStatus


class EmailChannel:
    """Plain text mail; `Message-ID` carries the key, so that a repetition is seen as one mail."""

    def send(self, message: Message) -> Receipt:
        """Hand the mail to the mail server."""
        text = "\n\n".join(part for part in (message.body, message.url) if part)
        mail = EmailMessage(
            subject=" ".join(message.title.split()),
            body=text,
            to=[message.to],
            headers={"Message-ID": f"<{message.key}@village-market>"} if message.key else None,
        )
        try:
            mail.send()
        except SMTPRecipientsRefused as error:
            raise UndeliverableError("the mail server refused the address") from error
        except (SMTPException, OSError) as error:
            raise ChannelError(f"the mail server did not take it: {type(error).__name__}") from error
        return Receipt(status=DeliveryStatus.SENT)
