"""Rules of parcels, cash at the door, completion and settlement periods."""

import uuid
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from orders.carriers.base import Event
from orders.models import Order, OrderGroup, Shipment
from orders.services.confirming import refuse_parcel
from orders.services.pricing import WantedLine
from orders.services.receiving import auto_receive, extend_receiving, receive_order
from orders.services.shipping import Packed, ship_order
from orders.services.tracking import note_events
from payments.models import Refund
from payments.offers import CASH
from payments.services.collecting import confirm_cash, record_cash
from payments.services.handing_over import confirm_handover, decline_handover, note_handover
from payments.services.paying_by_hand import (
    confirm_hand_refund,
    decline_hand_refund,
    note_hand_refund,
)
from payouts.services.closing import close_period
from payouts.services.opening import open_period_for
from tests.payments.machine.asking import Asking
from tests.payments.machine.buying import Buying
from tests.payments.machine.people import FEW, PICK, key

# Which parcel, why, how many units, and how far it gets before the day begins.
RETURN = st.tuples(PICK, st.sampled_from(["damaged", "changed_mind"]), FEW, st.integers(0, 3))


class Sending(Buying, Asking):
    """From the shelf to the buyer's hands."""

    @initialize(
        stages=st.lists(st.integers(0, 5), min_size=1, max_size=4),
        with_coupon=st.booleans(),
        returns=st.lists(RETURN, min_size=1, max_size=2),
    )
    def the_day_has_begun(self, stages, with_coupon, returns):
        """Some have bought before: paid, partly sent, sent, completed, to be paid or paid at the door.

        One of them at least has what was bought, and wants to give something back.
        """
        for who, stage in enumerate([3, *stages]):
            if with_coupon:
                self.take_coupon(who, who)
            lines = [WantedLine(self.barley.pk, 2 + stage % 3), WantedLine(self.butter.pk, 2)]
            group = self.place(who, lines, source=self.pin, with_coupon=with_coupon)
            if stage >= 4:
                confirm_cash(buyer=group.buyer, group_id=group.pk, idempotency_key=key(), now=self.now)
            else:
                self.purse.pay(self.start(group))
                self.deliver(len(self.purse.notices) - 1)
            for order in group.orders.all() if stage else ():
                self.send(order, is_whole=stage > 1)
                if stage == 5:
                    self.note_cash_of(order, "shop")
                if stage == 3:
                    receive_order(buyer=group.buyer, number=order.number, now=self.now)
        for wish in returns:
            self.return_some_way(*wish)

    @rule(which=PICK, is_whole=st.booleans())
    def ship(self, which, is_whole):
        order = self.one(which, Order.objects.filter(status__in=["paid", "confirmed"]))
        if order:
            self.send(order, is_whole)

    def send(self, order: Order, is_whole: bool) -> None:
        """Hand a parcel of an order to a carrier."""
        lines = [] if is_whole else [Packed(line.pk, 1) for line in order.lines.all() if line.units_to_send]
        with self.may_refuse("too_many_units", "move_refused", "answer_first"):
            ship_order(
                actor=self.seller_of(order), number=order.number, carrier="sf", now=self.now,
                tracking_number=f"SF{uuid.uuid4().int % 10**12:012d}", lines=lines[:1],
            )  # fmt: skip

    @rule(which=PICK)
    def ship_what_is_left(self, which):
        """Something of an order is with the buyer already."""
        order = self.one(which, Order.objects.filter(status="paid", lines__shipped_units__gt=0).distinct())
        if order:
            self.send(order, True)

    @rule(
        which=PICK, state=st.sampled_from(["delivered", "delivered", "moving", "refused", "returned", "lost"])
    )
    def carrier_tells(self, which, state):
        parcel = self.one(which, Shipment.objects.exclude(order__status="completed"))
        if parcel:
            note_events(shipment_id=parcel.pk, events=[Event(state, state, self.now)], now=self.now)

    @rule(which=PICK)
    def receive(self, which):
        order = self.one(which, Order.objects.filter(shipments__isnull=False).distinct())
        if order:
            with self.may_refuse("cash_due", "move_refused"):
                receive_order(buyer=order.group.buyer, number=order.number, now=self.now)

    @rule(which=PICK)
    def ask_for_more_time(self, which):
        order = self.one(which, Order.objects.filter(status__in=["shipped", "delivered"]))
        if order:
            with self.may_refuse("move_refused", "already_extended"):
                extend_receiving(buyer=order.group.buyer, number=order.number, now=self.now)

    @rule(days=st.sampled_from([0, 8, 16]))
    def time_completes(self, days):
        self.shift += timedelta(days=days)
        auto_receive(now=self.now)

    @rule(which=PICK)
    def promise_cash(self, which):
        group = self.one(which, OrderGroup.objects.filter(orders__status="pending_payment").distinct())
        if group:
            with self.may_refuse("cash_not_offered", "purchase_expired"):
                confirm_cash(buyer=group.buyer, group_id=group.pk, idempotency_key=key(), now=self.now)

    @rule(which=PICK, holder=st.sampled_from(["carrier", "shop"]), wrong=st.sampled_from([0, 0, 0, 1]))
    def note_cash(self, which, holder, wrong):
        order = self.one(which, Order.objects.filter(confirmed_at__isnull=False, captured_fen=0))
        if order:
            with self.may_refuse("invalid", "move_refused"):
                self.note_cash_of(order, holder, wrong)
                assert not wrong

    def note_cash_of(self, order: Order, holder: str, wrong: int = 0) -> None:
        """The buyer has paid the parcel."""
        record_cash(
            actor=self.seller_of(order), number=order.number, holder=holder,
            amount_fen=order.total_fen + wrong, now=self.now,
        )  # fmt: skip

    @rule(which=PICK, amount_fen=st.sampled_from([1, 4000, 90_000]), comes=st.booleans())
    def cash_is_handed_over(self, which, amount_fen, comes):
        """By one of the shops, or by the carriers; it comes, or it does not."""
        shop_id = [*self.sellers, None][which % 3]
        actor = self.sellers[shop_id] if shop_id else self.operator
        handover = None
        with self.may_refuse("more_than_held"):
            handover, _ = note_handover(
                actor=actor, shop_id=shop_id, carrier="" if shop_id else "sf", amount_fen=amount_fen,
                method="bank", reference="42", idempotency_key=key(), now=self.now,
            )  # fmt: skip
        if handover is None or handover.status != "noted":
            return
        if comes:
            with self.may_refuse("more_than_held"):
                confirm_handover(actor=self.clerk, handover_id=handover.pk, now=self.now)
        else:
            decline_handover(actor=self.clerk, handover_id=handover.pk, reason="没到", now=self.now)

    @rule(which=PICK, by_shop=st.booleans(), comes=st.booleans())
    def cash_is_given_back(self, which, by_shop, comes):
        refund = self.one(which, Refund.objects.filter(payment__gateway=CASH, request__isnull=False))
        if refund is None:
            return
        order = refund.request.order
        note = None
        with self.may_refuse("more_than_held", "move_refused"):
            note, _ = note_hand_refund(
                actor=self.seller_of(order) if by_shop else self.operator, refund_id=refund.pk,
                amount_fen=refund.amount_fen, method="cash", reference="收条", idempotency_key=key(),
                now=self.now,
            )  # fmt: skip
        if note is None or note.status != "noted":
            return
        who = order.group.buyer if by_shop else self.clerk
        if comes:
            with self.may_refuse("more_than_held"):
                confirm_hand_refund(actor=who, note_id=note.pk, now=self.now)
        else:
            decline_hand_refund(actor=who, note_id=note.pk, now=self.now)

    @rule(which=PICK)
    def refused_at_the_door(self, which):
        order = self.one(which, Order.objects.filter(confirmed_at__isnull=False))
        if order:
            with self.may_refuse("move_refused"):
                refuse_parcel(actor=self.seller_of(order), number=order.number, now=self.now)

    @rule(which=PICK)
    def close_a_period(self, which):
        shops = [self.market.shop, self.butter.product.shop]
        period = open_period_for(shop=shops[which % 2], now=self.now)
        self.shift += max(period.ends_at - self.now, timedelta()) + timedelta(minutes=5)
        assert close_period(period=period, now=self.now).status == "closed"
