"""The sandbox provider as it would have answered in the days before the market's first start.

The provider is a server of its own and has not run yet, and it takes no money for what has expired.
While the seeding runs, this adapter stands in its place; afterwards the provider is told what it missed.
"""

import contextlib
import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings

from payments import gateways
from payments.errors import GatewayRefused, GatewayUnavailable
from payments.gateways.base import Created, Facts, Notice, RefundFacts, Wish
from payments.gateways.sandbox import APP
from payments.models import Payment, Refund
from payments.statuses import PaymentStatus, RefundStatus

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

    def refund(
        self, *, reference: str, refund_reference: str, amount_fen: int, total_fen: int, reason: str
    ) -> RefundFacts:
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


class ProviderError(RuntimeError):
    """The provider did not take its history; the text says why."""


def tell_provider() -> int:
    """Have the provider take down what was paid before it ran, so that it can send it back; repeatable.

    Returns how many payments it was told of.
    """
    paid = Payment.objects.filter(gateway=NAME, status=PaymentStatus.SUCCEEDED).order_by("pk")
    lines = [json.dumps(_history_of(payment)) for payment in paid]
    done = subprocess.run(
        [
            sys.executable, "-m", "sandboxgateway", "remember",
            f"--data={settings.VAR_DIR / 'sandboxgateway'}",
            f"--merchant-keys={settings.SANDBOX_KEYS_DIR}",
            f"--merchant={settings.SANDBOX_MERCHANT_ID}",
        ],
        cwd=settings.BASE_DIR,
        input="\n".join(lines),
        capture_output=True,
        text=True,
    )  # fmt: skip
    if done.returncode:
        raise ProviderError(done.stderr.strip()[-300:])
    return len(lines)


def _history_of(payment: Payment) -> dict:
    return {
        "provider_reference": payment.provider_reference,
        "reference": payment.reference,
        "amount_fen": payment.amount_fen,
        "app": APP,
        "paid_at": payment.succeeded_at.isoformat(),
        "refunds": [_refund(refund) for refund in payment.refunds.filter(status=RefundStatus.SUCCEEDED)],
    }


def _refund(refund: Refund) -> dict:
    return {
        "provider_reference": refund.provider_reference,
        "reference": refund.reference,
        "amount_fen": refund.amount_fen,
        "reason": refund.reason,
    }
