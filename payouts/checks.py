"""What must be right before payouts leave; production does not start without it (rules.md 14)."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as Caution

from common.clock import utc_now
from payments.gateways.config import problems_of
from payouts.sealing import read_keys
from payouts.statuses import PayoutMethod
from payouts.transfers import WAYS
from payouts.transfers.wechatpay import REPORTS, scene_of

# Whose keys a way is called with.
PROVIDERS = {PayoutMethod.ALIPAY: "alipay", PayoutMethod.WECHAT: "wechatpay"}


def find_problems() -> list[tuple[str, str]]:
    """Return (code, words) of everything that is wrong with the ways that are switched on."""
    found = [
        ("payouts.E001", f"PAYOUT_WAYS names {way!r}: it can hold {', '.join(sorted(WAYS))}.")
        for way in settings.PAYOUT_WAYS
        if way not in WAYS
    ]
    for way, provider in PROVIDERS.items():
        if way in settings.PAYOUT_WAYS:
            problems = problems_of(
                provider, settings.PROVIDER_ENVIRONMENT, is_production=settings.IS_PRODUCTION, now=utc_now()
            )
            found += [("payouts.E002", f"PAYOUT_WAYS names {way.value!r}: {problem}") for problem in problems]
    if PayoutMethod.WECHAT in settings.PAYOUT_WAYS and scene_of(settings.PROVIDER_ENVIRONMENT) not in REPORTS:
        known = ", ".join(sorted(REPORTS))
        found.append(("payouts.E003", f"WECHATPAY_TRANSFER_SCENE must be one of {known}."))
    found += _key_problems()
    online = any(way in settings.PAYOUT_WAYS for way in PROVIDERS)
    if online and settings.IS_PRODUCTION and not settings.PAYMENT_CALLBACK_BASE_URL.startswith("https://"):
        found.append(
            ("payouts.E004", "PAYMENT_CALLBACK_BASE_URL must be https: providers report transfers there.")
        )
    return found


def _key_problems() -> list[tuple[str, str]]:
    if not settings.PAYOUT_ACCOUNT_KEYS:
        return [
            (
                "payouts.E005",
                "PAYOUT_ACCOUNT_KEYS is missing: the first of them seals account numbers.",
            )
        ]
    try:
        read_keys(settings.PAYOUT_ACCOUNT_KEYS)
    except ValueError as problem:  # whose text names no key
        return [("payouts.E006", f"PAYOUT_ACCOUNT_KEYS must be 32 bytes in Base64 each: {problem}.")]
    return []


def check_ways(**_options: Any) -> list[CheckMessage]:
    """Tell `manage.py check` about ways out that are half configured, or that there is none."""
    found: list[CheckMessage] = [Error(words, id=code) for code, words in find_problems()]
    if not settings.PAYOUT_WAYS:
        found.append(Caution("PAYOUT_WAYS is empty: no payout can leave in a run.", id="payouts.W001"))
    return found
