"""Completed orders, periods and statements, made through the real services."""

from datetime import datetime, timedelta

from accounts.models import User
from orders.models import Order
from orders.services.receiving import receive_order
from payouts.models import PayoutStatement, SettlementPeriod
from payouts.services.closing import close_period
from payouts.services.opening import open_period_for
from shops.models import Shop, Variant
from tests.factories.orders import make_pin, make_shipped


def make_completed(
    *, buyer: User, seller: User, variant: Variant, now: datetime, quantity: int = 1, source: str = ""
) -> Order:
    """Place, pay, ship and receive an order, all at one instant; its shares are payable now."""
    order = make_shipped(
        buyer=buyer, seller=seller, variant=variant, quantity=quantity, now=now, source=source
    )
    return receive_order(buyer=buyer, number=order.number, now=now)


def make_live_sale(*, market, buyer: User, seller: User, now: datetime, quantity: int = 1) -> Order:
    """Sell from a pin of the market's host, so that the host earns the agreed 5 %."""
    pin, source = make_pin(host=market.host, shop=market.shop, variant=market.variant)
    order = make_completed(
        buyer=buyer, seller=seller, variant=market.variant, quantity=quantity, now=now, source=source
    )
    pin.closed_at = now
    pin.save(update_fields=["closed_at"])
    return order


def close_week(*, shop: Shop, now: datetime) -> SettlementPeriod:
    """Close the shop's period around an instant, at its end."""
    period = open_period_for(shop=shop, now=now)
    return close_period(period=period, now=period.ends_at + timedelta(minutes=5))


def statement_of(period: SettlementPeriod, **payee) -> PayoutStatement:
    """Return one payee's statement of a period."""
    return PayoutStatement.objects.get(period=period, **payee)
