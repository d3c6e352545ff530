"""Providers in the machine of money: one takes gifts, one pays farmers; ours is held against its own book."""

from collections import Counter

from payments.errors import GatewayRefused, GatewayUnavailable
from payouts.transfers.base import Facts, Wish

NEWS = ("paid", "in_transit", "refused", "lost on the way", "answer lost")


class Checkout:
    """Where viewers pay gifts: only its names are asked for here."""

    merchant, app = "village", "market"


class Provider:
    """Carries a transfer out once per number, whatever is asked; `news` says how the next call ends."""

    name = "alipay"
    paid_from = "cash"
    is_online = True

    def __init__(self) -> None:
        self.known: dict[str, Facts] = {}
        self.effects: Counter[str] = Counter()
        self.news = "paid"

    def send(self, wish: Wish) -> Facts:
        """Send money, or one of the accidents."""
        if wish.reference in self.known:
            return self.known[wish.reference]
        if self.news == "refused":
            raise GatewayRefused("PAYEE_NOT_EXIST")
        if self.news == "lost on the way":
            raise GatewayUnavailable("lost")
        state = "in_transit" if self.news == "in_transit" else "paid"
        self._note(wish.reference, state, wish.amount_fen)
        if self.news == "answer lost":
            raise GatewayUnavailable("lost")
        return self.known[wish.reference]

    def query(self, reference: str) -> Facts:
        """Tell how a transfer stands."""
        return self.known.get(reference) or Facts(reference, "unknown", 0)

    def move(self, reference: str, state: str) -> None:
        """Let something happen there that nobody tells us of."""
        self._note(reference, state, self.known[reference].amount_fen)

    def _note(self, reference: str, state: str, amount_fen: int) -> None:
        self.known[reference] = Facts(reference, state, amount_fen, provider_reference=f"N{reference}")
        if state == "paid":
            self.effects[reference] += 1
