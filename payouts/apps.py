"""The payouts app."""

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import register
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _


class PayoutsConfig(AppConfig):
    """Settlement periods, statements, payouts."""

    name = "payouts"
    verbose_name = _("Payouts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Look at the ways out: production does not start with one that is half configured."""
        # The ways import the settings, which are not there yet when this module is read.
        from payouts import checks  # noqa: PLC0415

        if settings.IS_PRODUCTION:
            problems = checks.find_problems()
            if problems:
                raise ImproperlyConfigured(" ".join(words for _code, words in problems))
        register(checks.check_ways, "payouts")
