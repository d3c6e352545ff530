"""The ledger app."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """Double-entry book."""

    name = "ledger"
    default_auto_field = "django.db.models.BigAutoField"
