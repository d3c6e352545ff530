"""Shared habits."""

from django.apps import AppConfig


class CommonConfig(AppConfig):
    """Outbox, idempotency, audit, money; no domain words."""

    name = "common"
    default_auto_field = "django.db.models.BigAutoField"
