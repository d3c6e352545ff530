"""Rules of buying: place, pay, be told, run out, call off."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from common.clock import database_now
from common.models import OutboxMessage
from livestreams.models import FlashDeal
from livestreams.services import timing_deals
from orders.models import CouponClaim, Order, OrderGroup
from orders.selectors import list_expired_groups
from orders.services.cancelling import cancel_by_buyer, cancel_by_operator, cancel_by_shop, expire_group
from orders.services.claiming import claim_coupon
from orders.services.placing import place_order
from orders.services.pricing import WantedLine
from orders.statuses import OrderStatus
from payments.errors import GatewayUnavailable
from payments.models import PaymentCallback
from payments.services import closing, refunding
from payments.services.receiving import receive_callback
from payments.services.starting import start_payment
from tests.factories.livestreams import make_deal
from tests.factories.orders import make_address
from tests.payments.machine.people import FEW, PICK, MarketDay, key
from tests.payments.machine.provider import SIGNED

NOT_PLACED = (
    "sold_out", "too_many_unpaid", "limit_per_buyer", "deal_closed", "coupon_not_usable", "coupon_expired",
)  # fmt: skip


class Buying(MarketDay):
    """From the wish to the money."""

    def place(self, who: int, lines: list[WantedLine], *, source: str = "", with_coupon: bool = False):
        """Place a purchase of one of the buyers; None when it is refused."""
        buyer = self.buyers[who % len(self.buyers)]
        address = buyer.addresses.first() or make_address(user=buyer)
        free = CouponClaim.objects.filter(user=buyer, status__in=["claimed", "returned"]).order_by("pk")
        coupon = free.values_list("pk", flat=True).first() if with_coupon else None
        answer = None
        with self.may_refuse(*NOT_PLACED):
            answer, _ = place_order(
                buyer=buyer, lines=lines, address_id=address.pk, source=source, idempotency_key=key(),
                now=self.now, coupon_id=coupon,
            )  # fmt: skip
        return OrderGroup.objects.get(pk=answer["group"]) if answer else None

    def start(self, group: OrderGroup) -> str:
        """Begin to pay; return the provider's reference, or nothing when it is too late."""
        payment = None
        with self.may_refuse("purchase_expired", "move_refused"):
            payment, _ = start_payment(
                buyer=group.buyer, group_id=group.pk, gateway="sandbox", idempotency_key=key(),
                origin="https://market.example", now=self.now,
            )  # fmt: skip
        return payment.reference if payment else ""

    @rule(who=PICK, barley=st.integers(0, 4), butter=st.integers(0, 3), with_coupon=st.booleans())
    def place_cart(self, who, barley, butter, with_coupon):
        wanted = [(self.barley, barley), (self.butter, butter)]
        lines = [WantedLine(variant.pk, units) for variant, units in wanted if units]
        if lines:
            self.place(who, lines, with_coupon=with_coupon)

    @rule(who=PICK, units=FEW)
    def place_pin(self, who, units):
        self.place(who, [WantedLine(self.barley.pk, units)], source=self.pin)

    @precondition(lambda self: self.deal)
    @rule(who=PICK, units=FEW, butter=st.booleans())
    def place_deal(self, who, units, butter):
        lines = [WantedLine(self.barley.pk, units, deal_id=self.deal.pk)]
        self.place(who, lines + [WantedLine(self.butter.pk, 1)] * butter)

    @rule(units=st.integers(1, 12), per_buyer=st.none() | FEW)
    def start_deal(self, units, per_buyer):
        with self.may_refuse("deal_running", "stock_too_low"):
            make_deal(item=self.item, quantity=units, per_buyer=per_buyer)

    @precondition(lambda self: self.deal)
    @rule()
    def deal_runs_out(self):
        FlashDeal.objects.filter(pk=self.deal.pk).update(ends_at=database_now() - timedelta(seconds=1))
        timing_deals.watch_deals()

    @rule(who=PICK, which=PICK)
    def take_coupon(self, who, which):
        campaign = self.campaigns[which % len(self.campaigns)]
        with self.may_refuse("coupon_gone", "coupon_limit"):
            claim_coupon(
                user=self.buyers[who % len(self.buyers)], campaign_id=campaign.pk, now=database_now()
            )

    @rule(who=PICK, barley=FEW, butter=st.integers(0, 2), with_coupon=st.booleans())
    def buy_and_pay(self, who, barley, butter, with_coupon):
        lines = [WantedLine(self.barley.pk, barley)] + [WantedLine(self.butter.pk, butter)] * bool(butter)
        group = self.place(who, lines, source=self.pin, with_coupon=with_coupon)
        if group:
            self.purse.pay(self.start(group))
            self.deliver(len(self.purse.notices) - 1)
            assert {order.status for order in group.orders.all()} == {OrderStatus.PAID}

    @rule(which=PICK)
    def start_paying(self, which):
        group = self.one(which, OrderGroup.objects.filter(orders__status="pending_payment").distinct())
        if group:
            self.start(group)

    @rule(which=PICK, is_told=st.booleans())
    def money_comes(self, which, is_told):
        """In time or late, even after the provider has closed it; the callback may never come."""
        waiting = [ref for ref, state in self.purse.states.items() if state in ("pending", "closed")]
        if waiting:
            self.purse.pay(waiting[which % len(waiting)])
            if is_told:
                self.deliver(len(self.purse.notices) - 1)

    @precondition(lambda self: self.purse.notices)
    @rule(which=PICK)
    def callback(self, which):
        """Whichever: late, out of order, again."""
        self.deliver(which % len(self.purse.notices))

    @precondition(lambda self: self.purse.states)
    @rule(which=PICK, more=st.sampled_from([-1, 1, 10_000]), merchant=st.sampled_from(["village", "other"]))
    def callback_of_a_wrong_amount(self, which, more, merchant):
        references = list(self.purse.states)
        reference = references[which % len(references)]
        wrong = self.purse.amounts[reference] + more
        before = self.everything()
        self.purse.tell(reference, {"amount_fen": wrong, "merchant": merchant, "state": "paid"})
        self.deliver(len(self.purse.notices) - 1)
        if merchant == self.purse.merchant:
            self.purse.told_wrong.add((reference, wrong))
        assert PaymentCallback.objects.latest("pk").outcome == "quarantined"
        assert self.everything()[:-1] == before[:-1]  # the book notes the money, nothing else moves

    def deliver(self, which: int) -> None:
        """Deliver a callback of the provider."""
        receive_callback(gateway="sandbox", headers=SIGNED, body=self.purse.notices[which], now=self.now)

    @rule(hours=st.sampled_from([0.02, 1, 30, 24 * 8, 24 * 16]))
    def time_passes(self, hours):
        self.shift += timedelta(hours=hours)

    @rule()
    def sweep(self):
        """What the clock does every few seconds."""
        for group_id in list_expired_groups(now=self.now):
            expire_group(group_id=group_id, now=self.now)
        self.work()
        closing.poll_open(now=self.now)
        closing.close_leftovers(now=self.now)
        refunding.retry_refunds(now=self.now)

    @rule()
    def work(self):
        """What a worker does with what payments has promised; a silent provider leaves it for later."""
        moves = {
            "payments.close_group": closing.close_group,
            "payments.execute_refund": refunding.execute_refund,
            "payments.send_refund": refunding.send_refund,
        }
        for message in OutboxMessage.objects.filter(task__in=moves, done_at=None).order_by("pk"):
            try:
                moves[message.task](**message.kwargs, now=self.now)
            except GatewayUnavailable:
                continue
            OutboxMessage.objects.filter(pk=message.pk).update(done_at=self.now)

    @rule(mood=st.sampled_from(["ok", "ok", "silent", "deaf", "refuses"]))
    def provider_feels(self, mood):
        self.purse.mood = mood

    @rule(which=PICK, who=st.sampled_from(["buyer", "buyer", "shop", "operator"]))
    def call_off(self, which, who):
        order = self.one(which, Order.objects.exclude(status="completed"))
        if order is None:
            return
        with self.may_refuse("move_refused", "partly_sent"):
            if who == "buyer":
                cancel_by_buyer(buyer=order.group.buyer, number=order.number, now=self.now)
            elif who == "shop":
                cancel_by_shop(actor=self.seller_of(order), number=order.number, now=self.now)
            else:
                cancel_by_operator(actor=self.operator, number=order.number, reason="停售", now=self.now)
