"""The operators' app."""

from django.apps import AppConfig


class BackofficeConfig(AppConfig):
    """Pages that join several apps for operators."""

    name = "backoffice"
    default_auto_field = "django.db.models.BigAutoField"
