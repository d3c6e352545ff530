"""People."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People: sign-in, addresses, contacts."""

    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
