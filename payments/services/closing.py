"""Asking and closing at the provider: nothing is released before no more money can come (rules.md 5)."""

import logging
from datetime import datetime, timedelta

from django.db.models import F, Q

from common.errors import MarketError
from common.sweeping import sweep_each
from livestreams.selectors.gifts import unpaid_gifts
from livestreams.services.gifting import expire_gift
from orders.selectors import list_cancelling_groups
from orders.services.cancelling import finish_cancelling
from payments.gateways import get_gateway
from payments.models import Payment
from payments.selectors import OPEN, list_paid_elsewhere
from payments.services.settling import settle_payment

logger = logging.getLogger(__name__)

ASK_AGAIN = timedelta(seconds=20)
# What a provider has not heard of by then it never will: its page has closed.
NEVER_OPENED = timedelta(minutes=1)
GIVE_THE_BUYER_TIME = timedelta(seconds=2)


def close_group(*, group_id: int, now: datetime) -> None:
    """Close every open payment of a purchase at its provider, then give the units back.

    A payment that turns out to be paid is settled first, and its purchase is then not given back.
    GatewayUnavailable leaves everything held; the outbox and the poller come again.
    """
    for payment in Payment.objects.filter(group_id=group_id, status__in=OPEN).order_by("pk"):
        facts = get_gateway(payment.gateway).close(payment.reference)
        settle_payment(payment_id=payment.pk, facts=facts, now=now)
    finish_cancelling(group_id=group_id, now=now)


def close_gift(*, gift_id: int, now: datetime) -> None:
    """Close every open payment of a gift whose time is over, then give it up; paid meanwhile, it is given.

    GatewayUnavailable leaves it waiting; the poller comes again.
    """
    for payment in Payment.objects.filter(gift_id=gift_id, status__in=OPEN).order_by("pk"):
        facts = get_gateway(payment.gateway).close(payment.reference)
        settle_payment(payment_id=payment.pk, facts=facts, now=now)
    expire_gift(gift_id=gift_id, now=now)


def check_payment(*, payment: Payment, now: datetime) -> Payment:
    """Ask the provider about an open payment and settle what it says; at most every two seconds.

    A silent provider changes nothing: the callback or the poller will settle it.
    """
    recently = payment.last_queried_at and now - payment.last_queried_at < GIVE_THE_BUYER_TIME
    if payment.status not in OPEN or recently:
        return payment
    Payment.objects.filter(pk=payment.pk).update(last_queried_at=now)
    try:
        facts = get_gateway(payment.gateway).query(payment.reference)
    except MarketError as error:
        logger.warning("payment %s cannot be asked about: %s", payment.pk, error.code)
        return payment
    if facts.state == "unknown" and now < payment.expires_at + NEVER_OPENED:
        return payment  # the buyer may still open the provider's page
    return settle_payment(payment_id=payment.pk, facts=facts, now=now).payment


def poll_open(*, now: datetime, limit: int = 100) -> int:
    """Ask about open payments that we have not heard of for a while; return how many were asked about."""
    stale = Payment.objects.filter(status__in=OPEN, created_at__lte=now - ASK_AGAIN).filter(
        Q(last_queried_at=None) | Q(last_queried_at__lte=now - ASK_AGAIN)
    )
    # Who waits longest is next: many that nobody pays must not keep the others from being asked about.
    payments = list(stale.order_by(F("last_queried_at").asc(nulls_first=True), "pk")[:limit])
    sweep_each(payments, lambda payment: check_payment(payment=payment, now=now), what="payment")
    return len(payments)


def close_leftovers(*, now: datetime) -> int:
    """Take up closings that were given up on while a provider was silent, and gifts that nobody paid.

    What is paid is closed at the other providers too, before anybody pays it twice. Return how many are done.
    """
    groups, gifts = list_paid_elsewhere()
    groups = dict.fromkeys([*list_cancelling_groups(), *groups])
    gifts = dict.fromkeys([*unpaid_gifts(now=now), *gifts])
    done = sweep_each(groups, lambda pk: close_group(group_id=pk, now=now) or True, what="closing of group")
    return done + sweep_each(
        gifts, lambda pk: close_gift(gift_id=pk, now=now) or True, what="closing of gift"
    )
