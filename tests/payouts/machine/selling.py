"""Rules of selling: with and without the host, in a deal, with coupons of three bearers, and its way back."""

from datetime import timedelta

from django.db.models import F
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from common.clock import database_now, utc_now
from ledger.services.posting import Posting, post
from ledger.statuses import Kind, Purpose
from orders.models import AfterSaleCase, Order, OrderGroup, OrderLine, RefundRequest
from orders.services import judging
from orders.services.asking_back import WantedBack, withdraw_case
from orders.services.claiming import claim_coupon
from orders.services.judging import arbitrate_case, receive_return
from orders.services.paying import mark_group_paid
from orders.services.placing import place_order
from orders.services.pricing import WantedLine
from orders.services.receiving import receive_order
from orders.services.refunding import mark_refunded
from orders.services.shipping import ship_order
from shops.models import VariantStock
from shops.services.pooling import hold_lot
from tests.factories.cases import ask, back_on_the_way
from tests.factories.livestreams import make_deal
from tests.factories.lots import bring
from tests.payouts.machine.village import PICK, MoneyDay, Village, key

KINDS = (
    "plain barley", "plain honey", "plain gifts", "plain tea", "plain butter",
    "plain pool", "shown barley", "shown honey", "shown gifts", "shown pool",
    "deal", "coupon of the shop", "coupon of the market", "coupon of the host", "basket",
)  # fmt: skip
EACH = 6
UNITS = st.integers(1, 4)
MOST_CASES = 4
BEARERS = ("farmer", "shop", "platform", "carrier")


def buy(village: Village, kind: str, units: int, *, send: bool = True) -> list[Order]:
    """Place a purchase of a kind, pay it and send it; the book has the money."""
    how, _, what = kind.partition(" ")
    goods = village.goods
    lines, source, coupon = [], "", None
    if how == "deal":
        lines = [WantedLine(goods["barley"].pk, units, deal_id=village.deal.pk)]
    elif how == "basket":
        lines = [WantedLine(variant.pk, units) for name, variant in goods.items() if name != "barley"]
    elif how == "coupon":
        # On two lines, which share it.
        lines = [WantedLine(goods["barley"].pk, units), WantedLine(goods["honey"].pk, 1)]
        campaign = village.campaigns[what]
        coupon = claim_coupon(user=village.buyer, campaign_id=campaign.pk, now=database_now()).pk
        source = village.sources["barley"]
    else:
        lines = [WantedLine(goods[what].pk, units)]
        source = village.sources[what] if how == "shown" else ""
    answer, _ = place_order(
        buyer=village.buyer, lines=lines, address_id=village.address.pk, source=source,
        idempotency_key=key(), now=utc_now(), coupon_id=coupon,
    )  # fmt: skip
    group = OrderGroup.objects.get(pk=answer["group"])
    assert mark_group_paid(group_id=group.pk, now=utc_now())
    paid = f"purchase:{group.pk}"
    post(
        kind=Kind.PAYMENT, key=paid, source=paid, now=utc_now(),
        postings=[
            Posting(Purpose.CASH, group.total_fen, paid),
            Posting(Purpose.BUYER_HELD, -group.total_fen, paid),
        ],
    )  # fmt: skip
    orders = list(group.orders.order_by("pk"))
    for order in orders if send else []:
        ship_order(
            actor=village.sellers[order.shop_id], number=order.number, carrier="sf",
            tracking_number=f"SF{order.pk:012d}", now=utc_now(),
        )  # fmt: skip
    return orders


def send_parcels(village: Village, each: int = EACH) -> None:
    """Some parcels of each kind are on their way before the examples begin: a sale is their arrival."""
    for kind in KINDS:
        orders = [order for number in range(each) for order in buy(village, kind, 1 + number % 4)]
        village.parcels[kind] = [order.pk for order in orders]


class Selling(MoneyDay):
    """Goods go one way and, some of them, the other."""

    def sell(self, kind: str, which: int) -> None:
        """Let a parcel of this kind arrive, until none is on its way."""
        on_their_way = Order.objects.filter(pk__in=self.village.parcels[kind], status="shipped")
        order = self.one(which, on_their_way)
        if order:
            self.complete(order)

    def complete(self, order: Order) -> Order:
        """The parcel arrives."""
        return receive_order(buyer=self.village.buyer, number=order.number, now=self.now)

    @initialize(kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=4), which=PICK)
    def some_have_bought(self, kinds, which):
        for kind in kinds:
            self.sell(kind, which)

    @rule(kind=st.sampled_from([kind for kind in KINDS if kind.startswith("plain")]), which=PICK)
    def sell_from_the_shelf(self, kind, which):
        self.sell(kind, which)

    @rule(kind=st.sampled_from([kind for kind in KINDS if kind.startswith("shown")]), which=PICK)
    def sell_what_the_host_shows(self, kind, which):
        self.sell(kind, which)

    @rule(which=PICK)
    def sell_in_a_deal(self, which):
        self.sell("deal", which)

    @rule(kind=st.sampled_from([kind for kind in KINDS if kind.startswith("coupon")]), which=PICK)
    def sell_with_a_coupon(self, kind, which):
        self.sell(kind, which)

    @rule(which=PICK)
    def sell_a_basket_of_two_shops(self, which):
        self.sell("basket", which)

    @rule(kind=st.sampled_from(KINDS), units=UNITS)
    def buy_anew(self, kind, units):
        pool = kind.endswith("pool") or kind == "basket"
        left = VariantStock.objects.get(variant=self.village.goods["pool"]).available
        if not kind.startswith("coupon") and (left >= units or not pool):
            buy(self.village, kind, units)

    @rule(which=PICK, units=st.integers(1, 30))
    def farmer_brings_a_lot(self, which, units):
        village = self.village
        bring(
            actor=village.sellers[village.shops[0].pk], variant=village.goods["pool"],
            farmer=village.farmers[which % 2], quantity=units, now=utc_now(),
        )  # fmt: skip

    @rule(which=PICK)
    def lot_is_held(self, which):
        """Something is wrong with it: what nobody has bought of it is not sold."""
        village = self.village
        lots = village.goods["pool"].lots.filter(status="available")
        lot = self.one(which, lots) if lots.count() > 1 else None
        if lot:
            hold_lot(actor=village.sellers[village.shops[0].pk], lot=lot, reason="受潮", now=utc_now())

    @rule(price_fen=st.integers(1, 5_440))
    def deal_below_the_floor_is_refused(self, price_fen):
        with self.refused("below_floor_price"):
            make_deal(item=self.village.item, price_fen=price_fen)

    @rule(which=PICK)
    def parcel_arrives(self, which):
        order = self.one(which, Order.objects.filter(status="shipped"))
        if order:
            self.complete(order)

    @rule(which=PICK, days=st.integers(1, 9))
    def parcel_that_arrived_long_ago_is_noted_now(self, which, days):
        """Its posting bears an instant of a period that may be closed by now."""
        order = self.one(which, Order.objects.filter(status="shipped"))
        if order:
            at = max(self.now - timedelta(days=days), self.village.began_at)
            receive_order(buyer=self.village.buyer, number=order.number, now=at)

    @rule(which=PICK, units=UNITS, fen=st.none() | st.integers(1, 900), is_done=st.booleans())
    def part_goes_back(self, which, units, fen, is_done):
        """Before the order is complete or afterwards; some units, or some money for each."""
        case = self.asked(which, "completed" if is_done else "shipped", units, fen)
        if case:
            judging.approve_case(
                actor=self.village.sellers[case.order.shop_id], case_id=case.pk, idempotency_key=key(),
                now=self.now,
            )  # fmt: skip

    @rule(which=PICK, bearer=st.sampled_from(BEARERS), is_done=st.booleans())
    def operator_lets_somebody_bear_it(self, which, bearer, is_done):
        case = self.asked(which, "completed" if is_done else "shipped", 1, None)
        if case:
            arbitrate_case(
                actor=self.village.operators[0], case_id=case.pk, grant=True, reason="看过照片",
                cost_bearer=bearer, now=self.now,
            )  # fmt: skip

    @rule(which=PICK, units=UNITS, restock=st.booleans())
    def goods_come_back(self, which, units, restock):
        case = self.asked(which, "completed", units, None, kind="return_and_refund", reason="changed_mind")
        if case:
            seller = self.village.sellers[case.order.shop_id]
            judging.approve_case(actor=seller, case_id=case.pk, idempotency_key=key(), now=self.now)
            back_on_the_way(case, self.village.buyer, now=self.now)
            receive_return(
                actor=seller, case_id=case.pk, restock=restock, idempotency_key=key(), now=self.now
            )

    @rule(which=PICK)
    def wish_is_withdrawn(self, which):
        case = self.asked(which, "completed", 1, None)
        if case:
            withdraw_case(buyer=self.village.buyer, case_id=case.pk, idempotency_key=key(), now=self.now)

    @rule()
    def money_goes_back_to_buyers(self):
        for request in RefundRequest.objects.filter(status="requested"):
            source = f"refund_request:{request.pk}"
            mark_refunded(request_id=request.pk, now=self.now)
            post(
                kind=Kind.REFUND, key=source, source=source, now=self.now,
                postings=[
                    Posting(Purpose.BUYER_HELD, request.amount_fen, source),
                    Posting(Purpose.CASH, -request.amount_fen, source),
                ],
            )  # fmt: skip

    def asked(
        self, which: int, status: str, units: int, fen: int | None, **wish: str
    ) -> AfterSaleCase | None:
        """Ask for units of a line back that nobody has asked for yet; None where none are left."""
        free = OrderLine.objects.filter(order__status=status, after_sale_units__lt=F("quantity"))
        line = self.one(which, free.select_related("order"))
        if line is None or line.order.cases.count() >= MOST_CASES:
            return None
        order, units = line.order, min(units, line.quantity - line.after_sale_units)
        most = line.paid_fen * units // line.quantity
        wanted = [WantedBack(line.pk, units, min(fen * units, most) if fen else None)]
        return ask(order, self.village.buyer, lines=wanted, now=order.completed_at or utc_now(), **wish)
