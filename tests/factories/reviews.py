"""Received orders and their reviews, through the real services."""

from datetime import datetime

from accounts.models import User
from common.clock import utc_now
from orders.models import Order, OrderLine, Review
from orders.services.receiving import receive_order
from orders.services.reviewing import write_review
from shops.models import Variant
from tests.factories.orders import make_shipped


def make_received(
    *, buyer: User, seller: User, variant: Variant, quantity: int = 1, now: datetime | None = None
) -> Order:
    """Place, pay, send and receive an order."""
    now = now or utc_now()
    order = make_shipped(buyer=buyer, seller=seller, variant=variant, quantity=quantity, now=now)
    return receive_order(buyer=buyer, number=order.number, now=now)


def review(line: OrderLine, *, score: int = 5, now: datetime | None = None, **said) -> Review:
    """Review a line as its buyer."""
    return write_review(
        buyer=line.order.group.buyer,
        number=line.order.number,
        line_id=line.pk,
        score=score,
        now=now or utc_now(),
        **said,
    )
