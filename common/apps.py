"""Shared habits."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CommonConfig(AppConfig):
    """Outbox, idempotency, audit, money; no domain words."""

    name = "common"
    verbose_name = _("House")
    default_auto_field = "django.db.models.BigAutoField"
