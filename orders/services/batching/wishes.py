"""One purchase that waits at the door of a deal."""

import uuid
from dataclasses import dataclass
from functools import cached_property

from common.idempotency import hash_body
from orders.services.placing import body_of
from orders.services.pricing import WantedLine


@dataclass(frozen=True)
class Wish:
    """What a checked request asks for: `quantity` units at the price of a deal.

    `mark` is the password's mark when the grant was given (accounts.selectors.mark_of): a password that was
    changed since, or an account that was closed, buys nothing. `sign_in` is the digest of the session
    or token that asked for the grant: who has signed out there buys nothing, either.
    """

    buyer_id: int
    mark: str
    sign_in: str
    key: uuid.UUID
    deal_id: int
    variant_id: int
    quantity: int
    address_id: int
    source: str = ""
    note: str = ""

    @property
    def line(self) -> WantedLine:
        """The line, as the ordinary path wants it."""
        return WantedLine(self.variant_id, self.quantity, deal_id=self.deal_id)

    @property
    def actor(self) -> str:
        """The buyer's name in idempotency keys (common.audit.actor_of)."""
        return f"user:{self.buyer_id}"

    @cached_property
    def body_hash(self) -> str:
        """What the key is bound to; the ordinary path computes the same."""
        body = body_of(lines=[self.line], address_id=self.address_id, source=self.source, note=self.note)
        return hash_body(body)
