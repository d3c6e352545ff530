"""What must be right before money is taken; production does not start without it (rules.md 14)."""

from typing import Any

from django.conf import settings
from django.core.checks import Error

from common.clock import utc_now
from payments.gateways import ADAPTERS
from payments.gateways.config import problems_of
from payments.offers import CASH

WITH_SETTINGS = ("alipay", "wechatpay")


def find_problems() -> list[tuple[str, str]]:
    """Return (code, words) of everything that is wrong with the gateways that are named."""
    named = [*settings.PAYMENT_GATEWAYS, *settings.PAYMENT_GATEWAYS_RETIRED]
    found = [
        ("payments.E001", f"PAYMENT_GATEWAYS names {name!r}, which is not built in.")
        for name in named
        if name not in ADAPTERS and name != CASH
    ]
    if settings.IS_PRODUCTION and "sandbox" in named:
        found.append(("payments.E002", "The sandbox takes no real money and is for demos only."))
    for name in WITH_SETTINGS:
        if name in named:
            problems = problems_of(
                name, settings.PROVIDER_ENVIRONMENT, is_production=settings.IS_PRODUCTION, now=utc_now()
            )
            found += [("payments.E003", problem) for problem in problems]
    if settings.IS_PRODUCTION and not settings.PAYMENT_CALLBACK_BASE_URL.startswith("https://"):
        found.append(
            ("payments.E004", "PAYMENT_CALLBACK_BASE_URL must be https: providers call nothing else.")
        )
    return found


def check_gateways(**_options: Any) -> list[Error]:
    """Tell `manage.py check` about half-configured gateways."""
    return [Error(words, id=code) for code, words in find_problems()]
