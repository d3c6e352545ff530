"""States of a delivery, and the channels."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class DeliveryStatus(TextChoices):
    """Was the person told through this channel?"""

    QUEUED = "queued", _("queued")
    SENT = "sent", _("sent")
    DELIVERED = "delivered", _("delivered")
    FAILED = "failed", _("failed")


class Channel(TextChoices):
    """How a person is told."""

    INBOX = "inbox", _("inbox")
    EMAIL = "email", _("e-mail")
    SMS = "sms", _("SMS")
