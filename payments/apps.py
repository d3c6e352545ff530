from django.apps import AppConfig
from django.conf import settings
from django.core.checks import register
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = _("Payments")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Adapters import the settings, which are not there yet when this module is read.
        from payments import checks  # noqa: PLC0415

        if settings.IS_PRODUCTION:
            problems = checks.find_problems()
            if problems:
                raise ImproperlyConfigured(" ".join(words for _code, words in problems))
        register(checks.check_gateways, "payments")
        register(checks.check_collection_mode, "payments", deploy=True)
