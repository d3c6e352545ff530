"""Telling."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """What was told to whom."""

    name = "notifications"
    default_auto_field = "django.db.models.BigAutoField"
