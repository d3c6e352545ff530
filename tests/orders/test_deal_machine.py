"""Whatever happens to deals and purchases in whatever order, every unit is somewhere after every step."""

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from common.clock import database_now, utc_now
from common.errors import MarketError
from livestreams.models import FlashDeal
from livestreams.selectors import state_at
from livestreams.services import dealing, timing_deals
from livestreams.statuses import DEAL_MOVES, DEAL_OPEN
from orders.models import Order, OrderGroup
from orders.services.cancelling import cancel_by_buyer, expire_group, finish_cancelling
from orders.services.paying import mark_group_paid
from orders.services.reconciling import find_stock_discrepancies
from shops.models import DealStock, VariantStock
from tests.factories.livestreams import add_to_rundown, make_deal, make_session
from tests.factories.orders import place_one
from tests.factories.shops import make_person
from tests.orders.test_deals import buy

pytestmark = pytest.mark.django_db

FEW = st.integers(1, 8)
PICK = st.integers(0, 30)


class Deals(RuleBasedStateMachine):
    """One variant with a hundred units, deals of it one after the other, and buyers who pay, or do not."""

    market = None

    def __init__(self):
        super().__init__()
        session = make_session(host=self.market.host, shop=self.market.shop)
        self.variant = self.market.variant
        self.item = add_to_rundown(session=session, variant=self.variant)
        self.host = self.market.host.user
        self.states: dict[int, str] = {}

    @property
    def running(self) -> FlashDeal | None:
        return FlashDeal.objects.filter(status__in=DEAL_OPEN).first()

    @property
    def groups(self) -> list[OrderGroup]:
        return list(OrderGroup.objects.order_by("pk"))

    @rule(quantity=st.integers(1, 40), per_buyer=st.none() | FEW, countdown=st.sampled_from([0, 30]))
    def start(self, quantity, per_buyer, countdown):
        before = self._units()
        try:
            make_deal(item=self.item, quantity=quantity, per_buyer=per_buyer, countdown=countdown)
        except MarketError as refusal:
            assert refusal.code in ("deal_running", "stock_too_low")
            assert self._units() == before

    @precondition(lambda self: self.running)
    @rule()
    def countdown_over(self):
        FlashDeal.objects.filter(pk=self.running.pk).update(starts_at=database_now() - timedelta(seconds=1))

    @precondition(lambda self: self.running)
    @rule(quantity=FEW, pays=st.booleans())
    def buy(self, quantity, pays):
        deal, before = self.running, self._units()
        state = state_at(deal, database_now())
        try:
            group = buy(make_person(), deal, quantity)
        except MarketError as refusal:
            codes = {"active": ("sold_out", "limit_per_buyer"), "sold_out": ("sold_out", "limit_per_buyer")}
            assert refusal.code in codes.get(state, ("deal_closed", "limit_per_buyer"))
            assert self._units() == before
            return
        assert state == "active"
        assert quantity <= (deal.per_buyer or quantity)
        if pays:
            assert mark_group_paid(group_id=group.pk, now=utc_now())

    @rule(quantity=FEW)
    def buy_ordinary(self, quantity):
        try:
            place_one(buyer=make_person(), variant=self.variant, quantity=quantity)
        except MarketError as refusal:
            assert refusal.code == "sold_out"

    @precondition(lambda self: self.groups)
    @rule(which=PICK, how=st.sampled_from(["pay", "cancel", "expire", "finish"]))
    def go_on(self, which, how):
        group = self.groups[which % len(self.groups)]
        order = group.orders.get()
        if how == "pay":
            mark_group_paid(group_id=group.pk, now=utc_now())
        elif how == "expire":
            OrderGroup.objects.filter(pk=group.pk).update(expires_at=utc_now())
            expire_group(group_id=group.pk, now=utc_now())
        elif how == "finish":
            finish_cancelling(group_id=group.pk, now=utc_now())
        else:
            cancel_by_buyer(buyer=group.buyer, number=order.number, now=utc_now())

    @precondition(lambda self: self.running)
    @rule(how=st.sampled_from(["stop", "extend", "late"]))
    def end(self, how):
        deal = self.running
        if how == "stop":
            dealing.stop_deal(actor=self.host, deal_id=deal.pk, now=database_now())
        elif how == "extend":
            try:
                dealing.extend_deal(actor=self.host, deal_id=deal.pk, seconds=60, now=database_now())
            except MarketError as refusal:
                assert refusal.code in ("deal_closed", "invalid")
        else:
            FlashDeal.objects.filter(pk=deal.pk).update(ends_at=database_now() - timedelta(seconds=1))

    @rule()
    def sweep(self):
        timing_deals.watch_deals()
        for deal in FlashDeal.objects.select_related("stock"):
            assert deal.status == state_at(deal, database_now())

    @invariant()
    def every_unit_is_somewhere(self):
        assert self._units() == 100
        assert find_stock_discrepancies() == []

    @invariant()
    def no_deal_sells_more_than_it_has(self):
        for stock in DealStock.objects.all():
            assert stock.available + stock.reserved + stock.sold <= stock.quantity
        lines = Order.objects.filter(captured_fen__gt=0).values_list("lines__flash_deal", "lines__quantity")
        for deal in FlashDeal.objects.all():
            assert sum(units for pk, units in lines if pk == deal.pk) <= deal.quantity

    @invariant()
    def states_move_as_the_table_allows(self):
        for deal in FlashDeal.objects.all():
            before = self.states.get(deal.pk, deal.status)
            reachable = DEAL_MOVES.get(before, frozenset())
            beyond = {after for state in reachable for after in DEAL_MOVES.get(state, frozenset())}
            assert deal.status == before or deal.status in reachable | beyond
            self.states[deal.pk] = deal.status

    def _units(self) -> int:
        """Free, held, in deals and sold: a hundred, always."""
        row = VariantStock.objects.get(pk=self.variant.pk)
        return row.available + row.reserved + row.in_deals + row.sold

    def teardown(self):
        transaction.savepoint_rollback(self.savepoint)


def test_every_unit_is_somewhere_after_every_step(market, valkey):
    class OfThisMarket(Deals):
        def __init__(self):
            self.savepoint = transaction.savepoint()
            self.market = market
            super().__init__()

    run_state_machine_as_test(
        OfThisMarket,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
