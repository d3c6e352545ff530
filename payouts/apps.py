"""The payouts app."""

from django.apps import AppConfig


class PayoutsConfig(AppConfig):
    """Settlement periods, statements, payouts."""

    name = "payouts"
    default_auto_field = "django.db.models.BigAutoField"
