"""What every payment provider can do, in our words. No adapter touches the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol

ProviderState = Literal["pending", "paid", "failed", "closed", "unknown"]
RefundState = Literal["in_transit", "refunded", "failed"]


@dataclass(frozen=True)
class Wish:
    """A payment to be made ready: amount in fen of `currency`; the provider closes it at `expires_at`.

    `method` is one of payments.statuses.PayMethod; `payer` is who pays in the provider's words (the openid
    of jsapi), `client_ip` the buyer's address (h5 wants it).
    """

    reference: str
    amount_fen: int
    currency: str
    subject: str
    expires_at: datetime
    return_url: str
    method: str = "redirect"
    payer: str = ""
    client_ip: str = ""


@dataclass(frozen=True)
class Created:
    """Where to send the buyer.

    `provider_reference` is empty where the provider names a payment only once it is paid. `pay_url` is an
    address, the contents of a QR code, or for jsapi the provider's number of the prepared payment.
    """

    provider_reference: str
    pay_url: str


@dataclass(frozen=True)
class Facts:
    """What the provider says about one payment; only built from what its key has signed."""

    merchant: str
    app: str
    reference: str
    provider_reference: str
    state: ProviderState
    amount_fen: int
    currency: str


@dataclass(frozen=True)
class RefundFacts:
    """What the provider says about one refund."""

    reference: str
    provider_reference: str
    state: RefundState
    amount_fen: int


@dataclass(frozen=True)
class Notice:
    """A verified callback: about a payment (`facts`) or about a refund (`refund`), never both."""

    event_id: str
    facts: Facts | None = None
    refund: RefundFacts | None = None


class Gateway(Protocol):
    """One payment provider. Calls go over the network: never inside a transaction.

    All raise GatewayUnavailable when there is no answer to trust, GatewayRefused when the provider said no.
    Every call may be repeated with the same reference and then has no second effect (PR3).
    """

    name: str
    merchant: str
    app: str

    def create(self, wish: Wish) -> Created:
        """Make a payment ready at the provider."""

    def query(self, reference: str) -> Facts:
        """Ask how a payment stands; state "unknown" when the provider has never heard of it."""

    def close(self, reference: str) -> Facts:
        """Make sure no money can come any more; return the final facts: closed, failed, unknown or paid."""

    def refund(
        self, *, reference: str, refund_reference: str, amount_fen: int, total_fen: int, reason: str
    ) -> RefundFacts:
        """Send `amount_fen` of a payment over `total_fen` back."""

    def parse_callback(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Verify a callback with the pinned key and read it; BadSignature, BadCallback."""


class Billing(Protocol):
    """A gateway whose provider makes a bill for each day (payments.gateways.bills says which kinds)."""

    merchant: str

    def fetch_bill(self, kind: str, day: date) -> bytes:
        """Return the file of a day, packed as it comes; NoBill when there is none (yet)."""
