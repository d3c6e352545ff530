"""What a provider knows: payments, refunds, and how often each was carried out."""

import itertools
import threading
from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class RefusedError(Exception):
    """A request that is not carried out, with the provider's own code."""

    def __init__(self, code: str):
        self.code = code
        super().__init__(code)


class Book:
    """One book for one provider; every method is one step that nothing can interrupt."""

    def __init__(self, name: str, prefix: str):
        self.name, self._prefix = name, prefix
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        self.payments: dict[str, dict] = {}
        self.refunds: dict[str, dict] = {}
        self.effects: Counter[str] = Counter()
        self.refund_state = "SUCCESS"
        self.since = datetime.now(SHANGHAI)  # a bill begins here: a test knows nothing of those before it
        self.transfers: dict[str, dict] = {}
        self.transfer_state = "SUCCESS"

    def create(self, reference: str, **wish) -> dict:
        with self._lock:
            found = self.payments.get(reference)
            if found is None:
                found = self.payments[reference] = wish | {
                    "reference": reference, "state": "pending", "transaction": "", "refunded_fen": 0,
                }  # fmt: skip
                self.effects["create"] += 1
            elif (found["amount_fen"], found["currency"]) != (wish["amount_fen"], wish["currency"]):
                raise RefusedError("OUT_TRADE_NO_USED")
            elif found["state"] in ("paid", "closed"):
                raise RefusedError("ORDER_PAID" if found["state"] == "paid" else "ORDER_CLOSED")
            return dict(found)

    def get(self, reference: str) -> dict:
        with self._lock:
            if reference not in self.payments:
                raise RefusedError("ORDER_NOT_EXIST")
            return dict(self.payments[reference])

    def change(self, reference: str, **changes) -> dict:
        with self._lock:
            self.get(reference)
            self.payments[reference].update(changes)
            return dict(self.payments[reference])

    def pay(self, reference: str) -> dict:
        """Money comes in, whatever the state: with real providers that happens now and then."""
        with self._lock:
            number = f"{self._prefix}{next(self._numbers):024d}"
            self.effects["pay"] += 1
            return self.change(reference, state="paid", transaction=number, paid_at=datetime.now(SHANGHAI))

    def close(self, reference: str) -> dict:
        with self._lock:
            state = self.get(reference)["state"]
            if state == "paid":
                raise RefusedError("ORDER_PAID")
            if state == "userpaying":
                raise RefusedError("USERPAYING")
            if state == "closed":
                raise RefusedError("ORDER_CLOSED")
            self.effects["close"] += 1
            return self.change(reference, state="closed")

    def refund(self, reference: str, refund_reference: str, amount_fen: int) -> tuple[dict, bool]:
        """Send money back once per refund reference; return (refund, whether money moved now)."""
        with self._lock:
            payment = self.get(reference)
            found = self.refunds.get(refund_reference)
            if found is not None:
                if (found["reference"], found["amount_fen"]) != (reference, amount_fen):
                    raise RefusedError("DISCORDANT_REPEAT_REQUEST")
                return dict(found), False
            if payment["state"] != "paid":
                raise RefusedError("TRADE_STATUS_ERROR")
            if payment["refunded_fen"] + amount_fen > payment["amount_fen"]:
                raise RefusedError("REFUND_AMT_NOT_EQUAL_TOTAL")
            self.effects["refund"] += 1
            self.change(reference, refunded_fen=payment["refunded_fen"] + amount_fen)
            made = self.refunds[refund_reference] = {
                "reference": reference, "refund_reference": refund_reference, "amount_fen": amount_fen,
                "number": f"5{next(self._numbers):026d}", "state": self.refund_state,
                "made_at": datetime.now(SHANGHAI),
            }  # fmt: skip
            return dict(made), True

    def refund_of(self, refund_reference: str) -> dict:
        with self._lock:
            if refund_reference not in self.refunds:
                raise RefusedError("RESOURCE_NOT_EXISTS")
            return dict(self.refunds[refund_reference])

    def settle_refund(self, refund_reference: str, state: str) -> dict:
        with self._lock:
            self.refund_of(refund_reference)
            self.refunds[refund_reference]["state"] = state
            return dict(self.refunds[refund_reference])

    def transfer(self, reference: str, **wish) -> dict:
        """Send money out once per reference."""
        with self._lock:
            found = self.transfers.get(reference)
            if found is not None:
                if {name: found[name] for name in wish} != wish:
                    raise RefusedError("ALREADY_EXISTS")
                return dict(found)
            self.effects["transfer"] += 1
            made = self.transfers[reference] = wish | {
                "reference": reference, "number": f"7{next(self._numbers):026d}",
                "state": self.transfer_state, "reason": "",
            }  # fmt: skip
            return dict(made)

    def transfer_of(self, reference: str) -> dict:
        with self._lock:
            if reference not in self.transfers:
                raise RefusedError("TRANSFER_NOT_EXIST")
            return dict(self.transfers[reference])

    def settle_transfer(self, reference: str, state: str, reason: str = "") -> dict:
        """The payee takes it, lets it lie, or it comes back."""
        with self._lock:
            self.transfer_of(reference)
            self.transfers[reference] |= {"state": state, "reason": reason}
            return dict(self.transfers[reference])
