"""States of a delivery and their moves, the channels, and which kinds also go by SMS."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class DeliveryStatus(TextChoices):
    """Was the person told through this channel?"""

    QUEUED = "queued", _("queued")
    SENT = "sent", _("sent")
    DELIVERED = "delivered", _("delivered")
    FAILED = "failed", _("failed")


DELIVERY_MOVES = {
    DeliveryStatus.QUEUED: frozenset({DeliveryStatus.SENT, DeliveryStatus.DELIVERED, DeliveryStatus.FAILED}),
    DeliveryStatus.SENT: frozenset({DeliveryStatus.DELIVERED, DeliveryStatus.FAILED}),
    DeliveryStatus.FAILED: frozenset({DeliveryStatus.QUEUED}),
}

TOLD = frozenset({DeliveryStatus.SENT, DeliveryStatus.DELIVERED})


class Channel(TextChoices):
    """How a person is told."""

    INBOX = "inbox", _("inbox")
    EMAIL = "email", _("e-mail")
    SMS = "sms", _("SMS")


# People with an account look into their inbox; an SMS costs money and is for what cannot wait.
IMPORTANT_KINDS = frozenset(
    {
        "payout_paid",
        "payout_returned",
        "payout_to_take",
        "payout_not_taken",
        "payout_account_changed",
        "refund_succeeded",
        "order_shipped",
        "order_cancelled",
        "live_starting",
        "recall",
    }
)
