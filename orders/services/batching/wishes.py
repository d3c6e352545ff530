"""One purchase that waits at a fast door."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from common.idempotency import hash_body
from orders.services.placing import body_of
from orders.services.pricing import WantedLine


@dataclass(frozen=True)
class Asked:
    """Who asks under which key, and where to send it.

    `mark` is the password's mark when the grant was given (accounts.selectors.mark_of): a password that was
    changed since, or an account that was closed, buys nothing. `sign_in` is the digest of the session
    or token that asked for the grant: who has signed out there buys nothing, either.
    """

    buyer_id: int
    mark: str
    sign_in: str
    key: uuid.UUID

    @property
    def actor(self) -> str:
        """The buyer's name in idempotency keys (common.audit.actor_of)."""
        return f"user:{self.buyer_id}"

    @cached_property
    def body_hash(self) -> str:
        """What the key is bound to; the ordinary path computes the same."""
        return hash_body(
            body_of(
                lines=self.lines,
                address_id=self.address_id,
                source=self.source,
                note=self.note,
                notes=self.notes,
                coupon_id=self.coupon_id,
            )
        )


@dataclass(frozen=True)
class Wish(Asked):
    """What a checked request at a deal's door asks for: `quantity` units at the price of the deal."""

    deal_id: int
    variant_id: int
    quantity: int
    address_id: int
    source: str = ""
    note: str = ""

    # A deal's purchase is one line of one shop, without a coupon.
    notes = {}
    coupon_id = None
    size = 1

    @property
    def line(self) -> WantedLine:
        """The line, as the ordinary path wants it."""
        return WantedLine(self.variant_id, self.quantity, deal_id=self.deal_id)

    @property
    def lines(self) -> list[WantedLine]:
        """The one line."""
        return [self.line]


@dataclass(frozen=True)
class Basket(Asked):
    """What a checked request for ordinary goods asks for; `notes` are words to single shops, by their ids."""

    lines: Sequence[WantedLine]
    address_id: int
    source: str = ""
    note: str = ""
    notes: Mapping[int, str] = field(default_factory=dict)
    coupon_id: int | None = None

    # All baskets wait in one queue.
    deal_id = None

    @property
    def size(self) -> int:
        """How much of a batch it takes."""
        return len(self.lines)

    @property
    def is_plain(self) -> bool:
        """Whether a batch can place it: no deal, no show that led to it, no coupon."""
        return not self.source and self.coupon_id is None and all(line.deal_id is None for line in self.lines)
