"""What must be right before money is taken; production does not start without it (rules.md 14)."""

from typing import Any

from django.conf import settings
from django.core.checks import Error

from common.clock import utc_now
from orders.statuses import CollectionMode
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
    if settings.COLLECTION_MODE and settings.COLLECTION_MODE not in CollectionMode.values:
        found.append(
            ("payments.E006", f"COLLECTION_MODE must be one of {', '.join(CollectionMode.values)}, or empty.")
        )
    if settings.IS_PRODUCTION and not settings.PAYMENT_CALLBACK_BASE_URL.startswith("https://"):
        found.append(
            ("payments.E004", "PAYMENT_CALLBACK_BASE_URL must be https: providers call nothing else.")
        )
    return found


def check_gateways(**_options: Any) -> list[Error]:
    """Tell `manage.py check` about half-configured gateways."""
    return [Error(words, id=code) for code, words in find_problems()]


def check_collection_mode(**_options: Any) -> list[Error]:
    """Tell `manage.py check --deploy` that nobody has said by which right money is taken."""
    takes_money = any(name != CASH for name in settings.PAYMENT_GATEWAYS)
    if not takes_money or settings.COLLECTION_MODE in CollectionMode.values:
        return []
    words = (
        "COLLECTION_MODE is not set: the goods of several shops cannot be paid together in production. "
        f"Set the one that you have the right to: {', '.join(CollectionMode.values)}."
    )
    return [Error(words, id="payments.E005")]
