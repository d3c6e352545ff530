"""A payment provider in memory: it takes money, tells of it when it likes, and gives it back at most once."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from payments.errors import BadSignature, GatewayRefused, GatewayUnavailable
from payments.gateways.base import Created, Facts, Notice, RefundFacts, Wish

SIGNED = {"X-Signature": "the provider's"}


@dataclass
class Purse:
    """See payments.gateways.base.Gateway. `mood`: ok, silent, deaf (does it, the answer is lost), refuses."""

    name: str = "sandbox"
    merchant: str = "village"
    app: str = "web"
    mood: str = "ok"
    amounts: dict[str, int] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    refunds: dict[str, tuple[str, int]] = field(default_factory=dict)
    notices: list[bytes] = field(default_factory=list)
    told_wrong: set[tuple[str, int]] = field(default_factory=set)

    def create(self, wish: Wish) -> Created:
        """Make a payment ready."""
        self.amounts.setdefault(wish.reference, wish.amount_fen)
        self.states.setdefault(wish.reference, "pending")
        assert self.amounts[wish.reference] == wish.amount_fen
        return Created(provider_reference=f"p-{wish.reference}", pay_url="/pay")

    def query(self, reference: str) -> Facts:
        """Say how a payment stands."""
        self._answer()
        return self._facts(reference)

    def close(self, reference: str) -> Facts:
        """Take no more money for it, unless it is there."""
        self._answer()
        if self.states.get(reference) == "pending":
            self.states[reference] = "closed"
        return self._facts(reference)

    def refund(
        self, *, reference: str, refund_reference: str, amount_fen: int, total_fen: int, reason: str
    ) -> RefundFacts:
        """Give money back, once per reference, and never more than came in."""
        if self.mood == "refuses":
            raise GatewayRefused("ACCOUNT_CLOSED")
        if self.mood == "silent":
            raise GatewayUnavailable("no answer")
        assert self.states[reference] == "paid"
        assert self.amounts[reference] == total_fen
        before = self.refunds.setdefault(refund_reference, (reference, amount_fen))
        assert before == (reference, amount_fen)
        assert self.given_back(reference) <= total_fen
        self._answer()
        return RefundFacts(refund_reference, f"r-{refund_reference}", "refunded", amount_fen)

    def parse_callback(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Read a callback of ours."""
        if headers != SIGNED:
            raise BadSignature()
        content = json.loads(body)
        return Notice(event_id=content["event"], facts=self._facts(content["reference"], content))

    def pay(self, reference: str) -> None:
        """Let the buyer's money come in, even of what was closed a moment ago (rules.md B8)."""
        self.states[reference] = "paid"
        self.tell(reference, {})

    def tell(self, reference: str, changed: dict) -> None:
        """Write a callback, which somebody may deliver."""
        content = {"event": f"e{len(self.notices)}", "reference": reference} | changed
        self.notices.append(json.dumps(content).encode())

    def paid(self) -> list[str]:
        """Return the references that money came in for."""
        return [reference for reference, state in self.states.items() if state == "paid"]

    def given_back(self, reference: str) -> int:
        """Return how much of a payment went back, in fen."""
        return sum(amount for paid, amount in self.refunds.values() if paid == reference)

    def _answer(self) -> None:
        if self.mood in ("silent", "deaf"):
            raise GatewayUnavailable("the answer is lost")

    def _facts(self, reference: str, changed: dict | None = None) -> Facts:
        changed = changed or {}
        if reference not in self.states:
            return Facts(self.merchant, self.app, reference, "", "unknown", 0, "CNY")
        return Facts(
            merchant=changed.get("merchant", self.merchant),
            app=self.app,
            reference=reference,
            provider_reference=f"p-{reference}",
            state=changed.get("state", self.states[reference]),
            amount_fen=changed.get("amount_fen", self.amounts[reference]),
            currency="CNY",
        )
