"""Rules of lots that were not what they seemed: a buyer is served once, with other goods or money."""

from dataclasses import dataclass

from django.db.models import F, Sum
from hypothesis import strategies as st
from hypothesis.stateful import rule

from common.clock import utc_now
from orders.models import AfterSaleLine, LotAllocation, LotReturn, OrderLine
from orders.services.recalling import recall_lot, report_short, settle_recall
from orders.services.shipping import Packed, ship_order
from shops.models import Lot, VariantStock
from tests.payouts.machine.selling import buy
from tests.payouts.machine.village import PICK, MoneyDay

BOUGHT = ("paid", "shipped", "delivered", "completed")


@dataclass(frozen=True)
class Bought:
    """What a line has of a lot, and what may be given back of it."""

    line: OrderLine
    kept: int
    moved: int
    free: int
    unsent: int
    left_fen: int
    share_fen: int


class Recalling(MoneyDay):
    """Something was found in the barley."""

    @rule(units=st.integers(1, 6))
    def bought_and_not_sent_yet(self, units):
        if VariantStock.objects.get(variant=self.village.goods["pool"]).available >= units:
            buy(self.village, "plain pool", units, send=False)

    @rule(which=PICK, units=st.none() | st.integers(1, 3))
    def what_waited_is_sent(self, which, units):
        """All of it, or some units of a line."""
        waiting = OrderLine.objects.filter(
            order__status="paid", quantity__gt=F("shipped_units") + F("withdrawn_units")
        )
        line = self.one(which, waiting.select_related("order"))
        if line:
            order = line.order
            some = [Packed(line.pk, min(units, unsent_of(line)))] if units else []
            ship_order(
                actor=self.village.sellers[order.shop_id], number=order.number, carrier="sf", lines=some,
                tracking_number=f"SF{order.pk:08d}{order.shipments.count():04d}", now=utc_now(),
            )  # fmt: skip

    @rule(which=PICK, is_served=st.booleans())
    def lot_is_called_back(self, which, is_served):
        """Or the worker who serves the buyers comes later only."""
        lot = self.one(which, self.lots().filter(status__in=["available", "held", "depleted"]))
        if lot is None:
            return
        mei = self.village.sellers[lot.shop_id]
        with self.refused("invalid"):
            recall_lot(actor=mei, lot_id=lot.pk, reason=" ", now=utc_now())
        recall_lot(actor=mei, lot_id=lot.pk, reason="农残", now=utc_now())
        with self.refused("move_refused"):
            recall_lot(actor=mei, lot_id=lot.pk, reason="农残", now=utc_now())
        if is_served:
            self.serve(lot)
        else:
            self.unserved.append(lot.pk)

    @rule()
    def worker_serves_buyers(self):
        while self.unserved:
            self.serve(Lot.objects.get(pk=self.unserved.pop()))

    @rule(which=PICK, units=st.integers(1, 20))
    def lot_has_fewer_than_it_said(self, which, units):
        """What is missing is in the shop: nobody bought it, or it was not sent yet."""
        lot = self.one(which, self.lots().filter(status__in=["available", "depleted"]))
        if lot is None:
            return
        waiting = [one for one in bought(lot) if one.line.order.status == "paid"]
        there = lot.left + sum(one.unsent for one in waiting)
        asked = {
            "actor": self.village.sellers[lot.shop_id], "lot_id": lot.pk, "units": units, "reason": "老鼠",
            "now": self.now,
        }  # fmt: skip
        if there < units:
            with self.refused("lot_too_small"):
                report_short(**asked)
            return
        report_short(**asked)
        found = Lot.objects.get(pk=lot.pk)
        assert (found.lost, found.left) == (lot.lost + units, max(lot.left - units, 0))
        assert lot.taken - found.taken == max(units - lot.left, 0)

    def serve(self, lot: Lot) -> None:
        """What is not sent is taken of other lots while they have any; the rest is money, from its farmer."""
        before = bought(lot)
        served = settle_recall(lot_id=lot.pk, now=self.now)
        assert served == len({one.line.order_id for one in before})
        is_off = False
        for one in before:
            line = OrderLine.objects.select_related("order").get(pk=one.line.pk)
            if line.order.status == "cancelled":
                assert line.order.refund_requested_fen == line.order.captured_fen
                is_off = True
                continue
            exchanged = sums_of(line, lot)["moved"] - one.moved
            assert 0 <= exchanged <= one.unsent
            back = AfterSaleLine.objects.filter(order_line=line, lot=lot, case__reason="recalled")
            given = back.aggregate(units=Sum("quantity", default=0), fen=Sum("amount_fen", default=0))
            units = min(one.kept - exchanged, one.free)
            each, more = divmod(one.left_fen, one.free or 1)
            assert (given["units"], given["fen"]) == (units, each * units + min(more, units))
            if line.order.status == "completed" and units:
                self.farmer_bears(one, back.get(), lot)
            if exchanged < one.unsent and not is_off:
                agree = self.lots().filter(status="available", floor_fen__lte=line.price_fen)
                assert not any(other.left for other in agree)
        # Only goods whose money is in a case of the buyer's own are looked at once more.
        everything, rest = self.everything(), bought(lot)
        assert not any(one.free for one in rest)
        assert settle_recall(lot_id=lot.pk, now=self.now) == len({one.line.order_id for one in rest})
        assert self.everything() == everything

    def farmer_bears(self, one: Bought, back: AfterSaleLine, lot: Lot) -> None:
        """Whoever brought the lot pays, as far as it brought anything."""
        rest = back.amount_fen + back.discount_fen - sum(
            back.commission_returns.values_list("amount_fen", flat=True)
        )  # fmt: skip
        own = LotReturn.objects.filter(line=back, allocation__lot=lot)
        assert sum(own.values_list("amount_fen", flat=True)) >= min(rest, one.share_fen)

    def lots(self):
        """The lots of the pool."""
        return Lot.objects.filter(variant=self.village.goods["pool"])


def bought(lot: Lot) -> list[Bought]:
    """Return what buyers have, or are to get, of a lot, line by line."""
    lines = OrderLine.objects.filter(
        order__status__in=BOUGHT, allocations__lot=lot,
        allocations__quantity__gt=F("allocations__moved") + F("allocations__returned"),
    )  # fmt: skip
    found = []
    for line in lines.select_related("order").distinct().order_by("pk"):
        sums = sums_of(line, lot)
        money = line.after_sale_lines.filter(lot=lot, case__reason="recalled", case__is_restocked=False)
        kept = sums["quantity"] - sums["moved"] - sums["returned"]
        kept -= sum(money.values_list("quantity", flat=True))
        if not kept:
            continue
        taken = LotReturn.objects.filter(allocation__lot=lot, allocation__order_line=line)
        # What came in place of other goods was not sent yet: of the rest to send it is not of this lot.
        instead = line.allocations.filter(allotment__reason__in=["recall", "short"]).exclude(lot=lot)
        others = sum(one.quantity - one.moved - one.returned for one in instead)
        found.append(
            Bought(
                line=line,
                kept=kept,
                moved=sums["moved"],
                free=line.quantity - line.after_sale_units,
                unsent=min(kept, max(unsent_of(line) - others, 0)),
                left_fen=line.total_fen - line.discount_fen - line.after_sale_fen,
                share_fen=sums["share"] - sum(taken.values_list("amount_fen", flat=True)),
            )
        )
    return found


def unsent_of(line: OrderLine) -> int:
    """Return how many units the shop still has to send."""
    if line.order.status != "paid":
        return 0
    return line.quantity - line.shipped_units - line.withdrawn_units


def sums_of(line: OrderLine, lot: Lot) -> dict[str, int]:
    """Return what a line took of a lot, what left it again, and what its farmer earned by it."""
    share = F("gross_fen") - F("host_fen") - F("platform_fen")
    return LotAllocation.objects.filter(order_line=line, lot=lot).aggregate(
        **{name: Sum(name, default=0) for name in ("quantity", "moved", "returned")},
        share=Sum(share, default=0),
    )
