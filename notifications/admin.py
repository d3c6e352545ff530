"""Was the person told? For operators, channel by channel."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin_base import BaseAdmin, Move, OptionalReasonForm, ReadOnlyInline
from common.admin_links import Link, object_link, related, state
from common.clock import utc_now
from notifications.models import Notification, NotificationDelivery
from notifications.services.resending import resend
from notifications.statuses import DeliveryStatus

COLORS = {"queued": "warning", "sent": "info", "delivered": "success", "failed": "danger"}


class DeliveryInline(ReadOnlyInline):
    """The fate on each channel."""

    model = NotificationDelivery
    fields = readonly_fields = ["channel", "status", "attempts", "error", "sent_at"]


@admin.register(Notification)
class NotificationAdmin(BaseAdmin):
    """What was told to whom."""

    noun, title = _("notification"), _("What was told")
    list_display = ["title", "kind", related("contact", _("contact")), "created_at", "read_at"]
    list_filter = ["kind"]
    list_select_related = ["contact"]
    search_fields = ["=contact__phone", "contact__name", "title", "body", "=dedupe_key"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]
    inlines = [DeliveryInline]

    def links(self, notification: Notification) -> list[Link | None]:
        """Return the contact."""
        return [object_link(notification.contact)]


@admin.register(NotificationDelivery)
class NotificationDeliveryAdmin(BaseAdmin):
    """One message on one channel; a failed one can be sent again."""

    noun, title = _("delivery"), _("Deliveries")
    list_display = [
        related("notification", _("notification")),
        related("notification.contact", _("contact")),
        "channel",
        state(COLORS),
        "attempts",
        "error",
        "sent_at",
    ]
    list_filter = ["status", "channel"]
    list_select_related = ["notification__contact"]
    search_fields = ["=notification__contact__phone", "notification__title", "=provider_reference"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]
    moves = (
        Move(
            name="resend",
            label=_("Send again"),
            run=lambda request, delivery, data: resend(
                actor=request.user, delivery_id=delivery.pk, reason=data["reason"], now=utc_now()
            ),
            form=OptionalReasonForm,
            states=frozenset({DeliveryStatus.FAILED}),
            bulk=True,
        ),
    )

    def links(self, delivery: NotificationDelivery) -> list[Link | None]:
        """Return message and contact."""
        return [object_link(delivery.notification), object_link(delivery.notification.contact)]
