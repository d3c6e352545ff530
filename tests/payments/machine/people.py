"""Who deals in the machine, and what every rule needs: a clock that can be turned on, orders by number."""

import uuid
from contextlib import contextmanager
from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from accounts.models import User
from common.clock import database_now, utc_now
from common.errors import MarketError
from ledger.models import LedgerEntry
from livestreams.models import FlashDeal
from livestreams.sources import make_source
from livestreams.statuses import DEAL_OPEN
from orders.models import (
    AfterSaleCase,
    CouponClaim,
    Order,
    OrderGroup,
    OrderLine,
    RefundRequest,
    Shipment,
)
from payments.models import Payment, Refund
from shops.models import DealStock, VariantStock
from tests.factories.coupons import make_campaign
from tests.factories.livestreams import add_to_rundown, make_pin, make_session
from tests.factories.shops import make_person, make_product, make_shop
from tests.payments.machine.provider import Purse

PICK = st.integers(0, 60)
FEW = st.integers(1, 4)


class MarketDay(RuleBasedStateMachine):
    """mei's barley of a farmer, lao's own butter, a show with a pin and deals, coupons of the market."""

    market = None
    purse: Purse

    def __init__(self):
        super().__init__()
        self.shift = timedelta()
        self.barley = self.market.variant
        self.mei = self.market.shop.memberships.get().user
        lao = make_person(name="老和")
        shop = make_shop(owner=lao, village=self.market.village, name="老和酥油")
        self.butter = make_product(
            shop=shop, farmer=None, title="酥油", price_fen=4501, stock=60, category=self.market.category
        ).variants.get()
        self.sellers = {self.market.shop.pk: self.mei, shop.pk: lao}
        self.buyers = [make_person(name=name) for name in ("阿润", "白玛", "次仁")]
        self.operator = make_person(name="运营员", is_staff=True)
        self.clerk = make_person(name="出纳员", is_staff=True)
        session = make_session(host=self.market.host, shop=self.market.shop)
        self.item = add_to_rundown(
            session=session, variant=self.barley, live_price_fen=6001, host_commission_bp=500
        )
        pin = make_pin(item=self.item)
        self.pin = make_source(
            kind="pin", session_id=session.pk, pin_event_id=pin.pk, variant_id=self.barley.pk
        )
        self.campaigns = [
            make_campaign(shop=self.market.shop, by=self.mei, amount_off_fen=777, total=4),
            make_campaign(shop=None, by=self.operator, percent_off=10, cap_fen=2000, total=5, per_person=2),
        ]
        self.restocked: dict[int, int] = {}
        self.made_at = database_now()

    @property
    def now(self) -> datetime:
        """The clock of this example, which only goes on."""
        return utc_now() + self.shift

    @property
    def deal(self) -> FlashDeal | None:
        """The deal that is running."""
        return FlashDeal.objects.filter(status__in=DEAL_OPEN).first()

    def seller_of(self, order: Order) -> User:
        """Return who keeps the shop of an order."""
        return self.sellers[order.shop_id]

    def one(self, which: int, queryset):
        """Return one of the rows, or None when there is none."""
        rows = list(queryset.order_by("pk"))
        return rows[which % len(rows)] if rows else None

    @contextmanager
    def may_refuse(self, *codes: str):
        """Let the service refuse with one of these codes; then nothing has changed."""
        before = self.everything()
        try:
            yield
        except MarketError as refusal:
            assert refusal.code in codes, f"refused with {refusal.code}"
            assert self.everything() == before

    def everything(self) -> list:
        """Return what a refusal must not change."""
        return [
            list(VariantStock.objects.order_by("pk").values_list()),
            list(DealStock.objects.order_by("pk").values_list()),
            list(OrderGroup.objects.order_by("pk").values_list("pk")),
            list(Order.objects.order_by("pk").values_list("status", "captured_fen", "refund_requested_fen")),
            list(OrderLine.objects.order_by("pk").values_list(
                "after_sale_units", "after_sale_fen", "shipped_units", "withdrawn_units"
            )),
            list(Shipment.objects.order_by("pk").values_list("status", "problem")),
            list(AfterSaleCase.objects.order_by("pk").values_list("status", "deadline_at")),
            list(CouponClaim.objects.order_by("pk").values_list("status", "group")),
            list(RefundRequest.objects.order_by("pk").values_list("status", "amount_fen")),
            list(Payment.objects.order_by("pk").values_list("status", "amount_fen")),
            list(Refund.objects.order_by("pk").values_list("status", "amount_fen")),
            LedgerEntry.objects.count(),
        ]  # fmt: skip


def key() -> uuid.UUID:
    """Return a fresh key."""
    return uuid.uuid4()
