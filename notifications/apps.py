"""Telling."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    """What was told to whom."""

    name = "notifications"
    verbose_name = _("Inbox")
    default_auto_field = "django.db.models.BigAutoField"
