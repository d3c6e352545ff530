"""Starting to pay: one payment at the provider per wish, never two open ones for the same purchase."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from accounts.models import User
from common.audit import actor_of
from common.errors import MarketError, MoveRefused
from common.idempotency import run_once
from livestreams.errors import NotOnAir
from livestreams.selectors.gifts import get_own_gift
from livestreams.services.gifting import lock_gift
from livestreams.statuses import ON_AIR, GiftStatus
from orders.errors import PurchaseExpired
from orders.selectors import get_group
from orders.selectors.collection import check_collection
from orders.services.locking import lock_group
from orders.statuses import OrderStatus
from payments.errors import GiftExpired, UnknownGateway
from payments.gateways import get_gateway
from payments.gateways.base import Wish
from payments.models import Payment
from payments.offers import CASH
from payments.selectors import OPEN
from payments.services.fulfilling import lock_bought
from payments.services.settling import CURRENCY, new_reference
from payments.statuses import PaymentPurpose, PaymentStatus, PayMethod
from shops.models import Shop

# The provider stops taking money before we stop holding the goods (rules.md 5).
PROVIDER_MARGIN = timedelta(seconds=60)
SHORTEST = timedelta(seconds=30)
# Fields of a payment that say how it is paid.
Ways = dict[str, str]


@dataclass(frozen=True)
class Going:
    """How a payer is taken along: see `start_payment`."""

    gateway: str
    method: str
    payer: str
    client_ip: str
    origin: str


def start_payment(
    *,
    buyer: User,
    group_id: int,
    gateway: str,
    idempotency_key: uuid.UUID,
    origin: str,
    now: datetime,
    method: str = PayMethod.REDIRECT,
    payer: str = "",
    client_ip: str = "",
) -> tuple[Payment, bool]:
    """Make a purchase payable at a gateway and return (payment with its `pay_url`, replayed).

    `origin` is the address under which the buyer sees us ("https://market.example"), `method` how the gateway
    takes the buyer along, `payer` the openid of jsapi. An open payment of the same purchase, gateway, method
    and payer is used again. NotFound, UnknownGateway, ShopByShop, ShopNotChecked, PurchaseExpired,
    MoveRefused, GatewayUnavailable.
    """
    group = get_group(user=buyer, group_id=group_id)
    if gateway not in settings.PAYMENT_GATEWAYS:
        raise UnknownGateway()
    check_collection(Shop.objects.filter(orders__group=group))
    number = group.orders.first().number
    return _start(
        payer=buyer,
        operation="payments.start",
        thing={"group": group_id},
        begin=lambda way: _open_payment(group.pk, way, now),
        subject=_("Village Market, purchase %(number)s") % {"number": number},
        called_off=PurchaseExpired,
        going=Going(gateway, method, payer, client_ip, origin),
        idempotency_key=idempotency_key,
        now=now,
    )


def start_gift_payment(
    *,
    giver: User,
    gift_id: int,
    gateway: str,
    idempotency_key: uuid.UUID,
    origin: str,
    now: datetime,
    method: str = PayMethod.REDIRECT,
    payer: str = "",
    client_ip: str = "",
) -> tuple[Payment, bool]:
    """Make a gift payable at a gateway, as `start_payment` does a purchase; never in cash.

    The show has to be on still. NotFound, UnknownGateway, ShopNotChecked, NotOnAir, GiftExpired, MoveRefused,
    GatewayUnavailable.
    """
    gift = get_own_gift(user=giver, gift_id=gift_id)
    if gateway not in settings.PAYMENT_GATEWAYS or gateway == CASH:
        raise UnknownGateway()
    check_collection([gift.session.shop])
    return _start(
        payer=giver,
        operation="payments.start_gift",
        thing={"gift": gift_id},
        begin=lambda way: _open_gift_payment(gift.pk, way, now),
        subject=_("Village Market, gift in a live show"),
        called_off=GiftExpired,
        going=Going(gateway, method, payer, client_ip, origin),
        idempotency_key=idempotency_key,
        now=now,
    )


def _start(
    *,
    payer: User,
    operation: str,
    thing: dict[str, int],
    begin: Callable[[Ways], Payment],
    subject: str,
    called_off: type[MarketError],
    going: Going,
    idempotency_key: uuid.UUID,
    now: datetime,
) -> tuple[Payment, bool]:
    """Begin the payment of a thing once per key, in a transaction; then make it known to its provider."""
    get_gateway(going.gateway)  # one that cannot work is refused before anything is written
    digest = salted_hmac("payments.payer", going.payer).hexdigest() if going.payer else ""
    way: Ways = {"gateway": going.gateway, "method": going.method, "payer_digest": digest}

    def run() -> dict[str, Any]:
        return {"payment": begin(way).pk}

    answer, replayed = run_once(
        actor=actor_of(payer),
        operation=operation,
        key=idempotency_key,
        body=thing | {"gateway": going.gateway, "method": going.method, "payer": digest},
        now=now,
        run=run,
    )
    payment = make_ready(payment_id=answer["payment"], subject=subject, called_off=called_off, going=going)
    return payment, replayed


def make_ready(*, payment_id: int, subject: str, called_off: type[MarketError], going: Going) -> Payment:
    """Make a payment known to its provider, once; `called_off` when nobody may pay it any more."""
    payment = Payment.objects.get(pk=payment_id)
    if payment.status != PaymentStatus.CREATED:
        return payment
    adapter = get_gateway(payment.gateway)
    # Outside any transaction; repeated with the same reference after a crash (PR3).
    created = adapter.create(
        Wish(
            reference=payment.reference,
            amount_fen=payment.amount_fen,
            currency=CURRENCY,
            subject=subject,
            expires_at=payment.expires_at,
            return_url=f"{going.origin}/checkout/return/{payment.pk}/",
            method=payment.method,
            payer=going.payer,
            client_ip=going.client_ip,
        )
    )
    payment, is_open = _note_created(payment, created.provider_reference, created.pay_url)
    if not is_open:
        # Called off while we were asking.
        adapter.close(payment.reference)
        raise called_off()
    return payment


def _open_payment(group_id: int, way: Ways, now: datetime) -> Payment:
    orders = lock_group(group_id)
    group = orders[0].group
    if any(order.status in (OrderStatus.CANCELLING, OrderStatus.CANCELLED) for order in orders):
        raise PurchaseExpired()
    if any(order.status != OrderStatus.PENDING_PAYMENT for order in orders):
        raise MoveRefused(_("This purchase is already paid."))
    until = _pay_until(group.expires_at, now, PurchaseExpired)
    return _one_open(
        Payment(
            purpose=PaymentPurpose.ORDER_GROUP, group=group, amount_fen=group.total_fen, created_at=now,
            expires_at=until, **way,
        )
    )  # fmt: skip


def _open_gift_payment(gift_id: int, way: Ways, now: datetime) -> Payment:
    gift = lock_gift(gift_id)
    if gift.status == GiftStatus.EXPIRED:
        raise GiftExpired()
    if gift.status != GiftStatus.PENDING:
        raise MoveRefused(_("This gift is already paid."))
    if gift.session.status not in ON_AIR:
        raise NotOnAir()
    until = _pay_until(gift.expires_at, now, GiftExpired)
    return _one_open(
        Payment(
            purpose=PaymentPurpose.GIFT, gift=gift, amount_fen=gift.amount_fen, created_at=now,
            expires_at=until, **way,
        )
    )  # fmt: skip


def _pay_until(held_until: datetime, now: datetime, too_late: type[MarketError]) -> datetime:
    until = held_until - PROVIDER_MARGIN
    if until - now < SHORTEST:
        raise too_late()
    return until


def _one_open(wanted: Payment) -> Payment:
    """Return the open payment of the same thing, gateway, method and payer; else this one, begun."""
    same = ("group_id", "gift_id", "gateway", "method", "payer_digest")
    begun = Payment.objects.select_for_update().filter(
        status__in=OPEN, **{name: getattr(wanted, name) for name in same}
    )
    found = begun.order_by("-pk").first()
    if found is not None:
        return found
    wanted.reference = new_reference("P", wanted.created_at)
    wanted.save(force_insert=True)
    return wanted


@transaction.atomic
def _note_created(payment: Payment, provider_reference: str, pay_url: str) -> tuple[Payment, bool]:
    lock_bought(payment)
    payment = Payment.objects.select_for_update().get(pk=payment.pk)
    if payment.status == PaymentStatus.CREATED:
        payment.status = PaymentStatus.PENDING
        payment.provider_reference = provider_reference
        payment.pay_url = pay_url
        payment.save(update_fields=["status", "provider_reference", "pay_url"])
    return payment, payment.status not in (PaymentStatus.CLOSED, PaymentStatus.FAILED)
