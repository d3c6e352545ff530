"""The sandbox provider as it would have answered in the days before the market's first start.

The provider is a server of its own and has not run yet, and it takes no money for what has expired.
While the seeding runs, this adapter stands in its place; afterwards the provider is told what it missed.
"""

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings

from payments import gateways
from payments.errors import GatewayRefused, GatewayUnavailable
from payments.gateways.base import Created, Facts, Notice, RefundFacts, Wish
from payments.gateways.sandbox import APP

NAME = "sandbox"


@dataclass
class PlayedProvider:
    """See payments.gateways.base.Gateway; every payment is paid as soon as it is asked about."""

    name: str = NAME
    merchant: str = settings.SANDBOX_MERCHANT_ID
    app: str = APP
    wishes: dict[str, tuple[str, Wish]] = field(default_factory=dict)

    def create(self, wish: Wish) -> Created:
        """Take a payment down."""
        number = f"pay_{secrets.token_urlsafe(18)}"
        self.wishes[wish.reference] = (number, wish)
        return Created(provider_reference=number, pay_url=f"{settings.SANDBOX_PUBLIC_PAY_PATH}/{number}")

    def query(self, reference: str) -> Facts:
        """Say that the buyer has paid."""
        if reference not in self.wishes:
            raise GatewayUnavailable("the seeding made no payment of this reference")
        number, wish = self.wishes[reference]
        return Facts(self.merchant, self.app, reference, number, "paid", wish.amount_fen, wish.currency)

    def close(self, reference: str) -> Facts:
        """Refuse: the seeding closes nothing that is paid."""
        raise GatewayRefused("paid")

    def refund(self, *, reference: str, refund_reference: str, amount_fen: int, reason: str) -> RefundFacts:
        """Send the money back."""
        return RefundFacts(refund_reference, f"ref_{secrets.token_urlsafe(18)}", "refunded", amount_fen)

    def parse_callback(self, *, headers, body: bytes, now: datetime) -> Notice:
        """Refuse: nobody calls back while the seeding runs."""
        raise GatewayUnavailable("no callbacks while the seeding runs")


@contextlib.contextmanager
def played_provider() -> Iterator[PlayedProvider]:
    """Let this process's payments go to a played provider inside the block."""
    real = gateways.ADAPTERS[NAME]
    played = PlayedProvider()
    gateways.ADAPTERS[NAME] = lambda: played
    try:
        yield played
    finally:
        gateways.ADAPTERS[NAME] = real
