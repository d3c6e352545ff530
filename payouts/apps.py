"""The payouts app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PayoutsConfig(AppConfig):
    """Settlement periods, statements, payouts."""

    name = "payouts"
    verbose_name = _("Payouts")
    default_auto_field = "django.db.models.BigAutoField"
