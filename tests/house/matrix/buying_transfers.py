"""Doors of providers that report transfers: no sign-in opens them, only a signature does."""

from tests.house.roles import row

ROWS = [
    # Unsigned, whoever sends it; without the provider's keys it cannot even be looked at.
    row("POST", "api/v1/payouts/callbacks/alipay/", 503),
    row("POST", "api/v1/payouts/callbacks/wechatpay/", 503),
]
