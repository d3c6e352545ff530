"""What holds after every step, each truth counted in another way than the services count it."""

from collections import defaultdict

from django.db.models import F, Sum
from hypothesis.stateful import invariant

from ledger.selectors import trial_balance
from orders.models import AfterSaleCase, AfterSaleLine, Order, OrderLine
from orders.services.reconciling import find_stock_discrepancies
from orders.statuses import (
    CASE_MOVES,
    CASH_MOVES,
    GRANTED_CASES,
    ORDER_MOVES,
    CaseStatus,
    OrderStatus,
)
from payments.models import Payment, Refund
from payments.offers import CASH
from shops.models import VariantStock
from tests.payments.machine.people import MarketDay
from tests.payments.machine.questions import contradictions

SOLD = (
    OrderStatus.CONFIRMED, OrderStatus.PAID, OrderStatus.SHIPPED, OrderStatus.DELIVERED,
    OrderStatus.COMPLETED,
)  # fmt: skip
# Money that comes late for what ran out wakes it up again (rules.md B8).
LATE_MOVES = {OrderStatus.CANCELLED: frozenset({OrderStatus.PAID})}


def reachable(start: str, *tables: dict) -> set[str]:
    """Return every state that moves of the tables lead to, over several of them."""
    found, waiting = {start}, [start]
    while waiting:
        state = waiting.pop()
        for after in set().union(*(table.get(state, frozenset()) for table in tables)) - found:
            found.add(after)
            waiting.append(after)
    return found


def total(queryset, field: str = "amount_fen") -> int:
    """Return a sum, 0 of nothing."""
    return queryset.aggregate(total=Sum(field))["total"] or 0


class Truths(MarketDay):
    """Books, stock, promises, coupons, states."""

    def __init__(self):
        super().__init__()
        self.order_states: dict[int, str] = {}
        self.case_states: dict[int, str] = {}

    @invariant()
    def nothing_contradicts_itself(self):
        assert contradictions() == []
        assert find_stock_discrepancies() == []

    @invariant()
    def money_is_where_it_came_from_and_went(self):
        book = trial_balance()
        assert book.is_right
        balances = defaultdict(int, book.by_purpose)

        payments = list(Payment.objects.values("pk", "gateway", "status", "amount_fen"))
        refunds = list(
            Refund.objects.values("payment", "request", "payment__gateway", "status", "amount_fen")
        )
        unowed = {refund["payment"] for refund in refunds if refund["request"] is None}
        came = [one for one in payments if (one["gateway"], one["status"]) == ("sandbox", "succeeded")]
        went = [
            one for one in refunds if one["status"] == "succeeded" and one["payment__gateway"] == "sandbox"
        ]
        wrong = sum(amount for _, amount in self.purse.told_wrong)

        assert balances["cash"] == fen(came) + wrong - fen(went)
        assert balances["unmatched"] == (
            fen(one for one in went if one["request"] is None)
            - fen(one for one in came if one["pk"] in unowed)
            - wrong
        )
        at_the_door = fen(one for one in payments if (one["gateway"], one["status"]) == (CASH, "succeeded"))
        by_hand = fen(
            one for one in refunds if one["status"] == "succeeded" and one["payment__gateway"] == CASH
        )
        in_hands = balances["shop_cash"] + balances["carrier_cash"] + balances["bank"]
        assert in_hands == at_the_door - by_hand
        held = self._held() - fen(one for one in refunds if one["status"] == "succeeded" and one["request"])
        assert balances["buyer_held"] == -held
        assert balances["coupon_cost"] + balances["platform_coupon"] == self._coupons()

    @invariant()
    def every_unit_is_somewhere(self):
        sold: dict[int, int] = defaultdict(int)
        lines = OrderLine.objects.filter(order__status__in=SOLD)
        for variant, units in lines.values_list("variant", F("quantity") - F("withdrawn_units")):
            sold[variant] += units
        for variant, units in ((self.barley.pk, 100), (self.butter.pk, 60)):
            row = VariantStock.objects.get(pk=variant)
            assert row.available + row.reserved + row.in_deals + row.sold == units
            assert row.sold == sold[variant] - self.restocked.get(variant, 0)

    @invariant()
    def states_move_as_the_tables_allow(self):
        for pk, status, confirmed in Order.objects.values_list("pk", "status", "confirmed_at"):
            before = self.order_states.get(pk, OrderStatus.PENDING_PAYMENT)
            tables = (ORDER_MOVES, LATE_MOVES) + ((CASH_MOVES,) if confirmed else ())
            assert status in reachable(before, *tables), f"{before} → {status}"
            self.order_states[pk] = status
        for pk, status in AfterSaleCase.objects.values_list("pk", "status"):
            before = self.case_states.get(pk, CaseStatus.REQUESTED)
            assert status in reachable(before, CASE_MOVES), f"{before} → {status}"
            self.case_states[pk] = status

    def _held(self) -> int:
        """Return what buyers paid and nobody has been given yet."""
        shared = total(AfterSaleCase.objects.filter(status__in=GRANTED_CASES, order__status="completed"))
        freight = AfterSaleCase.objects.filter(status__in=GRANTED_CASES, order__status="completed")
        back = shared + total(freight, "freight_fen")
        captured = Order.objects.filter(captured_fen__gt=0)
        return (
            total(captured, "captured_fen") - total(captured.filter(status="completed"), "total_fen") + back
        )

    def _coupons(self) -> int:
        """Return what bearers of coupons owe for what was completed and not given back."""
        done = Order.objects.filter(status=OrderStatus.COMPLETED)
        back = AfterSaleLine.objects.filter(case__status__in=GRANTED_CASES, order_line__order__in=done)
        return total(done, "discount_fen") - total(back, "discount_fen")


def fen(rows) -> int:
    """Return the sum of the amounts of rows."""
    return sum(row["amount_fen"] for row in rows)
