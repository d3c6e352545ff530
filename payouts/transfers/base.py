"""What every way out of a run can do, in our words. No way touches the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

TransferState = Literal["unknown", "in_transit", "paid", "failed", "returned"]


@dataclass(frozen=True)
class Wish:
    """Money to be sent: fen, CNY. `reference` is our number; asked again with it, nothing is sent twice.

    `detail` is the card, the Alipay name or the openid; `remark` is what the payee reads.
    """

    reference: str
    amount_fen: int
    holder: str
    detail: str
    remark: str
    bank_name: str = ""
    bank_code: str = ""


@dataclass(frozen=True)
class Facts:
    """What a provider's key has signed about one transfer, or what the bank's answer says about it.

    "unknown": never heard of. "returned": it was paid and came back. `detail` is the provider's own reason.
    """

    reference: str
    state: TransferState
    amount_fen: int
    provider_reference: str = ""
    detail: str = ""
    # The payee has to take the money: `package` opens the provider's own page for it, where it is said.
    waits_for_payee: bool = False
    package: str = ""


@dataclass(frozen=True)
class Notice:
    """A message that a provider's key has signed; `problem` says why it is not about us."""

    event_id: str
    facts: Facts
    problem: str = ""


class Way(Protocol):
    """One way out. `is_online`: we call it ourselves; else people carry a file or money there."""

    name: str
    # The account of the book that the money leaves (ledger.statuses.Purpose).
    paid_from: str
    is_online: bool


class OnlineWay(Way, Protocol):
    """A provider that is called over the network: never inside a transaction.

    GatewayUnavailable when there is no answer to trust, GatewayRefused when the provider said no. Every call
    may be repeated with the same reference and then has no second effect (PR3).
    """

    def send(self, wish: Wish) -> Facts:
        """Send money."""

    # The provider's name in payments, which its messages are kept under.
    provider: str
    # Whether money that was paid may come back later.
    may_return: bool

    def query(self, reference: str) -> Facts:
        """Ask how a transfer stands; state "unknown" when the provider has never heard of it."""

    def parse_callback(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Verify a message with the pinned key and read it; BadSignature, BadCallback."""
