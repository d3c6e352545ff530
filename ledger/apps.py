"""The ledger app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LedgerConfig(AppConfig):
    """Double-entry book."""

    name = "ledger"
    verbose_name = _("The book")
    default_auto_field = "django.db.models.BigAutoField"
