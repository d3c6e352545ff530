"""Private talk for operators: evidence, and what was reported."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin_base import BaseAdmin
from common.admin_links import Link, object_link, related
from orders.models import Conversation, MessageReport, PrivateMessage


@admin.register(Conversation)
class ConversationAdmin(BaseAdmin):
    """Who talks with which shop."""

    noun, title = _("private talk"), _("Private talks")
    list_display = ["id", related("buyer", _("buyer")), related("shop", _("shop")), "last_message_at"]
    list_select_related = ["buyer", "shop"]
    search_fields = ["=buyer__phone", "shop__name"]
    ordering = ["-pk"]


@admin.register(PrivateMessage)
class PrivateMessageAdmin(BaseAdmin):
    """What was said; nothing of it can be changed."""

    noun, title = _("private message"), _("Private messages")
    list_display = ["id", related("conversation", _("private talk")), "side", "created_at"]
    list_filter = ["side"]
    list_select_related = ["conversation"]
    search_fields = ["=order__number", "=conversation__buyer__phone"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]


@admin.register(MessageReport)
class MessageReportAdmin(BaseAdmin):
    """Messages that somebody asked us to look at."""

    noun, title = _("reported message"), _("Reported messages")
    list_display = ["id", related("message", _("private message")), "reason", "created_at"]
    list_select_related = ["message"]
    search_fields = ["reason"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]

    def links(self, report: MessageReport) -> list[Link | None]:
        """Return the message and the talk it stands in."""
        return [object_link(report.message), object_link(report.message.conversation)]
